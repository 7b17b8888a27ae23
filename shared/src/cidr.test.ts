import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { Cidr, canonicalCidr, holds } from './cidr.ts'

describe('a range', () => {
  test.each([
    ['an address is the range of itself', '203.0.113.7', '203.0.113.7/32'],
    ['a network stays as it is', '203.0.113.0/24', '203.0.113.0/24'],
    ['everybody', '0.0.0.0/0', '0.0.0.0/0'],
    ['everybody, in the other family', '::/0', '::/0'],
    ['an IPv6 address is the range of itself', '::1', '::1/128'],
    ['IPv6 is written short and small', '2001:0DB8:0:0:0:0:0:0/32', '2001:db8::/32'],
    ['the longest run of zeros is the one left out', '2001:db8:0:1:0:0:0:1', '2001:db8:0:1::1/128'],
  ])('%s', (_sentence, text, canonical) => {
    expect(canonicalCidr(text)).toBe(canonical)
    expect(Cidr.parse(text)).toBe(canonical)
  })

  test.each([
    ['bits behind the mask', '203.0.113.7/24'],
    ['bits behind the mask, in IPv6', '2001:db8::1/32'],
    ['a mask too long', '203.0.113.0/33'],
    ['a number too large', '203.0.113.256'],
    ['a leading zero', '010.0.0.1'],
    ['too few numbers', '10.0.0/8'],
    ['a name', 'localhost'],
    ['a word of the rules', 'samenet'],
    ['nothing', ''],
    ['a space', '10.0.0.1 trust'],
    ['a line more', '10.0.0.1/32\nhost all all 0.0.0.0/0 trust'],
    ['a zone', 'fe80::1%eth0'],
    ['IPv4 in the clothes of IPv6', '::ffff:10.0.0.1'],
  ])('is never one with %s', (_what, text) => {
    expect(canonicalCidr(text)).toBeUndefined()
    expect(Cidr.safeParse(text).success).toBe(false)
  })

  test('once canonical stays so', () => {
    fc.assert(
      fc.property(fc.oneof(fc.ipV4(), fc.ipV4Extended(), fc.ipV6(), fc.string()), (text) => {
        const canonical = canonicalCidr(text)
        if (canonical === undefined) return
        expect(canonicalCidr(canonical)).toBe(canonical)
        expect(canonical).toMatch(/^[0-9a-f.:]+\/\d{1,3}$/)
      }),
    )
  })
})

test.each([
  ['127.0.0.0/8', '127.0.0.1', true],
  ['0.0.0.0/0', '172.18.0.1', true],
  ['203.0.113.0/24', '203.0.114.1', false],
  ['::/0', '127.0.0.1', false],
  ['::1/128', '::1', true],
])('%s holds %s: %s', (cidr, address, expected) => {
  expect(holds(cidr, address)).toBe(expected)
})
