/**
 * A range of IP addresses in the one form it is kept in: `203.0.113.0/24`, `2001:db8::/32`. An address alone is the
 * range of itself. A range that names bits behind its mask is refused: what its writer meant would be a guess.
 */
import { isIPv4, isIPv6 } from 'node:net'
import { z } from 'zod'

/** Undefined: no range. */
export function canonicalCidr(text: string): string | undefined {
  const [, address = '', length] = /^([0-9a-f:.]+)(?:\/(\d{1,3}))?$/i.exec(text) ?? []
  const bits = bitsOf(address)
  if (!bits) return undefined
  const prefix = length === undefined ? bits.length : Number(length)
  if (prefix > bits.length || bits.slice(prefix).includes('1')) return undefined
  return `${isIPv4(address) ? address : compressed(address)}/${prefix}`
}

/** Whether a range, canonical, holds this address. Of another family it holds none. */
export function holds(cidr: string, address: string): boolean {
  const [base = '', prefix = ''] = cidr.split('/')
  const [within, bits] = [bitsOf(base), bitsOf(address)]
  if (!within || within.length !== bits?.length) return false
  return within.slice(0, Number(prefix)) === bits.slice(0, Number(prefix))
}

/** As `0` and `1`; undefined when it is no address. An IPv4 address in the clothes of an IPv6 one is none here. */
function bitsOf(address: string): string | undefined {
  if (isIPv4(address)) return binary(address.split('.').map(Number), 8)
  if (!isIPv6(address) || address.includes('.')) return undefined
  const [head = '', tail] = address.split('::')
  const groups = (part: string) =>
    part === '' ? [] : part.split(':').map((group) => Number.parseInt(group, 16))
  const [front, back] = [groups(head), groups(tail ?? '')]
  const gap = tail === undefined ? 0 : 8 - front.length - back.length
  return binary([...front, ...Array<number>(gap).fill(0), ...back], 16)
}

const binary = (parts: readonly number[], width: number): string =>
  parts.map((part) => part.toString(2).padStart(width, '0')).join('')

/** RFC 5952, as URLs have it. */
const compressed = (address: string): string => new URL(`http://[${address}]/`).hostname.slice(1, -1)

export const Cidr = z
  .string()
  .max(43)
  .overwrite((text) => canonicalCidr(text) ?? text)
  .refine(
    (text) => canonicalCidr(text) === text,
    'an address or a range of addresses, as 203.0.113.7, 203.0.113.0/24 or 2001:db8::/32',
  )
  .brand<'Cidr'>()
export type Cidr = z.infer<typeof Cidr>
