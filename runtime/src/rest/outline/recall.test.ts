import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { DEFAULT_LIMITS, type RestRequestInput } from '../contract.ts'
import { prepare } from '../prepared.ts'
import { parseRequest } from '../request/request.ts'
import { SAMPLE, SETTINGS } from '../rest-harness.ts'
import { outlineOf } from './outline-of.ts'
import { Recall } from './recall.ts'

const settings = { ...SETTINGS, maxRows: 50 }
const inputOf = (query: string, headers: Record<string, string> = {}): RestRequestInput => ({
  method: 'GET',
  path: '/book',
  query,
  headers,
  body: null,
})
const parse = (input: RestRequestInput) =>
  parseRequest(input, { settings, limits: DEFAULT_LIMITS, timezones: new Set() })

const postOf = (body: string, query = '', headers: Record<string, string> = {}): RestRequestInput => ({
  ...inputOf(query, headers),
  method: 'POST',
  body: Buffer.from(body),
})

/** Learns from one query and asks for the other. */
const recalled = (learnt: string, asked: string) => recalledInput(inputOf(learnt), inputOf(asked))

function recalledInput(first: RestRequestInput, second: RestRequestInput) {
  const recall = new Recall(10)
  const outline = outlineOf(first)
  if (outline === null) return null
  recall.find(outline, SAMPLE, settings)
  const request = parse(first)
  recall.learn(outline, { request, prepared: prepare(SAMPLE, request, settings) })
  const other = outlineOf(second)
  return other && recall.find(other, SAMPLE, settings)
}

describe('a read seen before', () => {
  test.each([
    ['with other values', 'id=eq.1&select=title', 'id=eq.2&select=title'],
    ['with a pattern', 'title=like.*a', 'title=like.*b*c'],
    ['with a page', 'limit=5&offset=1&id=gt.1', 'limit=500&offset=20&id=gt.9'],
    ['with a path into JSON', 'facts->>a=eq.1&order=id', 'facts->>a=eq.x%20y&order=id'],
    ['with equal names', 'id=gt.1&title=eq.a&id=lt.9', 'id=gt.3&title=eq.%26&id=lt.8'],
    ['with truths between', 'title=is.null&id=eq.1', 'title=is.null&id=eq.7'],
    [
      'with a filter on an embed',
      'select=*,author(name)&author.id=eq.1',
      'select=*,author(name)&author.id=eq.2',
    ],
  ])('%s is what parsing would give', (_sentence, learnt, asked) => {
    expect(recalled(learnt, asked)?.request).toEqual(parse(inputOf(asked)))
  })

  test.each([
    ['another operator', 'id=eq.1', 'id=gt.1'],
    ['another column', 'id=eq.1', 'author_id=eq.1'],
    ['another order', 'order=id', 'order=title'],
    ['a negation', 'id=eq.1', 'id=not.eq.1'],
  ])('%s is not taken for it', (_sentence, learnt, asked) => {
    expect(recalled(learnt, asked)).toBeNull()
  })

  test('any values at all are what parsing would give', () => {
    const query = (title: string, id: string, limit: number) =>
      `select=id&title=eq.${encodeURIComponent(title)}&facts->>a=not.lt.${encodeURIComponent(id)}&limit=${limit}`
    fc.assert(
      fc.property(
        fc.string({ unit: 'grapheme' }),
        fc.string(),
        fc.integer({ min: 1, max: 99 }),
        (a, b, n) => {
          const asked = query(a, b, n)
          expect(recalled(query('x', 'y', 1), asked)?.request).toEqual(parse(inputOf(asked)))
        },
      ),
      { numRuns: 500 },
    )
  })
})

const callOf = (query: string): RestRequestInput => ({ ...inputOf(query), path: '/rpc/books' })

describe('a call seen before', () => {
  test.each([
    ['with other values', 'writer=1', 'writer=2'],
    ['with nothing for one', 'writer=1&since=2', 'writer=&since=a%20%22b%22,%7B%7D'],
    ['with a page', 'writer=1&limit=5', 'writer=2&limit=70'],
    ['with columns and an order', 'select=id&order=id&writer=1', 'select=id&order=id&writer=%C3%A9'],
  ])('%s is what parsing would give', (_sentence, learnt, asked) => {
    expect(recalledInput(callOf(learnt), callOf(asked))?.request).toEqual(parse(callOf(asked)))
  })

  test.each([
    ['another name', 'writer=1', 'since=1'],
    ['one name more', 'writer=1', 'writer=1&since=1'],
    ['another order of rows', 'writer=1&order=id', 'writer=1&order=title'],
  ])('%s is not taken for it', (_sentence, learnt, asked) => {
    expect(recalledInput(callOf(learnt), callOf(asked))).toBeNull()
  })

  test('any value at all is what parsing would give, or is parsed', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (value) => {
        const asked = callOf(`writer=${encodeURIComponent(value)}`)
        const outline = outlineOf(asked)
        if (outline === null) return
        expect(recalledInput(callOf('writer=1'), asked)?.request).toEqual(parse(asked))
      }),
      { numRuns: 500 },
    )
  })
})

