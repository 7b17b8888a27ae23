import { describe, expect, test } from 'vitest'
import type { CertificateRow } from '../../store/tables/certificates.ts'
import type { PairFault } from '../../acme/pair.ts'
import type { LookedPairs } from './pairs.ts'
import { servedOf as served } from './served.ts'

const NOW = 1_000_000
const row = (more: Partial<CertificateRow>): CertificateRow => ({
  ...{ name: 'shop.test', source: 'acme', ref: 'shop', names: ['shop.test'], file: 'shop.test.aaaaaaaa' },
  ...{
    trusted: true,
    chain: '',
    key: '',
    issuer: '',
    serial: '',
    ariId: null,
    renewAt: null,
    windowStart: null,
  },
  ...{ windowEnd: null, windowCheckAt: null, notBefore: new Date(0), notAfter: new Date(2 * NOW) },
  ...{ createdAt: new Date(0), ...more },
})
const namesOf = (file: string) => [file.replace(/\.[0-9a-f]{8}$/, '').replace('wildcard_', '*')]
/** Pairs that are whole. */
const pair = (...files: string[]): LookedPairs =>
  new Map(files.map((file) => [file, { fault: null, certificate: '', names: namesOf(file) }]))
const damaged = (file: string, fault: PairFault = 'mismatched'): LookedPairs => new Map([[file, { fault }]])
const both = (...all: LookedPairs[]): LookedPairs => new Map(all.flatMap((each) => [...each]))
/** `lost`: files of those that the store cannot mend. */
const servedOf = (rows: readonly CertificateRow[], looked: LookedPairs, lost: readonly string[] = []) => {
  const checked = rows.map((each) => {
    const fault = looked.has(each.file) ? (looked.get(each.file)?.fault ?? null) : 'missing'
    return { row: each, fault, isKept: !lost.includes(each.file) }
  })
  return served(checked, looked, NOW)
}
const wild = row({
  ref: null,
  name: '*.e.test',
  names: ['*.e.test', 'e.test'],
  file: 'wildcard_.e.test.cccccccc',
})

describe('the edge serves', () => {
  test.each<[string, CertificateRow[], LookedPairs, string[], string[]?]>([
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
    ['no half of a pair', [row({})], damaged('shop.test.aaaaaaaa', 'key-missing'), []],
    ['none that is damaged', [row({})], damaged('shop.test.aaaaaaaa'), []],
    [
      'the one before in place of a damaged one',
      [row({})],
      both(damaged('shop.test.aaaaaaaa'), pair('shop.test.dddddddd')),
      ['shop.test.dddddddd'],
    ],
    [
      'the authority’s in place of an uploaded one that is lost',
      [row({}), row({ source: 'upload', file: 'shop.test.bbbbbbbb', notAfter: new Date(3 * NOW) })],
      both(pair('shop.test.aaaaaaaa'), damaged('shop.test.bbbbbbbb')),
      ['shop.test.aaaaaaaa trusted'],
      ['shop.test.bbbbbbbb'],
    ],
    [
      'nothing of another’s that lies under its name',
      [row({ file: 'shop.test.eeeeeeee' })],
      new Map([['shop.test.dddddddd', { fault: null, certificate: '', names: ['thief.test'] }]]),
      [],
    ],
    ['nothing of another name', [row({})], pair('other.test.aaaaaaaa', 'www.shop.test.aaaaaaaa'), []],
    [
      'one that its uploader does not vouch for as such',
      [row({ source: 'upload', trusted: false })],
      pair('shop.test.aaaaaaaa'),
      ['shop.test.aaaaaaaa'],
    ],
    [
      'nothing of who had the name before, but to him',
      [row({ ref: 'old', source: 'upload', file: 'shop.test.bbbbbbbb' }), row({})],
      pair('shop.test.bbbbbbbb'),
      ['shop.test.bbbbbbbb trusted'],
    ],
    ['a wildcard', [wild], pair('wildcard_.e.test.cccccccc'), ['wildcard_.e.test.cccccccc trusted']],
  ])('%s', (_sentence, rows, there, expected, lost) => {
    const words = servedOf(rows, there, lost).map(
      ({ file, trusted }) => `${file}${trusted ? ' trusted' : ''}`,
    )
    expect(words).toEqual(expected)
  })

  test('each for whom it was made', () => {
    const rows = [row({}), row({ ref: 'old', source: 'upload', file: 'shop.test.bbbbbbbb' }), wild]
    const there = pair('shop.test.aaaaaaaa', 'shop.test.bbbbbbbb', 'wildcard_.e.test.cccccccc')
    expect(servedOf(rows, there).map(({ file, owner }) => [file, owner])).toEqual([
      ['shop.test.aaaaaaaa', 'shop'],
      ['shop.test.bbbbbbbb', 'old'],
      ['wildcard_.e.test.cccccccc', null],
    ])
  })
})
