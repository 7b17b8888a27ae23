/** Requests of the whole grammar, about the tables of schema.sql, with hostile names and values wherever one can stand. */
import fc from 'fast-check'
import { hostile, hostileName } from './hostile.ts'
import { inOrder, listOf, one, text, words } from './parts.ts'
import type { Body, Piece, Written } from './pieces.ts'
import { type Param, param, plainValue, readParams } from './query.ts'
import { columnsOf, ROUTINES, TABLES } from './tables.ts'

const PREFERS = [
  'return=representation',
  'return=minimal',
  'return=headers-only',
  'count=exact',
  'count=planned',
  'count=estimated',
  'resolution=merge-duplicates',
  'resolution=ignore-duplicates',
  'missing=default',
  'handling=strict',
  'max-affected=1',
  'tx=rollback',
  "timezone=UTC'; --",
  "x='; --",
]
const prefer = fc
  .array(fc.constantFrom(...PREFERS), { maxLength: 3 })
  .map((all) => (all.length === 0 ? {} : { prefer: all.join(', ') }))
const ACCEPTS = [
  'application/json',
  'text/csv',
  'application/vnd.pgrst.object+json',
  'application/vnd.pgrst.object+json;nulls=stripped',
  'application/vnd.pgrst.array+json;nulls=stripped',
  'application/geo+json',
  'text/x-lines',
  '*/*',
  "text/';drop--",
  'application/vnd.pgrst.plan+json;options=analyze|verbose',
  'application/vnd.pgrst.plan+text;for="text/csv";options=\'; drop',
]
const accept = fc.oneof(
  { arbitrary: fc.constant({}), weight: 4 },
  { arbitrary: fc.constantFrom(...ACCEPTS).map((type) => ({ accept: type })), weight: 2 },
)
const profile = fc.oneof(
  { arbitrary: fc.constant({}), weight: 20 },
  {
    arbitrary: one('public', 'other', 'pg_catalog', 'public"; --').map((name) => ({
      'accept-profile': name,
      'content-profile': name,
    })),
    weight: 1,
  },
)
const headers: fc.Arbitrary<Record<string, string>> = fc
  .tuple(prefer, accept, profile)
  .map((all) => Object.assign({}, ...all))

const body = (known: readonly string[], least = 0): fc.Arbitrary<Body> =>
  fc
    .tuple(
      fc.uniqueArray(
        fc.oneof(
          { arbitrary: known.length === 0 ? hostileName : fc.constantFrom(...known), weight: 30 },
          { arbitrary: hostileName, weight: 1 },
        ),
        { minLength: Math.min(least, known.length), maxLength: known.length === 0 ? 0 : 3 },
      ),
      fc.boolean(),
      one<'json' | 'csv' | 'form'>('json', 'json', 'json', 'csv', 'form'),
    )
    .chain(([names, object, as]) =>
      fc
        .array(fc.array(hostile, { minLength: names.length, maxLength: names.length }), {
          minLength: 1,
          maxLength: object || as === 'form' ? 1 : 2,
        })
        .map((rows) => ({ as, names, rows, object })),
    )
const rawBody: fc.Arbitrary<Body> = fc
  .tuple(one('text/plain', 'application/octet-stream', 'text/xml', "text/';--"), hostile)
  .map(([type, value]) => ({ as: 'raw', type, text: value }))

const tableName = fc.constantFrom(...Object.keys(TABLES))
const targetOf = (name: string): fc.Arbitrary<Piece[]> =>
  fc.oneof(
    { arbitrary: fc.constant<Piece[]>([{ name, bare: true }]), weight: 40 },
    { arbitrary: hostileName.map((wrong): Piece[] => [{ name: wrong, bare: true }]), weight: 1 },
  )

const read = tableName.chain((name) =>
  fc.record<Written>({
    method: one('GET', 'GET', 'GET', 'HEAD'),
    path: targetOf(name),
    params: readParams(name),
    headers,
    body: fc.constant(null),
  }),
)

const write = fc.tuple(tableName, one('POST', 'PATCH', 'DELETE', 'PUT')).chain(([name, method]) => {
  const columns = columnsOf(name).filter((column) => column !== 'spine')
  const names = listOf(
    fc.oneof(
      { arbitrary: fc.constantFrom(...columns).map((each): Piece[] => [{ name: each }]), weight: 20 },
      { arbitrary: hostileName.map((each): Piece[] => [{ name: each }]), weight: 1 },
    ),
    2,
  )
  const key = columns[0] ?? 'id'
  const extra = fc.oneof(
    fc.constant<Param[]>([]),
    param(words('columns', 'on_conflict'), names).map((each) => [each]),
  )
  const put = param(fc.constant<Piece[]>([{ name: key }]), inOrder(text('eq.'), plainValue)).map((each) => [
    each,
  ])
  return fc.record<Written>({
    method: fc.constant(method),
    path: targetOf(name),
    params: fc.tuple(method === 'PUT' ? put : readParams(name), extra).map((all) => all.flat()),
    headers,
    body:
      method === 'DELETE'
        ? fc.constant(null)
        : fc.oneof({ arbitrary: body(columns), weight: 12 }, { arbitrary: rawBody, weight: 1 }),
  })
})

const call = fc
  .tuple(fc.constantFrom(...Object.keys(ROUTINES)), one('GET', 'POST', 'POST'))
  .chain(([name, method]) => {
    const names = ROUTINES[name] ?? []
    const argument = param(
      fc
        .oneof(
          { arbitrary: fc.constantFrom(...(names.length > 0 ? names : ['x'])), weight: 15 },
          { arbitrary: hostileName, weight: 1 },
        )
        .map((each): Piece[] => [{ name: each, bare: true }]),
      plainValue,
    )
    const args = fc.array(argument, { maxLength: 2 })
    const params =
      name === 'books_by'
        ? fc.tuple(method === 'GET' ? args : fc.constant([]), readParams('book')).map((all) => all.flat())
        : method === 'GET'
          ? args
          : fc.constant<Param[]>([])
    const given = fc.oneof({ arbitrary: body(names, 1), weight: 3 }, { arbitrary: rawBody, weight: 1 })
    return fc.record<Written>({
      method: fc.constant(method),
      path: fc.constant<Piece[]>(['rpc/', { name, bare: true }]),
      params,
      headers,
      body: method === 'GET' ? fc.constant(null) : given,
    })
  })

export const wellFormed: fc.Arbitrary<Written> = fc.oneof(
  { arbitrary: read, weight: 6 },
  { arbitrary: write, weight: 3 },
  { arbitrary: call, weight: 2 },
)
