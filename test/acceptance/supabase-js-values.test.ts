/** A value of every kind through supabase-js: in by insert, out by select, found again by filters. */
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import { type Harbour, openHarbour } from '../harness/harbour.ts'

let harbour: Harbour

beforeAll(async () => {
  harbour = await openHarbour(inject('instance'))
  await harbour.fill()
})

afterAll(() => harbour.fill())

const kinds = () => harbour.service.from('kinds')

/** Where nothing else is said, what comes out is what went in, and its text finds it. */
type Case = [column: string, given: unknown, more?: { shown?: unknown; found?: string | false }]

const CASES: Case[] = [
  ['int2', -32768],
  ['int8', 9007199254740991],
  ['int8', '9223372036854775807', { shown: 9223372036854775807n, found: '9223372036854775807' }],
  ['numeric', 0.1],
  ['numeric', '123456789.000', { shown: 123456789, found: '123456789' }],
  ['exact', 12.5],
  ['float4', 0.5],
  ['float8', 1e-300],
  ['float8', 'NaN', { found: 'NaN' }],
  ['float8', '-Infinity'],
  ['money', 12.5, { shown: '$12.50', found: '12.50' }],
  ['text', ''],
  ['text', 'null'],
  ['text', ' blanks  and\ttabs\nand lines '],
  [
    'text',
    `"quotes", 'apostrophes', (brackets), {braces}, back\\slash, 100%, a*b, a.b, a:b, a&b=c, a+b, ä 漢字 🚢`,
  ],
  ['varchar', 'five5'],
  ['char', 'ab', { shown: 'ab  ' }],
  ['name', 'a_name'],
  ['bytea', '\\xdeadbeef'],
  ['bool', true],
  ['bool', false],
  ['uuid', '00000000-0000-4000-8000-00000000000a'],
  ['date', '2026-02-28'],
  ['date', 'infinity'],
  ['time', '23:59:59.123'],
  ['timetz', '23:59:59+02'],
  ['timestamp', '2026-02-28T23:59:59.123456'],
  ['timestamptz', '2026-02-28T23:59:59+02:00', { shown: '2026-02-28T21:59:59+00:00' }],
  ['interval', '1 day 02:03:04'],
  ['json', { a: [1, 'x', null, { b: true }] }, { found: false }],
  ['json', null, { found: false }],
  ['jsonb', { a: [1, 'x', null, { b: true }] }],
  ['jsonb', [1, 2, 3], { found: '[1, 2, 3]' }],
  ['jsonb', 'a text', { found: '"a text"' }],
  ['jsonb', 42],
  ['jsonb', false],
  ['xml', '<a b="c">d</a>', { found: false }],
  ['bit', '1010'],
  ['varbit', '10'],
  ['inet', '192.0.2.1/24'],
  ['cidr', '192.0.2.0/24'],
  ['macaddr', '08:00:2b:01:02:03'],
  ['point', '(1,2)', { found: false }],
  ['box', '(3,4),(1,2)', { found: false }],
  ['enum', 'liquid'],
  ['domain', 12.5],
  ['composite', { quay: 'A "1"', place: 2 }, { found: false }],
  ['int4s', [1, -2, 3], { found: '{1,-2,3}' }],
  ['int4s', [], { found: '{}' }],
  ['texts', ['a,b', 'c"d', '{e}', '', 'NULL', 'ü'], { found: '{"a,b","c\\"d","{e}","","NULL",ü}' }],
  [
    'grid',
    [
      [1, 2],
      [3, 4],
    ],
    { found: '{{1,2},{3,4}}' },
  ],
  ['jsonbs', [{ a: 1 }, null, [2]], { found: '{"{\\"a\\": 1}",NULL,"[2]"}' }],
  ['enums', ['bulk', 'liquid'], { found: '{bulk,liquid}' }],
  [
    'composites',
    [
      { quay: 'A', place: 1 },
      { quay: null, place: 2 },
    ],
    { found: '{"(A,1)","(,2)"}' },
  ],
  ['int4range', '[1,5)'],
  ['int4range', 'empty'],
  ['numrange', '[1.5,]', { shown: '[1.5,)' }],
  ['daterange', '[2026-01-01,2026-02-01)'],
  ['tstzrange', '["2026-01-01 00:00:00+00","2026-01-02 00:00:00+00")'],
  ['multirange', '{[1,3),[5,8)}'],
  ['tsvector', "'ship':1 'slow':2"],
  ['oid', 26, { shown: '26' }],
]

