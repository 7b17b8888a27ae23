/** Decides whether what DNS says of a claimed name shows that it belongs to the project. Pure. */
import { proofText } from '@cascata/shared/contract/domains'
import type { Problem } from '@cascata/shared/problem'
import { DomainContested, DomainUnproven } from '@cascata/shared/problems/domains'
import type { NameRecords } from '../../adapters/name-records.ts'

export type Claim = {
  name: string
  ref: string
  proof: string
  contest: Contest | null
}

/**
 * How another project has to do with the name: it claims the very name, or it has a name above or below it. Whoever
 * serves a name sets cookies for all above it, and a wildcard record leads every name below its own here.
 */
export type Contest = 'same' | 'above' | 'below'

/** As they stand in the store. */
export type Claimed = { name: string; ref: string; createdAt: string; verifiedAt: string | null }

/**
 * Names above and below count once they are proven, or where they were claimed first; siblings are nothing to each
 * other: they may be of two customers of one hoster.
 */
export function contestOf(claim: Claimed, all: readonly Claimed[]): Contest | null {
  const others = all.filter(({ ref }) => ref !== claim.ref)
  // One that is proven needs no contest: the store has one owner for a name.
  if (others.some(({ name, verifiedAt }) => name === claim.name && verifiedAt === null)) return 'same'
  const counts = ({ verifiedAt, createdAt }: Claimed) =>
    verifiedAt !== null || Date.parse(createdAt) <= Date.parse(claim.createdAt)
  const weighty = others.filter(counts)
  if (weighty.some(({ name }) => claim.name.endsWith(`.${name}`))) return 'above'
  return weighty.some(({ name }) => name.endsWith(`.${claim.name}`)) ? 'below' : null
}

export type Place = { domain: string; addresses: readonly string[] }

export type Judgement = { proven: true } | { proven: false; problem: Problem }

const proven: Judgement = { proven: true }

/**
 * A TXT record and a CNAME name the project. An address names only this machine: it will do while nobody else has
 * to do with the name.
 */
export function judge(claim: Claim, records: NameRecords, place: Place): Judgement {
  const { name, ref, proof, contest } = claim
  const isOf = (target: string) => target.toLowerCase().replace(/\.$/, '') === `${ref}.${place.domain}`
  if (records.txt.includes(proofText(proof)) || records.cname.some(isOf)) return proven
  if (!leadsHere(records, place)) return { proven: false, problem: DomainUnproven(name, found(records)) }
  return contest ? { proven: false, problem: DomainContested(name, contest) } : proven
}

export const leadsHere = ({ addresses }: NameRecords, place: Place): boolean =>
  addresses.some((address) => place.addresses.includes(address))

function found({ txt, cname, addresses }: NameRecords): string {
  const parts = [
    cname.length > 0 ? `it is an alias of ${cname.join(', ')}` : '',
    addresses.length > 0 ? `it leads to ${addresses.join(', ')}` : 'it leads nowhere',
    txt.length > 0 ? 'its TXT record says something else' : 'it has no TXT record for us',
  ]
  return parts.filter(Boolean).join(', ').slice(0, 400)
}
