import { expect, test } from 'vitest'
import { clientKey } from './client-key.ts'

test.each([
  ['an IPv4 address is itself', '203.0.113.7', '203.0.113.7'],
  ['in the clothes of IPv6 it is the same client', '::ffff:203.0.113.7', '203.0.113.7'],
  ['an IPv6 address is its /64', '2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
  ['a neighbour in the /64 is the same client', '2001:db8:1:2::99', '2001:db8:1:2::/64'],
  ['leading zeros say nothing', '2001:0db8:0001:0002::1', '2001:db8:1:2::/64'],
  ['zeros left out are zeros', '2001:db8::1', '2001:db8:0:0::/64'],
  ['another /64 is another client', '2001:db8:1:3::99', '2001:db8:1:3::/64'],
  ['the loopback address has one, too', '::1', '0:0:0:0::/64'],
  ['an interface is no part of it', 'fe80::1%eth0', 'fe80:0:0:0::/64'],
  ['a dotted end counts two groups', '64:ff9b::203.0.113.7', '64:ff9b:0:0::/64'],
  ['a unix socket has none', '', ''],
])('%s', (_sentence, address, key) => {
  expect(clientKey(address)).toBe(key)
})
