/** Every filter of supabase-js, on columns of every kind: which ships it leaves. */
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import { type Harbour, openHarbour } from '../harness/harbour.ts'
import { METHODS } from '../harness/harbour-methods.ts'

let harbour: Harbour

beforeAll(async () => {
  harbour = await openHarbour(inject('instance'))
  await harbour.fill()
})

afterAll(() => expect([...harbour.called]).toEqual(expect.arrayContaining([...METHODS.filters])))

const ships = () => harbour.anon.from('ship').select('id')
type Ships = ReturnType<typeof ships>
type Case = [sentence: string, filter: (query: Ships) => Ships, ids: number[]]

async function expectIds(filter: (query: Ships) => Ships, ids: number[]): Promise<void> {
  const { data, error } = await filter(ships()).order('id')
  expect(error).toBeNull()
  expect(data?.map(({ id }) => id)).toEqual(ids)
}

describe('comparing', () => {
  test.each<Case>([
    ['eq a number', (q) => q.eq('id', 2), [2]],
    ['eq a text with a comma and quotes', (q) => q.eq('name', 'Ceto, the "Old"'), [3]],
    ['eq a value of an enum', (q) => q.eq('kind', 'bulk'), [1, 3]],
    ['eq a boolean', (q) => q.eq('active', false), [3, 5]],
    ['eq a moment in another zone', (q) => q.eq('launched', '2001-05-01T10:00:00+02:00'), [1]],
    ['eq a generated column', (q) => q.eq('spare', 250), [3]],
    ['eq a computed column', (q) => q.eq('title', 'AURORA'), [1]],
    ['eq a whole array', (q) => q.eq('tags', '{fast,blue}'), [1]],
    ['eq inside JSON, as text', (q) => q.eq('papers->>flag', 'NO'), [1, 5]],
    ['eq inside JSON, as JSON', (q) => q.eq('papers->crew', 12), [1]],
    ['eq an element of an array in JSON', (q) => q.eq('papers->classes->>1', 'b'), [1]],
    ['neq leaves out nulls too', (q) => q.neq('kind', 'bulk'), [2, 4]],
    ['gt', (q) => q.gt('capacity', 500), [1, 4]],
    ['gte', (q) => q.gte('capacity', 500), [1, 2, 4]],
    ['lt', (q) => q.lt('capacity', 250), [5]],
    ['lte', (q) => q.lte('capacity', 250), [3, 5]],
    ['gt and lt on one column', (q) => q.gt('capacity', 100).lt('capacity', 900), [2, 3]],
    ['gte of a moment', (q) => q.gte('launched', '2005-01-01'), [2, 5]],
    ['lt by the order of an enum', (q) => q.lt('kind', 'container'), [1, 2, 3]],
    ['match', (q) => q.match({ kind: 'bulk', active: true }), [1]],
    ['match passes over what is undefined', (q) => q.match({ kind: 'bulk', active: undefined }), [1, 3]],
  ])('%s', (_sentence, filter, ids) => expectIds(filter, ids))
})

describe('patterns', () => {
  test.each<Case>([
    ['like minds the case', (q) => q.like('name', '%o%'), [1, 2, 3, 4, 5]],
    ['like with a percent sign', (q) => q.like('name', 'A%'), [1]],
    ['like with a star', (q) => q.like('name', '*s'), [2, 4, 5]],
    ['likeAllOf', (q) => q.likeAllOf('name', ['%o%', '%r%']), [1, 2, 4]],
    ['likeAnyOf', (q) => q.likeAnyOf('name', ['A%', 'B%']), [1, 2]],
    ['ilike does not', (q) => q.ilike('name', 'E%'), [5]],
    ['ilikeAllOf', (q) => q.ilikeAllOf('name', ['%O%', '%A%']), [1, 2]],
    ['ilikeAnyOf', (q) => q.ilikeAnyOf('name', ['a%', 'EOS']), [1, 5]],
    ['regexMatch', (q) => q.regexMatch('name', '^[A-B]'), [1, 2]],
    ['regexMatch of either', (q) => q.regexMatch('name', '(ris|eas)$'), [2, 4]],
    ['regexIMatch', (q) => q.regexIMatch('name', '^[D-E]'), [4, 5]],
  ])('%s', (_sentence, filter, ids) => expectIds(filter, ids))
})

describe('null and lists', () => {
  test.each<Case>([
    ['is null', (q) => q.is('active', null), [4]],
    ['is true', (q) => q.is('active', true), [1, 2]],
    ['is false', (q) => q.is('active', false), [3, 5]],
    ['is null inside JSON', (q) => q.is('papers->>crew', null), [3, 4, 5]],
    ['isDistinct counts null as a value', (q) => q.isDistinct('kind', 'bulk'), [2, 4, 5]],
    ['in numbers', (q) => q.in('id', [1, 3, 99]), [1, 3]],
    ['in texts, of which one has a comma', (q) => q.in('imo', ['I1', 'I2', 'a,b']), [1, 2]],
    ['in texts with parentheses', (q) => q.in('name', ['eos', '(none)']), [5]],
    ['in nothing', (q) => q.in('id', []), []],
    ['in the values of an enum', (q) => q.in('kind', ['liquid', 'container']), [2, 4]],
    ['notIn', (q) => q.notIn('id', [1, 2, 3]), [4, 5]],
  ])('%s', (_sentence, filter, ids) => expectIds(filter, ids))
})

