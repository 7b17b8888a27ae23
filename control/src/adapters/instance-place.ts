/** Where the instance is on the network: its domain, and the addresses that lead to it. */
import type { NameServers } from './name-records.ts'

export type InstancePlace = {
  /** As far as is known without asking anybody. */
  known(): readonly string[]
  /** Asks DNS for the domain's own addresses where none were configured; what was known before when it does not answer. */
  now(): Promise<{ domain: string; addresses: readonly string[] }>
}

const LOOPBACK = ['127.0.0.1']

export function instancePlace(
  { domain, publicAddresses }: { domain: string; publicAddresses: readonly string[] },
  names: Pick<NameServers, 'addressesOf'>,
): InstancePlace {
  const isFixed = publicAddresses.length > 0 || domain === 'localhost'
  let known = publicAddresses.length > 0 ? publicAddresses : domain === 'localhost' ? LOOPBACK : []
  return {
    known: () => known,
    async now() {
      if (!isFixed) known = await names.addressesOf(domain).catch(() => known)
      return { domain, addresses: known }
    },
  }
}
