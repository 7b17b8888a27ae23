/** Which addresses anybody on the internet may have. Pure. Special ranges are IANA's (RFC 6890 and its successors). */
import { isIP } from 'node:net'
import { holds } from '@cascata/shared/cidr'

const SPECIAL = [
  ...['0.0.0.0/8', '10.0.0.0/8', '100.64.0.0/10', '127.0.0.0/8', '169.254.0.0/16', '172.16.0.0/12'],
  ...['192.0.0.0/24', '192.168.0.0/16', '198.18.0.0/15', '224.0.0.0/4', '240.0.0.0/4'],
  // All but global unicast; then what carries an IPv4 address in it, which may be any of those above.
  ...['::/3', '4000::/2', '8000::/1', '2002::/16', '2001::/32'],
]

/** False of what lies on this machine or in its own network, its provider's metadata service among it. */
export const isPublicAddress = (address: string): boolean =>
  // An IPv4 address written as one of IPv6 (`::ffff:127.0.0.1`) is refused in any case.
  isIP(address) !== 0 && !(address.includes(':') && address.includes('.')) && !isSpecial(address)

const isSpecial = (address: string): boolean => SPECIAL.some((range) => holds(range, address))
