/** What a certificate's files are called. Pure. */
import { createHash } from 'node:crypto'
import { z } from 'zod'
import type { CertificateSource } from './port.ts'

/** Eight digits, of the first of the chain alone, were what a control before this one wrote: its files stay. */
const DIGEST = '(?:[0-9a-f]{8}|[0-9a-f]{32})'

/**
 * Name of a pair of files in `edge/certs`, without the ending: the certificate's first name (`wildcard_` for `*`) and the
 * beginning of a digest. Another certificate has other files, so that a renewal is a change of nginx's text.
 */
export const CertificateFile = z
  .string()
  .regex(new RegExp(`^[a-z0-9][a-z0-9_.-]{0,208}\\.${DIGEST}$`))
  .brand<'CertificateFile'>()
export type CertificateFile = z.infer<typeof CertificateFile>

type Named = { name: string; source: CertificateSource; chain: string }

/** No two that are kept share one: a name may have one certificate of each source, and even the same one of both. */
export function fileNameOf({ name, source, chain }: Named): CertificateFile {
  const digest = createHash('sha256').update(`${source} ${chain}`).digest('hex')
  return CertificateFile.parse(`${baseOf(name)}${digest.slice(0, 32)}`)
}

const baseOf = (name: string) => `${name.replace('*', 'wildcard_')}.`

const ENDS = new RegExp(`^${DIGEST}$`)

/** Whether a pair was written for this name. */
export const isFileOf = (name: string, file: string): boolean =>
  file.startsWith(baseOf(name)) && ENDS.test(file.slice(baseOf(name).length))

const IN_FOLDER = new RegExp(`^(?!self_)(.+\\.${DIGEST})\\.(?:crt|key)(?:\\.tmp)?$`)

/** The pair that a file of `edge/certs` belongs to; undefined of those that the edge makes for itself. */
export const pairOfFile = (name: string): string | undefined => IN_FOLDER.exec(name)?.[1]

/** Under which a certificate's key, or that of its order, is sealed. */
export const keyPurpose = (name: string) => `certificate:${name}`
