/**
 * Whether the servers of a zone show a record, each asked by itself. No cache stands between us and them, and none is
 * filled with a "there is no such record": what they say is what an authority will find.
 */
import { networkInterfaces } from 'node:os'
import { zonesAbove } from './dns/provider.ts'
import { openResolver, orNothing, wholeTexts } from './name-records.ts'

/** `lacking`: those that do not show it, or do not answer: `ns2.example (192.0.2.2)`. */
export type Spread = { servers: number; lacking: readonly string[] }

export type ZoneServers = {
  /**
   * Of TXT values at a name, by the servers that its zone names. None at all where nobody says which they are.
   * @throws DnsUnreachable when nobody answers.
   */
  spreadOf(record: { name: string; values: readonly string[] }): Promise<Spread>
}

type ZoneServer = { name: string; address: string }

/** A name that is an alias of an alias of ... is one whose proof is kept elsewhere, but not for ever. */
const ALIASES_MAX = 8
const SERVERS_MAX = 32

/** @param servers those that know everything else: `address` or `address:port`. */
export function zoneServers(servers: readonly string[]): ZoneServers {
  const resolver = openResolver(servers)

  /** The authority follows aliases, too. */
  async function placeOf(name: string): Promise<string> {
    let place = name
    for (let left = ALIASES_MAX; left > 0; left--) {
      const [target] = await orNothing(place, resolver.resolveCname(place))
      if (target === undefined) return place
      place = target
    }
    return place
  }

  async function namesOf(place: string): Promise<string[]> {
    for (const zone of zonesAbove(place)) {
      const names = await orNothing(zone, resolver.resolveNs(zone))
      if (names.length > 0) return names
    }
    return []
  }

  async function serversOf(place: string): Promise<ZoneServer[]> {
    const hasIpv6 = reachesIpv6()
    const found = await Promise.all(
      (await namesOf(place)).map(async (name) => {
        const both = await Promise.all([
          orNothing(name, resolver.resolve4(name)),
          hasIpv6 ? orNothing(name, resolver.resolve6(name)) : [],
        ])
        return both.flat().map((address) => ({ name, address }))
      }),
    )
    return found.flat().slice(0, SERVERS_MAX)
  }

  return {
    async spreadOf({ name, values }) {
      const place = await placeOf(name)
      const asked = await serversOf(place)
      const lacking = await Promise.all(
        asked.map(async (server) => {
          const texts = await textsAt(server, place)
          return values.every((value) => texts.includes(value)) ? [] : [`${server.name} (${server.address})`]
        }),
      )
      return { servers: asked.length, lacking: lacking.flat() }
    },
  }
}

/** One that does not answer shows nothing. */
async function textsAt({ address }: ZoneServer, name: string): Promise<string[]> {
  try {
    return wholeTexts(await openResolver([address]).resolveTxt(name))
  } catch {
    return []
  }
}

/** Without an address of its own there, a machine has no way to a server's. */
const reachesIpv6 = (): boolean =>
  Object.values(networkInterfaces())
    .flat()
    .some((at) => at?.family === 'IPv6' && !at.internal && !at.address.startsWith('fe80'))
