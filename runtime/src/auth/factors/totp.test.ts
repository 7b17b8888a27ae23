import { describe, expect, test } from 'vitest'
import { fromBase32, toBase32 } from './base32.ts'
import { codeAt, createTotpSecret, totpUri, verifyTotp } from './totp.ts'

const KEY = Buffer.from('12345678901234567890')
const secret = toBase32(KEY)

/** RFC 6238, appendix B, SHA-1: eight digits there, of which apps show the last six. */
test.each([
  [59, '94287082'],
  [1_111_111_109, '07081804'],
  [1_111_111_111, '14050471'],
  [1_234_567_890, '89005924'],
  [2_000_000_000, '69279037'],
  [20_000_000_000, '65353130'],
])('at %d s the code is %s', (atS, code) => {
  expect(codeAt(KEY, Math.floor(atS / 30))).toBe(code.slice(-6))
  expect(verifyTotp({ secret, code: code.slice(-6), nowMs: atS * 1000, lastStep: null })).toBe(
    Math.floor(atS / 30),
  )
})

describe('verifyTotp', () => {
  const PRESENT = 1_000
  const nowMs = (PRESENT * 30 + 15) * 1000
  const code = (offset: number) => codeAt(KEY, PRESENT + offset)

  test.each([
    ['takes the present code', code(0), null, 1_000],
    ['takes the one before: typing takes time', code(-1), null, 999],
    ['takes the one after: clocks differ', code(1), null, 1_001],
    ['takes none older', code(-2), null, null],
    ['takes none newer', code(2), null, null],
    ['takes none twice', code(0), 1_000, null],
    ['takes none from before the last one', code(-1), 1_000, null],
    ['takes the next one after the last one', code(1), 1_000, 1_001],
    ['takes no other code', '000000', null, null],
    ['takes no code with something around it', ` ${code(0)}`, null, null],
    ['takes no code that is too short', code(0).slice(1), null, null],
    ['takes nothing for nothing', '', null, null],
    ['takes no digits of another script', '١٢٣٤٥٦', null, null],
  ] as [string, string, number | null, number | null][])('%s', (_sentence, given, lastStep, step) => {
    expect(verifyTotp({ secret, code: given, nowMs, lastStep })).toBe(step)
  })

  test('takes nothing when the secret is none', () => {
    expect(
      verifyTotp({ secret: '', code: codeAt(Buffer.alloc(0), PRESENT), nowMs, lastStep: null }),
    ).toBeNull()
    expect(verifyTotp({ secret: '1!', code: code(0), nowMs, lastStep: null })).toBeNull()
  })
})

test('secrets have 160 bits and differ', () => {
  const made = createTotpSecret()
  expect(fromBase32(made)).toHaveLength(20)
  expect(made).not.toBe(createTotpSecret())
})

test('the URI names issuer and account, whatever they are called', () => {
  const uri = new URL(totpUri({ secret, issuer: 'Ada & Söhne: Büro', account: 'ada+x@example.com' }))
  expect(uri.protocol).toBe('otpauth:')
  expect(decodeURIComponent(uri.pathname)).toContain('Ada & Söhne  Büro:ada+x@example.com')
  expect(Object.fromEntries(uri.searchParams)).toEqual({
    algorithm: 'SHA1',
    digits: '6',
    issuer: 'Ada & Söhne  Büro',
    period: '30',
    secret,
  })
})
