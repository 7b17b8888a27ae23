/** What a certificate's files are called. Pure. */
import { z } from 'zod'

/**
 * Name of a pair of files in `edge/certs`, without the ending: the certificate's first name (`wildcard_` for `*`) and the
 * beginning of its digest. Another certificate has other files, so that a renewal is a change of nginx's text.
 */
export const CertificateFile = z
  .string()
  .regex(/^[a-z0-9][a-z0-9_.-]{0,208}\.[0-9a-f]{8}$/)
  .brand<'CertificateFile'>()
export type CertificateFile = z.infer<typeof CertificateFile>

/** @param digest of the certificate, hex. */
export const fileNameOf = (name: string, digest: string): CertificateFile =>
  CertificateFile.parse(`${name.replace('*', 'wildcard_')}.${digest.slice(0, 8)}`)
