import fc from 'fast-check'
import { expect, test } from 'vitest'
import { fromBase32, toBase32 } from './base32.ts'

/** RFC 4648, section 10, without the padding. */
test.each([
  ['', ''],
  ['f', 'MY'],
  ['fo', 'MZXQ'],
  ['foo', 'MZXW6'],
  ['foob', 'MZXW6YQ'],
  ['fooba', 'MZXW6YTB'],
  ['foobar', 'MZXW6YTBOI'],
])('"%s" is %s', (plain, encoded) => {
  expect(toBase32(Buffer.from(plain))).toBe(encoded)
  expect(fromBase32(encoded)?.toString()).toBe(plain)
})

test('what was written is read back, whatever its bytes', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => {
      expect(fromBase32(toBase32(bytes))).toEqual(Buffer.from(bytes))
    }),
  )
})

test('people may write it in groups, in lower case and with padding; what is none is not guessed at', () => {
  expect(fromBase32('mzxw 6ytb oi======')?.toString()).toBe('foobar')
  expect(fromBase32('MZXW1')).toBeUndefined()
})