describe('an insert seen before', () => {
  const minimal = { prefer: 'return=minimal', 'content-type': 'application/json' }
  test.each([
    ['with other values', postOf('{"id":1}'), postOf('{"id":2}')],
    [
      'with its names in another order',
      postOf('{"id":1,"title":"a"}'),
      postOf('{"title":"\\u0000é","id":2}'),
    ],
    ['with preferences', postOf('{"id":1}', '', minimal), postOf('{"id":2}', '', minimal)],
    ['of many rows', postOf('[{"id":1}]'), postOf('[{"id":2},{"id":3}]')],
    ['of no rows', postOf('[]'), postOf('[]')],
    ['without rows at all', postOf('1'), postOf('null')],
    [
      'with its columns in the query',
      postOf('[{"id":1}]', 'columns=id,title&on_conflict=id'),
      postOf('[{"id":2,"a":1},{}]', 'columns=id,title&on_conflict=id'),
    ],
    [
      'with rows to answer',
      postOf('{"id":1}', 'select=id&order=id'),
      postOf('{"id":2}', 'select=id&order=id'),
    ],
  ])('%s is what parsing would give', (_sentence, learnt, asked) => {
    expect(recalledInput(learnt, asked)?.request).toEqual(parse(asked))
  })

  test.each([
    ['another name', postOf('{"id":1}'), postOf('{"title":1}')],
    ['one name more', postOf('{"id":1}'), postOf('{"id":1,"title":1}')],
    ['a list', postOf('{"id":1}'), postOf('[{"id":1}]')],
    [
      'a list where the query names columns',
      postOf('{"id":1}', 'columns=id'),
      postOf('[{"id":1}]', 'columns=id'),
    ],
    ['another preference', postOf('{"id":1}'), postOf('{"id":1}', '', minimal)],
    ['another profile', postOf('{"id":1}'), postOf('{"id":1}', '', { 'content-profile': 'public' })],
    ['another query', postOf('{"id":1}', 'select=id'), postOf('{"id":1}', 'select=title')],
  ])('%s is not taken for it', (_sentence, learnt, asked) => {
    expect(recalledInput(learnt, asked)).toBeNull()
  })

  test('any rows at all are what parsing would give', () => {
    const rows = fc.array(fc.record({ id: fc.jsonValue(), title: fc.jsonValue() }), { minLength: 1 })
    fc.assert(
      fc.property(rows, fc.boolean(), (all, isOne) => {
        const of = (value: unknown[]) => postOf(JSON.stringify(isOne ? value[0] : value))
        const asked = of(all)
        expect(recalledInput(of([{ id: 1, title: 2 }]), asked)?.request).toEqual(parse(asked))
      }),
      { numRuns: 300 },
    )
  })
})

describe('no outline, so it is parsed', () => {
  test.each([
    ['a tree of conditions', inputOf('or=(id.eq.1,id.eq.2)')],
    ['a list', inputOf('id=in.(1,2)')],
    ['a limit of none', inputOf('limit=0')],
    ['two limits', inputOf('limit=1&limit=2')],
    ['a range header', inputOf('id=eq.1', { range: '0-1' })],
    ['a filter on what a function gives', callOf('writer=1&id=eq.1')],
    ['an argument that looks like a filter', callOf('since=eq.1')],
    ['an argument with a dot, however it is written', callOf('since=a%2Eb')],
    ['an argument given twice', callOf('writer=1&writer=2')],
    ['an argument by a path', callOf('book.id=1')],
    ['an update', { ...inputOf('id=eq.1'), method: 'PATCH' }],
    ['no JSON', postOf('{')],
    ['rows of different names', postOf('[{"id":1},{"title":1}]')],
    ['another type of body', postOf('id\n1', '', { 'content-type': 'text/csv' })],
    ['a form', postOf('id=1', '', { 'content-type': 'application/x-www-form-urlencoded' })],
    ['a filter beside a body', postOf('{"id":1}', 'id=eq.1')],
    ['names without end', postOf(`{"${'n'.repeat(5_000)}":1}`)],
    ['a body of nothing', { ...postOf(''), body: null }],
  ])('%s', (_sentence, input) => {
    expect(outlineOf(input)).toBeNull()
  })
})

test('a new schema forgets the old one', () => {
  const recall = new Recall(10)
  const input = inputOf('id=eq.1')
  const outline = outlineOf(input)
  if (outline === null) throw new Error('no outline')
  expect(recall.find(outline, SAMPLE, settings)).toBeNull()
  const request = parse(input)
  recall.learn(outline, { request, prepared: prepare(SAMPLE, request, settings) })
  expect(recall.find(outline, SAMPLE, settings)).not.toBeNull()
  expect(recall.find(outline, { ...SAMPLE }, settings)).toBeNull()
})
