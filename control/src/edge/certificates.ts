/** Which certificate serves which name. Pure. */
import type { CertificateFile } from '../acme/file.ts'

/** What is in `edge/certs` and may be served. */
export type ServedCertificate = {
  names: readonly string[]
  file: CertificateFile
  /** A client may be sent to HTTPS for it. */
  trusted: boolean
  /** Epoch milliseconds. */
  notAfter: number
}

/**
 * The certificate that serves a name: a trusted one first, and one for just that name before a wildcard's.
 * Undefined: there is none that has the name, and the name is not to be served over TLS by one that has not.
 */
export function certificateFor(
  name: string,
  certificates: readonly ServedCertificate[],
): ServedCertificate | undefined {
  const wildcard = name.replace(/^[^.]+/, '*')
  const rank = ({ names, trusted }: ServedCertificate) => (trusted ? 2 : 0) + (names.includes(name) ? 1 : 0)
  return certificates
    .filter(({ names }) => names.includes(name) || names.includes(wildcard))
    .toSorted((a, b) => rank(b) - rank(a) || b.notAfter - a.notAfter)[0]
}
