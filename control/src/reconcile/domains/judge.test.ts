import { proofText } from '@cascata/shared/contract/domains'
import { describe, expect, test } from 'vitest'
import type { NameRecords } from '../../adapters/name-records.ts'
import { type Claim, type Claimed, type Contest, contestOf, judge } from './judge.ts'

const claim: Claim = { name: 'shop.test', ref: 'shop', proof: 'a1b2', contest: null }
const place = { domain: 'apps.example', addresses: ['192.0.2.7', '2001:db8::7'] }
const nothing: NameRecords = { txt: [], cname: [], addresses: [] }
const here: NameRecords = { ...nothing, addresses: ['198.51.100.9', '192.0.2.7'] }

describe('a claimed name is proven', () => {
  test.each<[string, NameRecords, Contest | null]>([
    ['by its TXT record', { ...nothing, txt: ['v=spf1', proofText('a1b2')] }, null],
    ['by its TXT record, although others claim it', { ...nothing, txt: [proofText('a1b2')] }, 'same'],
    ['by its TXT record, below a name of others', { ...nothing, txt: [proofText('a1b2')] }, 'above'],
    [
      'by an alias of its project, below a name of others',
      { ...nothing, cname: ['shop.apps.example'] },
      'above',
    ],
    ['by an alias of its project', { ...nothing, cname: ['Shop.Apps.Example.'] }, 'same'],
    ['by an address of ours', here, null],
    ['by an address of ours of version 6', { ...nothing, addresses: ['2001:db8::7'] }, null],
  ])('%s', (_how, records, contest) => {
    expect(judge({ ...claim, contest }, records, place)).toEqual({ proven: true })
  })
})

const DAYS = ['2026-01-01T00:00:00Z', '2026-01-02T00:00:00Z', '2026-01-03T00:00:00Z'] as const
const of = (ref: string, name: string, createdAt: string = DAYS[0], isProven = false): Claimed => ({
  ...{ ref, name, createdAt, verifiedAt: isProven ? createdAt : null },
})

test.each<[string, Claimed[], Contest | null]>([
  ['nobody', [], null],
  ['its own project', [of('shop', 'shop.test'), of('shop', 'a.login.shop.test')], null],
  ['who claims the very name, whenever', [of('blog', 'login.shop.test', DAYS[2])], 'same'],
  ['who has proven a name above, whenever', [of('blog', 'shop.test', DAYS[2], true)], 'above'],
  ['who has claimed a name above before', [of('blog', 'shop.test', DAYS[0])], 'above'],
  ['nobody by a claim above that came after', [of('blog', 'shop.test', DAYS[2])], null],
  ['who has proven a name below', [of('blog', 'eu.login.shop.test', DAYS[2], true)], 'below'],
  [
    'nobody by a sibling, as of another customer of a hoster',
    [of('blog', 'b.shop.test', DAYS[0], true)],
    null,
  ],
  ['nobody by a name that only ends alike', [of('blog', 'hop.test', DAYS[0], true)], null],
])('a claim is contested by %s', (_who, others, contest) => {
  const own = of('shop', 'login.shop.test', DAYS[1])
  expect(contestOf(own, [...others, own])).toBe(contest)
})

describe('a claimed name is not proven', () => {
  test.each<[string, NameRecords, Contest | null, string]>([
    ['by nothing', nothing, null, 'domain-unproven'],
    ["by another claim's TXT record", { ...nothing, txt: [proofText('ffff')] }, null, 'domain-unproven'],
    ['by an alias of another project', { ...nothing, cname: ['blog.apps.example'] }, null, 'domain-unproven'],
    [
      'by an alias that ends alike',
      { ...nothing, cname: ['x.shop.apps.example', 'shop.apps.example.org'] },
      null,
      'domain-unproven',
    ],
    ['by an address of others', { ...nothing, addresses: ['198.51.100.9'] }, null, 'domain-unproven'],
    ['by an address of ours while others claim it', here, 'same', 'domain-contested'],
    ['by an address of ours below a name of others', here, 'above', 'domain-contested'],
    ['by an address of ours above a name of others', here, 'below', 'domain-contested'],
  ])('%s', (_how, records, contest, code) => {
    const judged = judge({ ...claim, contest }, records, place)
    expect(judged.proven ? 'proven' : judged.problem.code).toBe(code)
  })

  test('and what was found is said', () => {
    const records = { txt: ['x'], cname: ['y.example'], addresses: ['198.51.100.9'] }
    const judged = judge(claim, records, place)
    expect(judged.proven || judged.problem.message).toBe(
      "No record of shop.test shows that it is this project's: it is an alias of y.example, it leads to 198.51.100.9, its TXT record says something else.",
    )
  })
})
