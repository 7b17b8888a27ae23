import { describe, expect, test } from 'vitest'
import type { RestError } from '../errors.ts'
import { requestOf } from '../rest-harness.ts'
import { canonicalQuery, splitQuery } from './query-string.ts'
import type { Filter, SelectItem } from './types.ts'

const parse = (query: string) => requestOf({ line: `GET /book?${query}` })

/** A select list in words, as short as they come. */
const words = (items: readonly SelectItem[]): string =>
  items
    .map((item) => {
      if (item.kind === 'embed') {
        const flags = [item.alias && `as ${item.alias}`, item.hint && `by ${item.hint}`, item.join]
        const name = `${item.spread ? '...' : ''}${item.name}`
        return `${[name, ...flags.filter(Boolean)].join(' ')} [${words(item.select)}]`
      }
      const path = item.field.path.map(({ arrow, index }) => arrow + (index ? '#' : '$')).join('')
      const flags = [
        item.cast && `cast ${item.cast}`,
        item.aggregate,
        item.aggregateCast && `cast ${item.aggregateCast}`,
        item.alias && `as ${item.alias}`,
      ]
      return [item.field.name + path, ...flags.filter(Boolean)].join(' ')
    })
    .join(', ')

describe('select', () => {
  test.each([
    ['takes everything when nothing is said', '', '*'],
    ['takes names with blanks and dashes', 'select=first name,field-with_sep', 'first name, field-with_sep'],
    ['takes quoted names as they are', 'select="a,b"', 'a,b'],
    ['renames and casts', 'select=n:title::text', 'title cast text as n'],
    ['goes into JSON by key and by index', 'select=facts->a->>-1', 'facts->$->>#'],
    ['aggregates, casting before and after', 'select=id::text.max()::int', 'id cast text max cast int'],
    ['counts rows', 'select=n:count()', '* count as n'],
    ['nests embeds', 'select=id,author(name,boss(*))', 'id, author [name, boss [*]]'],
    ['takes hint and join in either order', 'select=a:tag!inner!fk(id)', 'tag as a by fk inner [id]'],
    ['spreads', 'select=...author(name)', '...author [name]'],
    ['allows an embed that shows nothing', 'select=author()', 'author []'],
    ['keeps a column called count apart', 'select=count', 'count'],
  ])('%s', (_sentence, query, expected) => {
    expect(words(parse(query).query.select)).toBe(expected)
  })
})

/** A filter in words; values are told by what their slot holds. */
function filterWords(query: string): string {
  const request = parse(query)
  const { what } = request.query.filters[0] as { what: Filter }
  const value = (slot: { slot: number }) => String(request.values[slot.slot])
  const { operation: o, not } = what
  const said =
    o.kind === 'compare'
      ? `${o.operator}${o.quantifier ? ` ${o.quantifier}` : ''} ${value(o.value)}`
      : o.kind === 'in'
        ? `in ${value(o.values)}`
        : o.kind === 'is'
          ? `is ${o.truth}`
          : o.kind === 'distinct'
            ? `distinct ${value(o.value)}`
            : `${o.operator} ${o.language ? value(o.language) : '-'} ${value(o.value)}`
  return `${not ? 'not ' : ''}${said}`
}

describe('a filter', () => {
  test.each([
    ['keeps dots and commas of its value', 'title=eq.a.b,c', 'eq a.b,c'],
    ['reads plus as blank and escapes as bytes', 'title=eq.a+b%2Bc', 'eq a b+c'],
    ['takes a star for a percent sign in patterns only', 'title=like.*a*', 'like %a%'],
    ['leaves stars elsewhere', 'title=match.a*', 'match a*'],
    ['negates', 'id=not.gt.3', 'not gt 3'],
    ['asks any and all', 'id=gt(any).{1,2}', 'gt any {1,2}'],
    ['lists values, quoted where needed', 'title=in.(a,"b,c","d\\"e")', 'in {"a","b,c","d\\"e"}'],
    ['lists nothing', 'title=in.()', 'in {}'],
    ['knows four truths, in any case', 'id=is.UNKNOWN', 'is unknown'],
    ['knows not null', 'id=is.not_null', 'is not null'],
    ['compares with null in mind', 'id=isdistinct.5', 'distinct 5'],
    ['searches in a language', 'words=wfts(english).a b', 'wfts english a b'],
    ['drops what follows a NUL: no text of Postgres holds one', 'title=eq.a%00b', 'eq a'],
  ])('%s', (_sentence, query, expected) => {
    expect(filterWords(query)).toBe(expected)
  })
})

const OR_NOT = (wrong: string) => `unexpected ${wrong} expecting "not" or operator (eq, gt, ...)`
const OPERATOR = (wrong: string) => `unexpected ${wrong} expecting operator (eq, gt, ...)`

