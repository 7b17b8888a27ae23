import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { shapeKey } from '../prepared.ts'
import { type Line, requestOf, statementOf } from '../rest-harness.ts'

describe('rows are read with', () => {
  test.each<[string, Line, string, unknown[]]>([
    [
      'names quoted and values apart',
      { line: 'GET /book?select=title&id=eq.3' },
      'select "book"."title" from "public"."book" as "book" where "book"."id" = $1',
      ['3'],
    ],
    [
      'one parameter for a list of any length',
      { line: 'GET /book?select=id&id=in.(1,2,3)' },
      'select "book"."id" from "public"."book" as "book" where "book"."id" = any($1)',
      ['{"1","2","3"}'],
    ],
    [
      'text made searchable, a vector left as it is',
      { line: 'GET /book?select=id&title=fts(simple).a&words=plfts.b' },
      'select "book"."id" from "public"."book" as "book" where to_tsvector($1, "book"."title") @@ to_tsquery($2, $3) and "book"."words" @@ plainto_tsquery($4)',
      ['simple', 'simple', 'a', 'b'],
    ],
    [
      'JSON paths as parameters; other types made JSON first',
      { line: 'GET /book?select=facts->a&title->>b=is.null' },
      'select "book"."facts"->$1 as "a" from "public"."book" as "book" where to_jsonb("book"."title")->>$2 is null',
      ['a', 'b'],
    ],
    [
      'an alias for a table within itself',
      { line: 'GET /author?select=boss(name)' },
      'select to_jsonb("author_boss_1".*) as "boss" from "public"."author" as "author" left join lateral (select "author_1"."name" from "public"."author" as "author_1" where "author"."boss" = "author_1"."id") as "author_boss_1" on true',
      [],
    ],
    [
      'an aggregate grouped by position',
      { line: 'GET /book?select=facts->>a,id.max()' },
      'select "book"."facts"->>$1 as "a", max("book"."id") from "public"."book" as "book" group by 1',
      ['a'],
    ],
  ])('%s', (_sentence, line, text, values) => {
    expect(statementOf(line)).toEqual({ text, values })
  })
})

const eager = { numRuns: 500 }
const text = fc.oneof(
  fc.string({ unit: 'grapheme', minLength: 1 }),
  fc.string({
    unit: fc.constantFrom("'", '"', '\\', ';', '-', '$', '(', ')', ',', '.', '*', '%', '{', '}', ' ', 'a'),
  }),
)
const operator = fc.constantFrom(
  'eq',
  'neq',
  'like',
  'ilike',
  'match',
  'cs',
  'ov',
  'fts',
  'isdistinct',
  'gt(any)',
)

describe('no text of a filter reaches SQL outside a parameter', () => {
  test('of one column', () => {
    fc.assert(
      fc.property(operator, text, text, (op, one, other) => {
        const statement = (value: string) =>
          statementOf({ line: `GET /book?select=id&title=${op}.${encodeURIComponent(value)}` }).text
        // Whatever the value, the statement is the same to the letter.
        expect(statement(one)).toBe(statement(other))
      }),
      eager,
    )
  })

  test('of a list, a path or a tree', () => {
    fc.assert(
      fc.property(text, (value) => {
        const quoted = encodeURIComponent(`"${value.replace(/[\\"]/g, '\\$&')}"`)
        const line = `GET /book?select=id&title=in.(${quoted})&facts->>${quoted}=eq.${quoted}&or=(title.eq.${quoted})`
        const plain = 'GET /book?select=id&title=in.("x")&facts->>"x"=eq."x"&or=(title.eq."x")'
        expect(statementOf({ line }).text).toBe(statementOf({ line: plain }).text)
      }),
      eager,
    )
  })

  test('of a body', () => {
    fc.assert(
      fc.property(text, (value) => {
        const body = (title: string) => JSON.stringify({ title })
        const statement = (title: string) => statementOf({ line: 'POST /book', body: body(title) }).text
        expect(statement(value)).toBe(statement('x'))
      }),
      eager,
    )
  })

  test('and a name that nobody knows stays one quoted name', () => {
    fc.assert(
      fc.property(text, (value) => {
        const name = value.replaceAll('\0', '')
        // A star is every column, quoted or not.
        fc.pre(name !== '' && name !== '*')
        const inUrl = encodeURIComponent(`"${name.replace(/[\\"]/g, '\\$&')}"`)
        const { text: sql } = statementOf({ line: `GET /book?select=${inUrl}` })
        expect(sql).toBe(`select "book"."${name.replaceAll('"', '""')}" from "public"."book" as "book"`)
      }),
      eager,
    )
  })
})

describe('two requests have one shape', () => {
  const key = (line: string) => shapeKey(requestOf({ line }))
  test.each([
    ['when only values differ', 'id=eq.1&limit=3', 'id=eq.22&limit=4', true],
    ['when lists differ in length', 'id=in.(1)', 'id=in.(1,2)', true],
    ['not when an operator differs', 'id=eq.1', 'id=gt.1', false],
    ['not when a column differs', 'id=eq.1', 'author_id=eq.1', false],
    ['not when a limit is missing', 'limit=1', '', false],
  ])('%s', (_sentence, one, other, same) => {
    expect(key(`GET /book?${one}`) === key(`GET /book?${other}`)).toBe(same)
  })
})
