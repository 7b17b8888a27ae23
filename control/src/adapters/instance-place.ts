/** Where the instance is on the network: its domain, and the addresses that lead to it. */
import type { Config } from '../config.ts'
import type { NameServers } from './name-records.ts'

export type InstancePlace = {
  /** As far as is known without asking anybody. */
  known(): readonly string[]
  /** Asks DNS for the domain's own addresses where none were configured, and leaves out IPv6 where nothing listens on it;
   * what was known before when DNS does not answer. */
  now(): Promise<{ domain: string; addresses: readonly string[] }>
}

type Given = Pick<Config, 'domain' | 'publicAddresses' | 'bind' | 'trustedProxies'>

export function instancePlace(config: Given, names: Pick<NameServers, 'addressesOf'>): InstancePlace {
  const { domain, publicAddresses, bind, trustedProxies } = config
  const isLocal = domain === 'localhost'
  // A proxy in front may be reached by what we are not.
  const hasIpv6 = bind.some(isIpv6) || trustedProxies.length > 0
  const isFixed = publicAddresses.length > 0 || isLocal
  let known = publicAddresses.length > 0 ? publicAddresses : isLocal ? loopbackOf(bind) : []
  return {
    known: () => known,
    async now() {
      if (isFixed) return { domain, addresses: known }
      const found = await names.addressesOf(domain).catch(() => undefined)
      if (found) known = found.filter((address) => hasIpv6 || !isIpv6(address))
      return { domain, addresses: known }
    },
  }
}

const isIpv6 = (address: string) => address.includes(':')

const loopbackOf = (bind: readonly string[]) => ['127.0.0.1', ...(bind.some(isIpv6) ? ['::1'] : [])]
