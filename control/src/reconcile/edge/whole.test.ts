import { describe, expect, test } from 'vitest'
import type { PairFault } from '../../acme/pair.ts'
import type { CertificateRow } from '../../store/tables/certificates.ts'
import type { LookedPair } from '../certificates/pairs.ts'
import { pairRefusedIn, pairsNamedIn, wholePairs } from './whole.ts'

const of = (...names: string[]): LookedPair => ({ fault: null, certificate: '', names })
const kept = (file: string, fault: PairFault | null) => ({
  row: { file } as CertificateRow,
  ...{ fault, isKept: true },
})

describe('a configuration may name', () => {
  test.each<[string, string, LookedPair, PairFault | null | undefined, boolean]>([
    ['the instance’s placeholder', 'localhost', of('localhost', '*.localhost'), undefined, true],
    ['none of another name in its place', 'localhost', of('shop.test'), undefined, false],
    ['a name’s placeholder', 'self_shop.test', of('shop.test'), undefined, true],
    ['none of another name in that one’s', 'self_shop.test', of('blog.test'), undefined, false],
    ['no damaged one', 'self_shop.test', { fault: 'mismatched' }, undefined, false],
    ['what is as it is kept', 'shop.test.aaaaaaaa', of('shop.test'), null, true],
    ['none that is other than kept', 'shop.test.aaaaaaaa', of('shop.test'), 'foreign', false],
    ['one that is not kept any more', 'shop.test.aaaaaaaa', of('shop.test'), undefined, true],
  ])('%s', (_sentence, file, pair, fault, expected) => {
    const checked = fault === undefined ? [] : [kept(file, fault)]
    expect(wholePairs({ looked: new Map([[file, pair]]), checked }, 'localhost').has(file)).toBe(expected)
  })
})

test('what a configuration names is read from its text', () => {
  const text = `ssl_certificate /etc/cascata/certs/localhost.crt;
    ssl_certificate_key /etc/cascata/certs/localhost.key;
    ssl_certificate /etc/cascata/certs/wildcard_.e.test.aaaaaaaa.crt;`
  expect(pairsNamedIn(text)).toEqual(['localhost', 'wildcard_.e.test.aaaaaaaa'])
})

describe('what nginx gave up at', () => {
  const emerg = '2026/01/01 00:00:00 [emerg] 9#9: '
  const certs = '/etc/cascata/certs/shop.test.aaaaaaaa'
  test.each<[string, string, string | undefined]>([
    ['a certificate', `${emerg}cannot load certificate "${certs}.crt": PEM_read_bio_X509_AUX() failed`, 'it'],
    ['a key', `${emerg}cannot load certificate key "${certs}.key": PEM_read_bio_PrivateKey() failed`, 'it'],
    ['both together', `${emerg}SSL_CTX_use_PrivateKey("${certs}.key") failed (SSL: error:05800074)`, 'it'],
    [
      'a certificate that the system does not let it read',
      `${emerg}cannot load certificate "${certs}.crt": BIO_new_file() failed (SSL: error:8000000D:system library::Permission denied)`,
      undefined,
    ],
    [
      'a key, for too many open files',
      `${emerg}cannot load certificate key "${certs}.key": BIO_new_file() failed (SSL: error:80000018:system library::Too many open files)`,
      undefined,
    ],
    [
      'a certificate, for want of memory',
      `${emerg}cannot load certificate "${certs}.crt": PEM_read_bio_X509_AUX() failed (SSL: error:malloc failure)`,
      undefined,
    ],
    [
      'a certificate, before it knows its log',
      `nginx: [emerg] cannot load certificate "${certs}.crt": no`,
      'it',
    ],
    [
      'nothing: a visitor says so',
      `2026/01/01 00:00:00 [error] 9#9: *1 no answer, request: "GET /[emerg] ${certs}.crt" HTTP/1.1"`,
      undefined,
    ],
    ['something else', `${emerg}open() "/tmp/nginx.pid" failed (13: Permission denied)`, undefined],
    ['nothing: it only warned', `2026/01/01 00:00:00 [warn] 9#9: "${certs}.crt" is odd`, undefined],
  ])('%s', (_sentence, said, expected) => {
    expect(pairRefusedIn(`${said}\n`)).toBe(expected && 'shop.test.aaaaaaaa')
  })
})
