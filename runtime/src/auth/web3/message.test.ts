import { describe, expect, test } from 'vitest'
import { fromBase58 } from './base58.ts'
import { type Chain, parseMessage } from './message.ts'

const ADDRESS = '0xAbCdef0123456789aBCDEF0123456789abcdef01'
const KEY = '4Nd1mYQtKdZx5wqxjQ9pXwG8v3z7h2rF6sT1uV9kLmNo'

const ethereum = (
  more: Partial<Record<string, string | undefined>> = {},
  lines: readonly string[] = [],
): string => {
  const fields = {
    ...{ URI: 'https://app.test/in', Version: '1', 'Chain ID': '1', 'Issued At': '2026-01-02T03:04:05.678Z' },
    ...more,
  }
  const told = Object.entries(fields).filter(([, value]) => value !== undefined)
  const head = [
    'app.test wants you to sign in with your Ethereum account:',
    ADDRESS,
    '',
    'Sign in, please.',
    '',
  ]
  return [...head, ...told.map(([name, value]) => `${name}: ${value}`), ...lines].join('\n')
}
const solana = (...lines: string[]): string =>
  ['app.test wants you to sign in with your Solana account:', KEY, '', ...lines].join('\n')
const SOLANA_FIELDS = ['Version: 1', 'URI: https://app.test/', 'Issued At: 2026-01-02T03:04:05Z']

describe('a message is read', () => {
  test('in whole, with Ethereum’s address in small letters', () => {
    const text = ethereum(
      {
        ...{ Nonce: 'abcdefgh', 'Expiration Time': '2026-01-02T04:00:00+01:00' },
        ...{ 'Not Before': '2026-01-02T02:00:00Z', 'Request ID': 'r-1' },
        'Expiration Time': '2026-01-02T05:04:05+01:00',
      },
      ['Resources:', '- https://app.test/terms', '- ipfs://bafy'],
    )
    expect(parseMessage(text, 'ethereum')).toEqual({
      ...{ domain: 'app.test', address: ADDRESS.toLowerCase(), statement: 'Sign in, please.' },
      ...{ uri: new URL('https://app.test/in'), chainId: '1', nonce: 'abcdefgh' },
      issuedAt: new Date('2026-01-02T03:04:05.678Z'),
      expiresAt: new Date('2026-01-02T04:04:05Z'),
      notBefore: new Date('2026-01-02T02:00:00Z'),
    })
  })

  test.each<[string, string, Chain]>([
    ['without a statement', ethereum().replace('Sign in, please.\n', ''), 'ethereum'],
    ['with the scheme in its first line', `https://${ethereum()}`, 'ethereum'],
    ['of Solana in auth-js’s order', solana(...SOLANA_FIELDS), 'solana'],
    ['of Solana with a statement', solana('Hello', '', ...SOLANA_FIELDS), 'solana'],
    ['of Solana with a network', solana(...SOLANA_FIELDS, 'Chain ID: solana:mainnet'), 'solana'],
    [
      'of Solana with resources as auth-js heads them',
      solana(...SOLANA_FIELDS, 'Resources', '- https://a.test'),
      'solana',
    ],
    [
      'with a port',
      ethereum({ URI: 'https://app.test:8443/' }).replace('app.test wants', 'app.test:8443 wants'),
      'ethereum',
    ],
  ])('%s', (_sentence, text, chain) => {
    expect(parseMessage(text, chain).domain).toMatch(/^app\.test/)
  })
})

describe('a message is refused', () => {
  test.each<[string, string, Chain]>([
    ['of the other chain', ethereum(), 'solana'],
    ['with something before it', ` ${ethereum()}`, 'ethereum'],
    ['with a user in its domain', `app.test@${ethereum()}`, 'ethereum'],
    ['with a path in its domain', ethereum().replace('app.test wants', 'app.test/x wants'), 'ethereum'],
    ['with two domains', `evil.test ${ethereum()}`, 'ethereum'],
    ['with another scheme than its URI', `http://${ethereum()}`, 'ethereum'],
    ['with a short address', ethereum().replace(ADDRESS, ADDRESS.slice(0, -1)), 'ethereum'],
    ['with a space after the address', ethereum().replace(ADDRESS, `${ADDRESS} `), 'ethereum'],
    ['without an empty third line', ethereum().replace(`${ADDRESS}\n\n`, `${ADDRESS}\n`), 'ethereum'],
    ['with line ends of Windows', ethereum().replaceAll('\n', '\r\n'), 'ethereum'],
    ['with a zero byte', ethereum({ Nonce: 'abc\0defgh' }), 'ethereum'],
    ['with half a character', ethereum({ Nonce: 'abc\ud800defgh' }), 'ethereum'],
    ['without a URI', ethereum({ URI: undefined }), 'ethereum'],
    ['with a URI that is none', ethereum({ URI: 'app.test' }), 'ethereum'],
    ['with two URIs', ethereum({}, ['URI: https://evil.test/']), 'ethereum'],
    ['with a field that nobody knows', ethereum({ Amount: '100' }), 'ethereum'],
    ['with a line that is none', ethereum({}, ['and so on']), 'ethereum'],
    ['with an empty line in it', ethereum({}, ['', 'Request ID: 1']), 'ethereum'],
    ['with an empty line after it', `${ethereum()}\n`, 'ethereum'],
    ['with a space too many', ethereum().replace('URI: ', 'URI:  '), 'ethereum'],
    ['of another version', ethereum({ Version: '2' }), 'ethereum'],
    ['without a chain', ethereum({ 'Chain ID': undefined }), 'ethereum'],
    ['with a chain that is none', ethereum({ 'Chain ID': '0x1' }), 'ethereum'],
    ['without the time of its issue', ethereum({ 'Issued At': undefined }), 'ethereum'],
    ['with a time that has no zone', ethereum({ 'Issued At': '2026-01-02T03:04:05' }), 'ethereum'],
    ['with a day that is none', ethereum({ 'Issued At': '2026-13-02T03:04:05Z' }), 'ethereum'],
    ['with a time in words', ethereum({ 'Issued At': 'Fri, 02 Jan 2026 03:04:05 GMT' }), 'ethereum'],
    ['that expires before its issue', ethereum({ 'Expiration Time': '2026-01-01T00:00:00Z' }), 'ethereum'],
    [
      'that expires before it counts',
      ethereum({ 'Not Before': '2026-01-04T00:00:00Z', 'Expiration Time': '2026-01-03T00:00:00Z' }),
      'ethereum',
    ],
    ['with resources that are none', ethereum({}, ['Resources:', '- terms']), 'ethereum'],
    ['with a field after its resources', ethereum({}, ['Resources:', 'Request ID: 1']), 'ethereum'],
    ['with letters that Base58 has not', solana(...SOLANA_FIELDS).replace(KEY, `0${KEY.slice(1)}`), 'solana'],
  ])('%s', (_sentence, text, chain) => {
    expect(() => parseMessage(text, chain)).toThrow(/^(it|its|one) /)
  })
})

test.each([
  ['', ''],
  ['1', '00'],
  ['11', '0000'],
  ['2g', '61'],
  ['1112', '00000001'],
  ['a3gV', '626262'],
  ['StV1DL6CwTryKyV', '68656c6c6f20776f726c64'],
])('Base58 %j is %j', (text, hex) => {
  expect(fromBase58(text)?.toString('hex')).toBe(hex)
})

test('Base58 has no 0, O, I and l', () => {
  for (const text of ['0', 'O', 'I', 'l', 'é', '2'.repeat(200)]) expect(fromBase58(text)).toBeUndefined()
})