const textOf = (value: unknown): string => (typeof value === 'object' ? JSON.stringify(value) : String(value))

test.each(CASES.map(([column, given, more], at) => ({ column, given, more, id: at + 1, as: textOf(given) })))(
  '$column: $as',
  async ({ column, given, more = {}, id }) => {
    const made = await kinds()
      .insert({ id, [column]: given })
      .select(column)
      .single<Record<string, unknown>>()
    expect(made.error).toBeNull()
    const shown = 'shown' in more ? more.shown : given
    // JSON's numbers are JavaScript's here: past 2^53 they come near.
    expect(made.data?.[column]).toEqual(typeof shown === 'bigint' ? Number(shown) : shown)
    if (more.found === false) return
    const text = more.found ?? textOf(shown)
    const found = await kinds().select('id').eq(column, text).eq('id', id)
    expect([found.error, found.data]).toEqual([null, [{ id }]])
    // A list is one array to Postgres, so it holds no arrays; and one empty text is PostgREST's word for no value at all.
    if (!Array.isArray(given) && text !== '') {
      const among = await kinds()
        .select('id')
        .filter(column, 'in', `("${text.replaceAll(/["\\]/g, '\\$&')}")`)
        .eq('id', id)
      expect([among.error, among.data]).toEqual([null, [{ id }]])
    }
    const others = await kinds().select('id').neq(column, text).eq('id', id)
    expect([others.error, others.data]).toEqual([null, []])
  },
)

describe('many at once', () => {
  test('keep their kinds, and come back as text in CSV', async () => {
    const rows = [
      { id: 901, text: 'a,"b"', int4s: [1, 2], jsonb: { a: 1 }, bool: true },
      { id: 902, text: null, int4s: null, jsonb: null, bool: null },
    ]
    await kinds().insert(rows)
    const { data } = await kinds().select('id, text, int4s, jsonb, bool').gt('id', 900).order('id')
    expect(data).toEqual(rows)
    const csv = await kinds().select('id, text, int4s, jsonb, bool').gt('id', 900).order('id').csv()
    expect(csv.data).toBe('id,text,int4s,jsonb,bool\n901,"a,""b""","{1,2}","{""a"": 1}",t\n902,,,,')
  })

  test('are set and put back by an update', async () => {
    await kinds().insert({ id: 910, texts: ['a'], jsonb: { a: 1 }, composite: { quay: 'A', place: 1 } })
    const { data } = await kinds()
      .update({ texts: ['b', 'c'], jsonb: null, composite: { quay: 'B', place: null } })
      .eq('id', 910)
      .select('texts, jsonb, composite')
      .single()
    expect(data).toEqual({ texts: ['b', 'c'], jsonb: null, composite: { quay: 'B', place: null } })
  })

  test('a path reaches into a composite and an array as into JSON', async () => {
    await kinds().insert({
      id: 920,
      composite: { quay: 'Q', place: 7 },
      int4s: [5, 6],
      jsonbs: [{ deep: [1] }],
    })
    const { data } = await kinds()
      .select('composite->>quay, composite->place, second:int4s->1, deep:jsonbs->0->deep->0' as '*')
      .eq('composite->>quay', 'Q')
      .eq('int4s->1', 6)
      .single()
    expect(data).toEqual({ quay: 'Q', place: 7, second: 6, deep: 1 })
  })
})
