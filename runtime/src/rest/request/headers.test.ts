import { describe, expect, test } from 'vitest'
import type { RestError } from '../errors.ts'
import { requestOf } from '../rest-harness.ts'
import { csvToRows } from './csv.ts'
import { contentTypeOf, mediaTypeName, parseAccept } from './media.ts'
import { appliedPreferences, parsePrefer } from './prefer.ts'
import { topLevelRange } from './range.ts'

const allowed = { txOverride: true, timezones: new Set(['Europe/Vienna']) }

describe('Prefer', () => {
  test.each([
    ['the first of a kind wins', 'count=exact, count=planned', { count: 'exact' }],
    ['what nobody knows is remembered', 'return=minimal,foo', { return: 'minimal', invalid: ['foo'] }],
    [
      'a timezone must exist',
      'timezone=Mars/Olympus',
      { timezone: null, invalid: ['timezone=Mars/Olympus'] },
    ],
    ['a timezone that exists is taken', 'timezone=Europe/Vienna', { timezone: 'Europe/Vienna', invalid: [] }],
    ['a number of rows', 'max-affected=3', { maxAffected: 3 }],
  ])('%s', (_sentence, header, expected) => {
    expect(parsePrefer(header, allowed)).toMatchObject(expected)
  })

  test('a transaction ends as told only where that is allowed', () => {
    const told = parsePrefer('tx=rollback', { ...allowed, txOverride: false })
    expect(told).toMatchObject({ tx: null, invalid: [] })
  })

  test('what was applied is told in one order', () => {
    const preferences = parsePrefer('count=exact, return=minimal, handling=strict, max-affected=2', allowed)
    expect(appliedPreferences(preferences, ['maxAffected', 'return', 'handling'])).toBe(
      'return=minimal, handling=strict, max-affected=2',
    )
  })
})

describe('Accept', () => {
  const names = (header: string) => parseAccept(header).map(mediaTypeName)
  test.each([
    ['better quality goes first', 'text/csv;q=0.5, application/json', ['application/json', 'text/csv']],
    ['anything gives way to something', '*/*, text/csv', ['text/csv', '*/*']],
    [
      'of equal quality, what says more',
      'text/*, text/csv, application/vnd.pgrst.array;nulls=stripped',
      ['application/vnd.pgrst.array+json;nulls=stripped', 'text/csv', 'text/*'],
    ],
    ['one object', 'application/vnd.pgrst.object+json', ['application/vnd.pgrst.object+json']],
    ['case does not matter', 'Text/CSV, Application/VND.pgrst.Array', ['text/csv', 'application/json']],
    ['of what is not ours it is left', 'Image/PNG', ['Image/PNG']],
    [
      'nulls left out, wherever that is said',
      'application/vnd.pgrst.array+json; charset=utf-8; Nulls="stripped"',
      ['application/vnd.pgrst.array+json;nulls=stripped'],
    ],
    [
      'nulls left out',
      'application/vnd.pgrst.object;nulls=stripped',
      ['application/vnd.pgrst.object+json;nulls=stripped'],
    ],
    [
      'a plan, with what it is of',
      'application/vnd.pgrst.plan+json; for="text/csv"; options=verbose|analyze',
      ['application/vnd.pgrst.plan+json; for="text/csv"; options=analyze|verbose'],
    ],
  ])('%s', (_sentence, header, expected) => {
    expect(names(header)).toEqual(expected)
  })

  test("a tenant's own type carries no charset: nobody knows it", () => {
    expect(contentTypeOf({ kind: 'plain', name: 'image/png' })).toBe('image/png')
    expect(contentTypeOf({ kind: 'plain', name: 'text/csv' })).toBe('text/csv; charset=utf-8')
  })
})

