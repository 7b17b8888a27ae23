/**
 * Which certificate serves which name. Pure.
 *
 * What a certificate says of itself is its uploader's word: anybody can sign one for any name. So that it has the name is
 * not enough: it must belong to whom the name belongs to.
 */
import type { CertificateFile } from '../acme/file.ts'
import { isBelow } from './placeholder.ts'

/** Whose something is: a project's ref; null for the instance itself. */
type Owner = string | null

/** What is in `edge/certs` and may be served. */
export type ServedCertificate = {
  /** What it is known by: a name it was asked for or uploaded for. */
  name: string
  names: readonly string[]
  owner: Owner
  file: CertificateFile
  /** A client may be sent to HTTPS for it. */
  trusted: boolean
  /** Epoch milliseconds. */
  notAfter: number
}

export type OwnedName = { name: string; owner: Owner }

/**
 * The certificate that serves a name: a trusted one first, then one for just that name, then one that has it beside
 * others, then a wildcard's. Undefined: there is none that may, and no other is to be shown.
 */
export function certificateFor(
  own: OwnedName,
  domain: string,
  certificates: readonly ServedCertificate[],
): ServedCertificate | undefined {
  const { name } = own
  const wildcard = name.replace(/^[^.]+/, '*')
  const rank = (of: ServedCertificate) =>
    (of.trusted ? 4 : 0) + (of.name === name ? 2 : 0) + (of.names.includes(name) ? 1 : 0)
  return certificates
    .filter(({ names }) => names.includes(name) || names.includes(wildcard))
    .filter(({ owner }) => maySpeakFor(owner, own, domain))
    .toSorted((a, b) => rank(b) - rank(a) || b.notAfter - a.notAfter)[0]
}

/** The instance's own also serves what it names itself: its domain, and each project right below it. */
const maySpeakFor = (owner: Owner, own: OwnedName, domain: string): boolean =>
  owner === own.owner || (owner === null && isBelow(own.name, domain))
