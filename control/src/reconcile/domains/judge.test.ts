import { proofText } from '@cascata/shared/contract/domains'
import { describe, expect, test } from 'vitest'
import type { NameRecords } from '../../adapters/name-records.ts'
import { type Claim, judge } from './judge.ts'

const claim: Claim = { name: 'shop.test', ref: 'shop', proof: 'a1b2', contested: false }
const place = { domain: 'apps.example', addresses: ['192.0.2.7', '2001:db8::7'] }
const nothing: NameRecords = { txt: [], cname: [], addresses: [] }
const here: NameRecords = { ...nothing, addresses: ['198.51.100.9', '192.0.2.7'] }

describe('a claimed name is proven', () => {
  test.each<[string, NameRecords, boolean]>([
    ['by its TXT record', { ...nothing, txt: ['v=spf1', proofText('a1b2')] }, false],
    ['by its TXT record, although others claim it', { ...nothing, txt: [proofText('a1b2')] }, true],
    ['by an alias of its project', { ...nothing, cname: ['Shop.Apps.Example.'] }, true],
    ['by an address of ours', here, false],
    ['by an address of ours of version 6', { ...nothing, addresses: ['2001:db8::7'] }, false],
  ])('%s', (_how, records, contested) => {
    expect(judge({ ...claim, contested }, records, place)).toEqual({ proven: true })
  })
})

describe('a claimed name is not proven', () => {
  test.each<[string, NameRecords, boolean, string]>([
    ['by nothing', nothing, false, 'domain-unproven'],
    ["by another claim's TXT record", { ...nothing, txt: [proofText('ffff')] }, false, 'domain-unproven'],
    [
      'by an alias of another project',
      { ...nothing, cname: ['blog.apps.example'] },
      false,
      'domain-unproven',
    ],
    [
      'by an alias that ends alike',
      { ...nothing, cname: ['x.shop.apps.example', 'shop.apps.example.org'] },
      false,
      'domain-unproven',
    ],
    ['by an address of others', { ...nothing, addresses: ['198.51.100.9'] }, false, 'domain-unproven'],
    ['by an address of ours while others claim it', here, true, 'domain-contested'],
  ])('%s', (_how, records, contested, code) => {
    const judged = judge({ ...claim, contested }, records, place)
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