describe('the rows asked for', () => {
  const page = (limit: number | null, offset: number | null) => ({
    limit,
    offset,
    hasLimit: limit !== null,
    hasOffset: offset !== null,
  })
  test.each([
    ['all of them', undefined, undefined, { offset: 0, limit: null }],
    ['a page', page(5, 10), undefined, { offset: 10, limit: 5 }],
    ['a header narrows the page', page(5, 0), '1-2', { offset: 1, limit: 2 }],
    ['a header cannot widen it', page(3, 2), '0-9', { offset: 2, limit: 3 }],
    ['an open header', undefined, '4-', { offset: 4, limit: null }],
    ['none at all, whatever the header says', page(0, null), '3-9', { offset: 0, limit: 0 }],
    ['an offset before the first row is none', page(null, -4), undefined, { offset: 0, limit: null }],
    ['a header that is none is no wish', undefined, 'lines=1', { offset: 0, limit: null }],
  ])('%s', (_sentence, query, header, expected) => {
    expect(topLevelRange(query, header)).toEqual(expected)
  })

  test.each([
    ['fewer than none', page(-1, null), undefined, 'Limit should'],
    ['from the end to the start', undefined, '5-2', 'The lower boundary'],
    ['a header beside the page', page(2, 1), '5-9', 'Limit should'],
    ['none from an offset on', page(0, 7), undefined, 'Limit should'],
  ])('%s cannot be satisfied', (_sentence, query, header, details) => {
    const refusal = { code: 'PGRST103', details: expect.stringContaining(details) }
    expect(() => topLevelRange(query, header)).toThrow(expect.objectContaining(refusal))
  })
})

describe('CSV', () => {
  test.each([
    ['quotes hide commas and line ends', 'a,b\n"x,\ny","say ""hi"""', [{ a: 'x,\ny', b: 'say "hi"' }]],
    ['NULL is null, and nothing is an empty text', 'a,b\r\nNULL,\r\n', [{ a: null, b: '' }]],
    ['a header alone is no row', 'a,b\n', []],
    ['what is beyond the header is dropped', 'a\n1,2', [{ a: '1' }]],
    ['a line gives what it has', 'a,b\n1', [{ a: '1' }]],
  ])('%s', (_sentence, text, expected) => {
    expect(csvToRows(text).rows).toEqual(expected)
  })

  test.each([
    ['lines must have the columns of the first', 'a,b\n1,2\n3', 'All lines must have same number of fields'],
    ['nothing at all is no header', '', 'parse error (not enough input) at ""'],
    ['a quote in the middle is told with what follows', 'a\nx"y\n', 'parse error (endOfInput) at "\\"y\\n"'],
  ])('%s', (_sentence, text, message) => {
    expect(() => csvToRows(text)).toThrow(expect.objectContaining({ message }))
  })
})

describe('a request that cannot be meant', () => {
  const code = (line: string, headers = {}, body?: string): string => {
    try {
      requestOf({ line, headers, ...(body === undefined ? {} : { body }) })
      return 'none'
    } catch (error) {
      return (error as RestError).code
    }
  }
  test.each([
    ['a path with no place', 'GET /a/b', {}, undefined, 'PGRST125'],
    ['a verb nobody knows', 'BREW /book', {}, undefined, 'PGRST117'],
    ['a function deleted', 'DELETE /rpc/f', {}, undefined, 'PGRST101'],
    ['a schema that is not shown', 'GET /book', { 'accept-profile': 'secret' }, undefined, 'PGRST106'],
    ['a body that is no JSON', 'POST /book', {}, '{', 'PGRST102'],
    ['rows of different keys', 'POST /book', {}, '[{"id":1},{"title":"a"}]', 'PGRST102'],
    ['a type of body nobody reads', 'POST /book', { 'content-type': 'image/png' }, 'x', 'PGRST102'],
    ['PUT of a page', 'PUT /book?limit=1', {}, '{}', 'PGRST114'],
  ])('%s', (_sentence, line, headers, body, expected) => {
    expect(code(line, headers, body)).toBe(expected)
  })
})
