import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { judgePair, type Pair, type PairFault } from './pair.ts'

const EC = ['ec', '-pkeyopt', 'ec_paramgen_curve:P-256']
let folder = ''
let [good, other, weak, rsa]: Pair[] = []

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'cascata-pair-'))
  good = made('good', EC)
  other = made('other', EC)
  rsa = made('rsa', ['rsa:2048'])
  weak = made('weak', ['rsa:1024'])
})
afterAll(() => rmSync(folder, { recursive: true }))

function made(name: string, kind: readonly string[]): Pair {
  const [key, certificate] = [join(folder, `${name}.key`), join(folder, `${name}.crt`)]
  const names = 'subjectAltName=DNS:Shop.test,DNS:*.shop.test,IP:127.0.0.1'
  const out = ['-nodes', '-days', '9', '-subj', '/CN=x', '-keyout', key, '-out', certificate]
  const argv = ['req', '-x509', '-newkey', ...kind, ...out, '-addext', names]
  execFileSync('openssl', argv, { stdio: 'pipe' })
  return { certificate: readFileSync(certificate, 'utf8'), key: readFileSync(key, 'utf8') }
}

const known = () => {
  if (!good || !other || !weak || !rsa) throw new Error('openssl made nothing')
  return { good, other, weak, rsa }
}
const cut = (text: string) => text.slice(0, text.length / 2)

describe('a pair', () => {
  test('that is whole can be served with, for all its names', () => {
    expect(judgePair(known().good)).toEqual({ fault: null, names: ['shop.test', '*.shop.test', '127.0.0.1'] })
    expect(judgePair(known().rsa).fault).toBeNull()
  })

  test.each<[string, () => Pair, PairFault]>([
    ['whose certificate is empty', () => ({ ...known().good, certificate: '' }), 'certificate-unreadable'],
    [
      'whose certificate is cut',
      () => ({ ...known().good, certificate: cut(known().good.certificate) }),
      'certificate-unreadable',
    ],
    [
      'whose chain is cut behind the first',
      () => ({ ...known().good, certificate: known().good.certificate + cut(known().other.certificate) }),
      'certificate-unreadable',
    ],
    ['whose key is empty', () => ({ ...known().good, key: '' }), 'key-unreadable'],
    ['whose key is cut', () => ({ ...known().good, key: cut(known().good.key) }), 'key-unreadable'],
    ['whose key is another’s', () => ({ ...known().good, key: known().other.key }), 'mismatched'],
    ['whose key is of another kind', () => ({ ...known().good, key: known().rsa.key }), 'mismatched'],
    ['that is too weak for OpenSSL', () => known().weak, 'unusable'],
  ])('%s is not taken', (_sentence, pair, fault) => {
    expect(judgePair(pair())).toEqual({ fault })
  })
})
