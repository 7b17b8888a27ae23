/** A name as the API shows it, with the records that would make it work. */
import {
  DNS_PROOF_PREFIX,
  type DnsRecord,
  type ProjectDomain,
  proofText,
} from '@cascata/shared/contract/domains'
import { readableName } from '@cascata/shared/host-name'
import type { DomainRow } from '../store/tables/domains.ts'
import type { Instance } from './ports.ts'
import { time, timeOrNull } from './view.ts'

export const viewDomain = (row: DomainRow, instance: Instance): ProjectDomain => ({
  name: row.name,
  readable: readableName(row.name),
  ref: row.ref,
  status: row.verifiedAt === null ? 'unproven' : row.redirectTo === null ? 'serving' : 'redirecting',
  url: instance.urlAt(row.name),
  redirect_to: row.redirectTo,
  https_only: row.httpsOnly,
  records: recordsOf(row, instance),
  last_problem: row.lastProblem,
  checked_at: timeOrNull(row.checkedAt),
  verified_at: timeOrNull(row.verifiedAt),
  created_at: time(row.createdAt),
})

function recordsOf({ ref, name, proof }: DomainRow, { domain, addresses }: Instance): DnsRecord[] {
  const serve = (type: DnsRecord['type'], value: string): DnsRecord => ({
    ...{ type, name, value, purpose: 'serve' },
  })
  return [
    // Nothing resolves below it.
    ...(domain === 'localhost' ? [] : [serve('CNAME', `${ref}.${domain}`)]),
    ...addresses().map((address) => serve(address.includes(':') ? 'AAAA' : 'A', address)),
    { type: 'TXT', name: `${DNS_PROOF_PREFIX}.${name}`, value: proofText(proof), purpose: 'prove' },
  ]
}
