/** Which certificates there should be, from the names that are served. Pure. */

import { isIP } from 'node:net'
import type { ChallengeType } from '../../acme/port.ts'

export type WantedCertificate = {
  /** The first of its names, and what it is known by. */
  name: string
  names: readonly string[]
  /** The project whose name it is; null for the instance's own. */
  ref: string | null
  challenge: ChallengeType
}

export type Names = {
  domain: string
  /** Attached to a project, and shown to be its owner's. */
  attached: readonly { name: string; ref: string }[]
  /** Refs of projects that are not deleted. */
  refs: readonly string[]
  /** Names can be shown to be ours by DNS. */
  hasDnsProvider: boolean
}

/** No authority gives a certificate to this machine's own name. */
const isPublic = (domain: string) =>
  domain !== 'localhost' && !domain.endsWith('.localhost') && isIP(domain) === 0

export function wantedCertificates({ domain, attached, refs, hasDnsProvider }: Names): WantedCertificate[] {
  const alive = new Set(refs)
  const own = attached.filter(({ ref }) => alive.has(ref)).map(({ name, ref }) => single(name, ref))
  if (!isPublic(domain)) return own
  if (hasDnsProvider) {
    const names = [`*.${domain}`, domain]
    return [{ ...single(`*.${domain}`, null), names, challenge: 'dns-01' }, ...own]
  }
  return [single(domain, null), ...refs.map((ref) => single(`${ref}.${domain}`, ref)), ...own]
}

const single = (name: string, ref: string | null): WantedCertificate => ({
  ...{ name, names: [name], ref, challenge: 'http-01' },
})
