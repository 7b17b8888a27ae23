/**
 * What counts as one client: an IPv4 address, or the /64 that a provider gives one household as IPv6. Counting single
 * IPv6 addresses would count nothing: everybody has 2^64 of them.
 */
import { isIPv4, isIPv6 } from 'node:net'

export function clientKey(address: string): string {
  const bare = address.split('%')[0] ?? ''
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(bare)?.[1]
  if (mapped !== undefined && isIPv4(mapped)) return mapped
  if (!isIPv6(bare)) return bare.slice(0, ADDRESS_LENGTH_MAX)
  const [head = '', tail] = bare.split('::')
  const front = head === '' ? [] : head.split(':')
  const back = tail === undefined || tail === '' ? [] : tail.split(':')
  // A dotted end stands for two groups; it is never among the first four.
  const backLength = back.length + (bare.includes('.') ? 1 : 0)
  const gap = tail === undefined ? 0 : 8 - front.length - backLength
  const groups = [...front, ...Array<string>(Math.max(0, gap)).fill('0'), ...back]
  const first = groups.slice(0, 4).map((group) => Number.parseInt(group, 16).toString(16))
  return `${first.join(':')}::/64`
}

/** What is no address is a key all the same, of bounded length. */
const ADDRESS_LENGTH_MAX = 64
