/**
 * At which of the machine's addresses a container is published. Pure.
 *
 * What comes to an IPv4 address arrives as it was sent. Our networks have no IPv6, so what comes to an IPv6 address is
 * passed on by a process of Docker's, and to the container every such client is the gateway of its network: the address
 * that also stands for the machine itself.
 */

/** Written out, too: `0:0:0:0:0:0:0:1`. */
const isIpv6Loopback = (address: string): boolean => new URL(`http://[${address}]/`).hostname === '[::1]'

/** Whoever comes here, from anywhere, looks like the machine itself. */
export const isOpenToStrangersByIpv6 = (address: string): boolean =>
  address.includes(':') && !isIpv6Loopback(address)

/** Where a list of addresses decides who comes in: only where the caller's own is seen, or can only be this machine. */
export const tellingApart = (bind: readonly string[]): string[] =>
  bind.filter((address) => !isOpenToStrangersByIpv6(address))
