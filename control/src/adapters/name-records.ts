/** What DNS says of a name, asked of its servers; no hosts file, no cache of ours. */
import { Resolver } from 'node:dns/promises'
import { DNS_PROOF_PREFIX } from '@cascata/shared/contract/domains'
import { DnsUnreachable } from '@cascata/shared/problems/domains'

export type NameRecords = { txt: readonly string[]; cname: readonly string[]; addresses: readonly string[] }

export type NameServers = {
  /** @throws DnsUnreachable when nobody answers; a name without records is no failure. */
  recordsOf(name: string): Promise<NameRecords>
  addressesOf(name: string): Promise<string[]>
}

/** There is no such name, or none of the kind. */
const NOTHING = new Set(['ENOTFOUND', 'ENODATA'])
const ASKING = { timeout: 2_000, tries: 2 }

/** @param servers `address` or `address:port`; those of the machine when there are none. */
export function openResolver(servers: readonly string[]): Resolver {
  const resolver = new Resolver(ASKING)
  if (servers.length > 0) resolver.setServers(servers)
  return resolver
}

/** @throws DnsUnreachable when nobody answers. */
export async function orNothing<Found>(name: string, question: Promise<Found[]>): Promise<Found[]> {
  try {
    return await question
  } catch (error) {
    if (NOTHING.has((error as NodeJS.ErrnoException).code ?? '')) return []
    throw DnsUnreachable(name).because(error)
  }
}

/** A long text travels in pieces. */
export const wholeTexts = (records: readonly string[][]): string[] => records.map((pieces) => pieces.join(''))

export function nameServers(servers: readonly string[]): NameServers {
  const resolver = openResolver(servers)
  const addressesOf = async (name: string): Promise<string[]> => {
    const both = await Promise.all([
      orNothing(name, resolver.resolve4(name)),
      orNothing(name, resolver.resolve6(name)),
    ])
    return both.flat()
  }
  return {
    addressesOf,
    async recordsOf(name) {
      const [txt, cname, addresses] = await Promise.all([
        orNothing(name, resolver.resolveTxt(`${DNS_PROOF_PREFIX}.${name}`)),
        orNothing(name, resolver.resolveCname(name)),
        addressesOf(name),
      ])
      return { txt: wholeTexts(txt), cname, addresses }
    },
  }
}
