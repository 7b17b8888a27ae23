/** Whom auth believes, beside the authorities that everybody does, when it asks others over TLS. */
import { X509Certificate } from 'node:crypto'
import { z } from 'zod'

const CHARACTERS_MAX = 100_000

const CERTIFICATE = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g

/** Each by itself. What stands around them, as names do in a bundle, is left out. */
export const certificatesIn = (pem: string): string[] => pem.match(CERTIFICATE) ?? []

function isReadable(certificate: string): boolean {
  try {
    new X509Certificate(certificate)
    return true
  } catch {
    return false
  }
}

/** Nothing in it may be passed over: a key is no setting that is shown, and a broken certificate would be missed later. */
function isAllCertificates(pem: string): boolean {
  const certificates = certificatesIn(pem)
  const begun = pem.split('-----BEGIN ').length - 1
  return certificates.length > 0 && certificates.length === begun && certificates.every(isReadable)
}

/** As the environment's `SSL_CERT_FILE` of GoTrue, but beside the authorities that everybody believes and not instead of them. */
export const TrustedCertificates = z
  .string()
  .max(CHARACTERS_MAX)
  .refine(isAllCertificates, 'must be one or more certificates in PEM, and nothing else in PEM')
  .nullable()
  .default(null)
