import { describe, expect, test } from 'vitest'
import type { CertificateRow } from '../../store/tables/certificates.ts'
import { servedOf } from './served.ts'

const NOW = 1_000_000
const row = (more: Partial<CertificateRow>): CertificateRow => ({
  ...{ name: 'shop.test', source: 'acme', ref: 'shop', names: ['shop.test'], file: 'shop.test.aaaaaaaa' },
  ...{ chain: '', key: '', issuer: '', serial: '', ariId: null, renewAt: null, windowStart: null },
  ...{ windowEnd: null, windowCheckAt: null, notBefore: new Date(0), notAfter: new Date(2 * NOW) },
  ...{ createdAt: new Date(0), ...more },
})
const pair = (...files: string[]) => new Set(files.flatMap((file) => [`${file}.crt`, `${file}.key`]))
const wild = row({ name: '*.e.test', names: ['*.e.test', 'e.test'], file: 'wildcard_.e.test.cccccccc' })

describe('the edge serves', () => {
  test.each<[string, CertificateRow[], Set<string>, string[]]>([
    [
      'the one in charge',
      [row({}), row({ source: 'upload', file: 'shop.test.bbbbbbbb', notAfter: new Date(NOW + 1) })],
      pair('shop.test.aaaaaaaa', 'shop.test.bbbbbbbb'),
      ['shop.test.aaaaaaaa trusted'],
    ],
    [
      'the one before until the files of the new one are there',
      [row({})],
      pair('shop.test.dddddddd'),
      ['shop.test.dddddddd'],
    ],
    ['no half of a pair', [row({})], new Set(['shop.test.aaaaaaaa.crt']), []],
    ['nothing of another name', [row({})], pair('other.test.aaaaaaaa', 'www.shop.test.aaaaaaaa'), []],
    ['a wildcard', [wild], pair('wildcard_.e.test.cccccccc'), ['wildcard_.e.test.cccccccc trusted']],
  ])('%s', (_sentence, rows, there, expected) => {
    const words = servedOf(rows, there, NOW).map(({ file, trusted }) => `${file}${trusted ? ' trusted' : ''}`)
    expect(words).toEqual(expected)
  })
})
