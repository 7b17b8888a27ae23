import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Problem } from '@cascata/shared/problem'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { checkUpload, covers, factsOf, tidyChain } from './chain.ts'
import { fileNameOf } from './file.ts'

let folder = ''
const pem: Record<string, string> = {}
const openssl = (...argv: string[]) =>
  execFileSync('openssl', argv, { cwd: folder, stdio: ['ignore', 'pipe', 'ignore'] }).toString()
const file = (name: string) => readFileSync(join(folder, name), 'utf8')

const KEY = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes']

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'cascata-chain-'))
  openssl(
    'req',
    '-x509',
    ...KEY,
    '-days',
    '30',
    '-subj',
    '/CN=Root of trust',
    '-keyout',
    'root.key',
    '-out',
    'root.crt',
  )
  openssl('req', ...KEY, '-subj', '/CN=shop.test', '-keyout', 'leaf.key', '-out', 'leaf.csr')
  writeFileSync(
    join(folder, 'ext'),
    'subjectAltName=DNS:shop.test,DNS:*.shop.test\nauthorityKeyIdentifier=keyid:always\n',
  )
  // A serial whose first bit is set: DER puts a zero before it, and ARI's id has that zero.
  const signed = ['-CA', 'root.crt', '-CAkey', 'root.key', '-set_serial', '0x8765432100', '-extfile', 'ext']
  openssl('x509', '-req', '-in', 'leaf.csr', ...signed, '-days', '20', '-out', 'leaf.crt')
  openssl('x509', '-req', '-in', 'leaf.csr', ...signed, '-days', '1', '-out', 'short.crt')
  for (const name of ['root.crt', 'root.key', 'leaf.crt', 'leaf.key', 'short.crt']) pem[name] = file(name)
})
afterAll(() => rmSync(folder, { recursive: true }))

const codeOf = (work: () => unknown): string => {
  try {
    work()
    return 'fine'
  } catch (error) {
    return (error as Problem).code
  }
}

describe('what a chain says', () => {
  test('names, issuer and dates', () => {
    const facts = factsOf(pem['leaf.crt'] ?? '')
    expect(facts.names).toEqual(['shop.test', '*.shop.test'])
    expect(facts.issuer).toBe('Root of trust')
    expect(facts.serial).toBe('8765432100')
    expect(Math.round((facts.notAfter - facts.notBefore) / 86_400_000)).toBe(20)
  })

  test('whether nobody else has signed it', () => {
    expect(factsOf(pem['leaf.crt'] ?? '').isSelfSigned).toBe(false)
    expect(factsOf(pem['root.crt'] ?? '').isSelfSigned).toBe(true)
  })

  test('its id for renewal information: key of the signer, and serial as DER has it (RFC 9773, 4.1)', () => {
    const signer = openssl('x509', '-in', 'root.crt', '-noout', '-ext', 'subjectKeyIdentifier')
    const keyId = Buffer.from(
      /((?:[0-9A-F]{2}:)+[0-9A-F]{2})/.exec(signer)?.[1]?.replaceAll(':', '') ?? '',
      'hex',
    )
    expect(keyId).toHaveLength(20)
    const serial = Buffer.from('008765432100', 'hex').toString('base64url')
    expect(factsOf(pem['leaf.crt'] ?? '').ariId).toBe(`${keyId.toString('base64url')}.${serial}`)
  })

  test('files of another certificate have other names, and no name leaves the folder', () => {
    const [leaf, root] = [pem['leaf.crt'] ?? '', pem['root.crt'] ?? '']
    const of = (chain: string, source: 'acme' | 'upload' = 'acme', name = '*.shop.test') =>
      fileNameOf({ name, source, chain })
    const all = [of(leaf), of(`${leaf}${root}`), of(`${leaf}\n`), of(root), of(leaf, 'upload')]
    expect(new Set(all).size).toBe(5)
    for (const file of all) expect(file).toMatch(/^wildcard_\.shop\.test\.[0-9a-f]{32}$/)
    expect(() => of(leaf, 'acme', '../etc/passwd')).toThrow()
  })
})

describe('an upload', () => {
  const now = () => Date.now()
  const upload = (certificate: string, key = pem['leaf.key'] ?? '', name = 'shop.test', at = now()) =>
    codeOf(() => checkUpload({ certificate, key }, { name, now: at }))

  test('is taken when chain, key, name and dates fit', () => {
    expect(upload(pem['leaf.crt'] ?? '')).toBe('fine')
    expect(upload(`${pem['leaf.crt']}${pem['root.crt']}`)).toBe('fine')
    expect(upload(pem['leaf.crt'] ?? '', pem['leaf.key'], 'www.shop.test')).toBe('fine')
  })

  test('says what is wrong with it', () => {
    const leaf = pem['leaf.crt'] ?? ''
    expect(upload('nothing')).toBe('certificate-unreadable')
    expect(upload(leaf.replace('MII', 'AAA'))).toBe('certificate-unreadable')
    expect(upload(leaf, 'no key')).toBe('certificate-unreadable')
    expect(upload(leaf, pem['root.key'])).toBe('certificate-key-mismatch')
    expect(upload(`${leaf}${leaf}`)).toBe('certificate-chain-broken')
    expect(upload(leaf, pem['leaf.key'], 'other.test')).toBe('certificate-name-missing')
    expect(upload(leaf, pem['leaf.key'], 'a.b.shop.test')).toBe('certificate-name-missing')
    expect(upload(pem['short.crt'] ?? '', pem['leaf.key'], 'shop.test', now() + 2 * 86_400_000)).toBe(
      'certificate-expired',
    )
  })

  test.each([
    [4096, 'fine'],
    [4608, 'certificate-unusable'],
  ])('with an RSA key of %i bits is %s: what is longer would be everybody’s burden', (bits, code) => {
    const made = ['-newkey', `rsa:${bits}`, '-nodes', '-days', '30', '-subj', '/CN=shop.test']
    const named = ['-addext', 'subjectAltName=DNS:shop.test', '-keyout', 'rsa.key', '-out', 'rsa.crt']
    openssl('req', '-x509', ...made, ...named)
    expect(upload(file('rsa.crt'), file('rsa.key'))).toBe(code)
  })

  test('is kept without what stood around it', () => {
    const tidy = tidyChain(`subject=whoever\n${pem['leaf.crt']}\n\n# and\n${pem['root.crt']}`)
    expect(tidy.split('-----BEGIN').length).toBe(3)
    expect(tidy).not.toContain('whoever')
  })
})

test.each([
  ['shop.test', true],
  ['www.shop.test', true],
  ['a.www.shop.test', false],
  ['test', false],
])('a wildcard and its domain have %s: %s', (name, expected) => {
  expect(covers(['shop.test', '*.shop.test'], name)).toBe(expected)
})
