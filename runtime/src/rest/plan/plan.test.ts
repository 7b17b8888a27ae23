import { describe, expect, test } from 'vitest'
import type { RestError } from '../errors.ts'
import { type Line, preparedOf } from '../rest-harness.ts'

function refusal(line: Line): RestError {
  try {
    preparedOf(line)
  } catch (error) {
    return error as RestError
  }
  throw new Error(`${line.line} was not refused`)
}

describe('what cannot be planned is refused by name', () => {
  test.each([
    ['a table nobody has', 'GET /boook', 'PGRST205', "Perhaps you meant the table 'public.book'"],
    ['an embed with nothing to tie it', 'GET /tag?select=author(*)', 'PGRST200', undefined],
    [
      'an embed misspelt',
      'GET /book?select=authr(*)',
      'PGRST200',
      "Perhaps you meant 'author' instead of 'authr'.",
    ],
    ['a filter on what is not embedded', 'GET /book?author.id=eq.1', 'PGRST108', undefined],
    ['an order by many', 'GET /author?select=*,book(*)&order=book(id)', 'PGRST118', undefined],
    ['a cast to no type', 'GET /book?select=id::nothing', '42704', undefined],
    [
      'a function nobody has',
      'GET /rpc/book',
      'PGRST202',
      'Perhaps you meant to call the function public.books',
    ],
    ['a function by other arguments', 'GET /rpc/books?author=1', 'PGRST202', undefined],
    ['PUT by other than the key', 'PUT /book?title=eq.a', 'PGRST105', undefined],
    ['an aggregate of many-to-many spread', 'GET /book?select=...tag(id.sum())', 'PGRST127', undefined],
    ['a type nobody writes', 'GET /book', 'PGRST107', undefined],
  ])('%s', (_sentence, line, code, hint) => {
    const headers: Record<string, string> = code === 'PGRST107' ? { accept: 'image/png' } : {}
    const body = line.startsWith('PUT') ? { body: '{"id":1}' } : {}
    const error = refusal({ line, headers, ...body })
    expect(error.code).toBe(code)
    if (hint !== undefined) expect(error.hint).toBe(hint)
  })

  test('a column in a body that the table lacks', () => {
    const error = refusal({ line: 'POST /book', body: '{"colour":"red"}' })
    expect(error).toMatchObject({ code: 'PGRST204', message: expect.stringContaining("'colour'") })
  })
})

describe('one key of a table to itself is two relationships', () => {
  test.each([
    ['its own name means the many', 'GET /author?select=author(name)', false],
    ["the column's name means the one", 'GET /author?select=boss(name)', true],
  ])('%s', (_sentence, line, toOne) => {
    expect(preparedOf({ line }).prepared.plan.read.embeds[0]?.toOne).toBe(toOne)
  })
})

describe('an overload is chosen by the names given', () => {
  test.each([
    ['one of them', { line: 'GET /rpc/same?a=1' }, ['a']],
    ['the other', { line: 'POST /rpc/same', body: '{"b":1}' }, ['b']],
    ['the body as a whole, where no names fit', { line: 'POST /rpc/whole', body: '{"x":1}' }, ['']],
  ])('%s', (_sentence, line, expected) => {
    const { plan } = preparedOf(line).prepared
    const names = plan.kind === 'call' ? plan.call.routine.arguments.map(({ name }) => name) : []
    expect(names).toEqual(expected)
  })

  test('two that fit alike are told', () => {
    expect(refusal({ line: 'GET /rpc/twice?a=1' })).toMatchObject({ code: 'PGRST203', status: 300 })
  })
})

describe('rows are counted in the answer', () => {
  const perLine = (line: string, headers: Record<string, string> = {}) => {
    const { plan } = preparedOf({ line, headers }).prepared
    return plan.kind === 'read' && plan.rowPerLine
  }

  test.each([
    ['of columns that are written on one line', 'GET /book?select=id,title,facts'],
    ['of all of them', 'GET /tag'],
    ['filtered and ordered by anything', 'GET /book?select=title&words=fts.a&order=words'],
  ])('%s', (_sentence, line) => {
    expect(perLine(line)).toBe(true)
  })

  test.each([
    ['a type that nobody vouches for', 'GET /book?select=words'],
    ['a star that stands for one', 'GET /book'],
    ['an embed', 'GET /author?select=id,book(id)'],
    ['an embed that only filters', 'GET /author?select=id,book()'],
    ['a path into JSON', 'GET /book?select=facts->a'],
    ['a cast', 'GET /book?select=id::text'],
    ['an aggregate', 'GET /book?select=id.count()'],
    ['what may be a computed column', 'GET /book?select=nobody_knows'],
    ['nothing shown', 'HEAD /tag'],
  ])('but not with %s', (_sentence, line) => {
    expect(perLine(line)).toBe(false)
  })

  test.each([
    'text/csv',
    'application/vnd.pgrst.object+json',
    'application/vnd.pgrst.array+json;nulls=stripped',
  ])('nor as %s', (accept) => {
    expect(perLine('GET /tag', { accept })).toBe(false)
  })
})