describe('arrays, JSON and ranges', () => {
  test.each<Case>([
    ['contains of an array', (q) => q.contains('tags', ['fast']), [1, 5]],
    ['contains of JSON', (q) => q.contains('papers', { flag: 'NO' }), [1, 5]],
    ['contains of a range', (q) => q.contains('season', '[2026-02-05,2026-02-20)'), [1, 2]],
    ['containedBy of an array', (q) => q.containedBy('tags', ['fast', 'slow']), [2, 4, 5]],
    ['containedBy of JSON', (q) => q.containedBy('papers', { flag: 'JP', crew: 7 }), [2]],
    ['containedBy of a range', (q) => q.containedBy('draft', '[1,12)'), [1, 2, 5]],
    ['overlaps of an array', (q) => q.overlaps('tags', ['old', 'slow']), [2, 3]],
    ['overlaps of a range', (q) => q.overlaps('season', '[2026-05-01,2026-08-01)'), [2, 3]],
    ['rangeGt', (q) => q.rangeGt('draft', '[1,6)'), [2, 3]],
    ['rangeGte', (q) => q.rangeGte('draft', '[6,7)'), [2, 3]],
    ['rangeLt', (q) => q.rangeLt('draft', '[12,20)'), [1, 2]],
    ['rangeLte', (q) => q.rangeLte('draft', '[8,12)'), [1, 2]],
    ['rangeAdjacent', (q) => q.rangeAdjacent('draft', '[12,15)'), [2]],
  ])('%s', (_sentence, filter, ids) => expectIds(filter, ids))
})

describe('text search', () => {
  test.each<Case>([
    ['by a query', (q) => q.textSearch('words', 'green & apple', { config: 'english' }), [1, 3]],
    ['by a query without a language', (q) => q.textSearch('words', "'oil'"), [2, 3]],
    ['plain', (q) => q.textSearch('words', 'quick ship', { type: 'plain', config: 'english' }), [1]],
    ['phrase', (q) => q.textSearch('words', 'green apples', { type: 'phrase', config: 'english' }), [1]],
    ['websearch', (q) => q.textSearch('words', 'oil -tanker', { type: 'websearch', config: 'english' }), [3]],
    ['of a column that is plain text', (q) => q.textSearch('note', 'boat', { config: 'english' }), [5]],
    ['in JSON, by its text', (q) => q.textSearch('papers->>flag', 'no', { config: 'simple' }), [1, 5]],
  ])('%s', (_sentence, filter, ids) => expectIds(filter, ids))
})

describe('not, or, and filter by name', () => {
  test.each<Case>([
    ['not eq', (q) => q.not('kind', 'eq', 'bulk'), [2, 4]],
    ['not is null', (q) => q.not('active', 'is', null), [1, 2, 3, 5]],
    ['not in', (q) => q.not('id', 'in', '(1,2)'), [3, 4, 5]],
    ['not contains', (q) => q.not('tags', 'cs', '{fast}'), [2, 3, 4]],
    ['or', (q) => q.or('id.eq.1,kind.eq.liquid'), [1, 2]],
    ['or with an and in it', (q) => q.or('id.eq.5,and(kind.eq.bulk,active.is.true)'), [1, 5]],
    ['or with quotes', (q) => q.or('name.eq."Ceto, the \\"Old\\"",id.eq.4'), [3, 4]],
    ['or with a list', (q) => q.or('id.in.(1,2),name.like.e*'), [1, 2, 5]],
    ['or, negated inside', (q) => q.or('kind.not.is.null,active.is.false').not('id', 'eq', 1), [2, 3, 4, 5]],
    ['or twice is an and of both', (q) => q.or('id.eq.1,id.eq.2').or('id.eq.2,id.eq.3'), [2]],
    ['or over JSON and arrays', (q) => q.or('papers->>flag.eq.JP,tags.cs.{old}'), [2, 3]],
    ['filter with an operator', (q) => q.filter('capacity', 'gte', 900), [1, 4]],
    ['filter with a modifier', (q) => q.filter('id', 'eq(any)', '{1,4}'), [1, 4]],
    ['filter with a negated operator', (q) => q.filter('name', 'not.ilike', '%o%'), []],
  ])('%s', (_sentence, filter, ids) => expectIds(filter, ids))
})

describe('filters on what is embedded', () => {
  const cargoes = () => harbour.anon.from('ship').select('id, cargo(label)').in('id', [1, 2, 4]).order('id')
  const labels = (rows: { id: number; cargo: { label: string }[] }[] | null) =>
    rows?.map(({ id, cargo }) => [id, cargo.map(({ label }) => label)])

  test('leave the rows that embed them', async () => {
    const { data } = await cargoes().eq('cargo.label', 'oil')
    expect(labels(data)).toEqual([
      [1, []],
      [2, ['oil']],
      [4, []],
    ])
  })

  test('or with referencedTable', async () => {
    const { data } = await cargoes().or('label.eq.apples,weight.gte.400', { referencedTable: 'cargo' })
    expect(labels(data)).toEqual([
      [1, ['apples']],
      [2, ['oil']],
      [4, ['tea']],
    ])
  })

  test('with !inner they choose the rows as well', async () => {
    const { data } = await harbour.anon
      .from('ship')
      .select('id, cargo!inner(label)')
      .gte('cargo.weight', 400)
      .order('id')
    expect(data?.map(({ id }) => id)).toEqual([2, 4])
  })

  test('null of an embed is the rows without one', async () => {
    const without = await harbour.anon.from('ship').select('id, captain()').is('captain', null).order('id')
    expect(without.data?.map(({ id }) => id)).toEqual([3, 4, 5])
    const either = await harbour.anon
      .from('ship')
      .select('id, captain(), cargo()')
      .or('captain.not.is.null,cargo.not.is.null')
      .order('id')
    expect(either.data?.map(({ id }) => id)).toEqual([1, 2, 4])
  })
})