describe('what does not parse', () => {
  test.each([
    ['an unknown operator', 'id=foo.1', 'failed to parse filter (foo.1)', 1, OR_NOT('"f"')],
    [
      'a truth that takes no quantifier',
      'id=is(any).null',
      'failed to parse filter (is(any).null)',
      3,
      OPERATOR('"("'),
    ],
    [
      'a group of neither kind',
      'and=(ord(id.eq.1))',
      'failed to parse logic tree ((ord(id.eq.1)))',
      7,
      'unexpected "d" expecting "("',
    ],
    [
      'nothing after a comma',
      'select=id,',
      'failed to parse select parameter (id,)',
      4,
      'unexpected end of input expecting "...", field name (* or [a..z0..9_$]), "*" or "count()"',
    ],
    [
      'a spread of a path',
      'select=...book->x(id)',
      'failed to parse select parameter (...book->x(id))',
      10,
      "unexpected '>'",
    ],
    ['an operator and more', 'id=eqx.1', 'failed to parse filter (eqx.1)', 3, OPERATOR('"x"')],
    ['no language', 'words=fts().a', 'failed to parse filter (fts().a)', 5, OPERATOR('")"')],
    ['no quantifier', 'id=eq().a', 'failed to parse filter (eq().a)', 4, OPERATOR('")"')],
    [
      'an empty tree',
      'or=()',
      'failed to parse logic tree (())',
      4,
      'unexpected ")" expecting field name (* or [a..z0..9_$]), negation operator (not) or logic operator (and, or)',
    ],
    [
      'a direction that is none',
      'order=id.ac',
      'failed to parse order (id.ac)',
      4,
      'unexpected "c" expecting "asc", "desc", "nullsfirst" or "nullslast"',
    ],
    [
      'two columns of an embed',
      'order=author(name,id)',
      'failed to parse order (author(name,id))',
      7,
      'unexpected \'(\' expecting letter, digit, "-", "->>", "->", delimiter (.), "," or end of input',
    ],
    [
      'a hint on a column',
      'select=title!hint',
      'failed to parse select parameter (title!hint)',
      6,
      'unexpected \'!\' expecting letter, digit, "-", "->>", "->", "::", ".", ")", "," or end of input',
    ],
    [
      'a bad index',
      'select=facts->>-x',
      'failed to parse select parameter (facts->>-x)',
      10,
      'unexpected "x" expecting digit',
    ],
    [
      'a list without parentheses',
      'id=in.1,2',
      'failed to parse filter (in.1,2)',
      4,
      'unexpected "1" expecting "("',
    ],
    [
      'a truth that is none',
      'id=is.5',
      'failed to parse filter (is.5)',
      4,
      'unexpected "5" expecting isVal: (null, not_null, true, false, unknown)',
    ],
  ])('%s is told with its place', (_sentence, query, what, column, expected) => {
    let error: RestError | undefined
    try {
      parse(query)
    } catch (thrown) {
      error = thrown as RestError
    }
    expect(error).toMatchObject({ code: 'PGRST100', status: 400 })
    expect(error?.message).toBe(`"${what}" (line 1, column ${column})`)
    expect(error?.details).toBe(expected)
  })

  test.each([
    ['a list', `select=${'a,'.repeat(8000)}!`],
    ['an order', `order=${'a.desc,'.repeat(2000)}!`],
  ])('%s too long to look through is refused without the place', (_sentence, query) => {
    const refused = { code: 'PGRST100', status: 400, details: 'too long a text to say where it is wrong' }
    expect(() => parse(query)).toThrow(expect.objectContaining(refused))
  })

  test('trees and embeds have a depth that is enough', () => {
    expect(() => parse(`select=${'a('.repeat(40)}${')'.repeat(40)}`)).toThrow(/select/)
    expect(() => parse(`and=(${'and('.repeat(90)}id.eq.1${')'.repeat(90)})`)).toThrow(/logic/)
  })
})

describe('an argument of a function', () => {
  test.each([
    ['is a bare value', 'a=1', ['a']],
    ['is not a filter on the result', 'a=1&id=eq.3', ['a']],
    ['is not an embed either', 'author.id=eq.3', []],
    ['may be called in quotes', '"a.b"=1', ['a.b']],
  ])('%s', (_sentence, query, expected) => {
    const { query: parsed } = requestOf({ line: `GET /rpc/f?${query}` })
    expect(parsed.args.map(({ name }) => name)).toEqual(expected)
  })
})

test('the canonical query is sorted, and equal keys are joined', () => {
  expect(canonicalQuery(splitQuery('b=2&a=(x)&b=%2A&c'))).toBe('a=%28x%29&b=2,%2A&c=')
})
