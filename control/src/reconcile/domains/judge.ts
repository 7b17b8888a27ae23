/** Decides whether what DNS says of a claimed name shows that it belongs to the project. Pure. */
import { proofText } from '@cascata/shared/contract/domains'
import type { Problem } from '@cascata/shared/problem'
import { DomainContested, DomainUnproven } from '@cascata/shared/problems/domains'
import type { NameRecords } from '../../adapters/name-records.ts'

export type Claim = {
  name: string
  ref: string
  proof: string
  /** Another project claims the name, too. */
  contested: boolean
}

export type Place = { domain: string; addresses: readonly string[] }

export type Judgement = { proven: true } | { proven: false; problem: Problem }

const proven: Judgement = { proven: true }

/**
 * A TXT record and a CNAME name the project. An address names only this machine: it will do while nobody else claims
 * the name.
 */
export function judge(claim: Claim, records: NameRecords, place: Place): Judgement {
  const { name, ref, proof, contested } = claim
  const isOf = (target: string) => target.toLowerCase().replace(/\.$/, '') === `${ref}.${place.domain}`
  if (records.txt.includes(proofText(proof)) || records.cname.some(isOf)) return proven
  if (!leadsHere(records, place)) return { proven: false, problem: DomainUnproven(name, found(records)) }
  return contested ? { proven: false, problem: DomainContested(name) } : proven
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
