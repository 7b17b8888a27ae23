/** Functions of every kind, called by supabase-js with POST, GET and HEAD. */
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import { ADA, type Harbour, openHarbour } from '../harness/harbour.ts'
import { METHODS } from '../harness/harbour-methods.ts'

let harbour: Harbour

beforeAll(async () => {
  harbour = await openHarbour(inject('instance'))
  await harbour.fill()
})

afterAll(() => expect([...harbour.called]).toEqual(expect.arrayContaining([...METHODS.functions])))

type Args = Record<string, unknown>

describe.each([
  ['POST', {}],
  ['GET', { get: true }],
] as const)('by %s', (_method, options) => {
  test.each<[sentence: string, name: string, args: Args, answer: unknown]>([
    ['a number', 'add', { a: 1, b: 2 }, 3],
    ['an argument left to its default', 'add', { a: 1 }, 11],
    ['an argument that is undefined', 'add', { a: 1, b: undefined }, 11],
    ['a text', 'greet', { name: 'Ada & Bo?' }, 'ahoy Ada & Bo?'],
    ['an overload by its arguments', 'greet', { name: 'Ada', times: 2 }, 'ahoy ahoy Ada'],
    ['nothing', 'nothing', {}, null],
    ['a list of scalars', 'names', {}, ['Aurora', 'Boreas', 'Ceto, the "Old"', 'Doris', 'eos']],
    ['a row', 'flagship', {}, expect.objectContaining({ id: 1, name: 'Aurora', spare: 600 })],
    [
      'rows of no table',
      'port_load',
      {},
      [
        { port: 'Bergen', ships: 2 },
        { port: 'Osaka', ships: 1 },
        { port: 'Santos', ships: 1 },
      ],
    ],
    ['an array', 'longest', { words: ['a', 'ccc', 'bb'] }, 'ccc'],
    [
      'of a table, with a value of an enum',
      'of_kind',
      { wanted: 'liquid' },
      [expect.objectContaining({ id: 2 })],
    ],
  ])('%s', async (_sentence, name, args, answer) => {
    const { data, error } = await harbour.anon.rpc(name, args, options)
    expect(error).toBeNull()
    expect(data).toEqual(answer)
  })

  test('rows are selected, filtered, ordered, cut and embedded like those of a table', async () => {
    const { data, count } = await harbour.anon
      .rpc('ships_over', { lowest: 250 }, { ...options, count: 'exact' })
      .select('id, name, home_port(name)' as '*')
      .neq('kind', 'liquid')
      .order('id', { ascending: false })
      .range(0, 1)
    expect(data).toEqual([
      { id: 4, name: 'Doris', home_port: { name: 'Santos' } },
      { id: 3, name: 'Ceto, the "Old"', home_port: { name: 'Bergen' } },
    ])
    expect(count).toBe(3)
  })

  test('one row of several is refused, one of one is an object', async () => {
    const several = await harbour.anon.rpc('ships_over', { lowest: 0 }, options).single()
    expect([several.status, several.error?.code]).toEqual([406, 'PGRST116'])
    const one = await harbour.anon.rpc('ships_over', { lowest: 1200 }, options).select('id').single()
    expect(one.data).toEqual({ id: 4 })
    expect((await harbour.anon.rpc('ships_over', { lowest: 9999 }, options).maybeSingle()).data).toBeNull()
  })

  test('rows as CSV', async () => {
    const { data } = await harbour.anon.rpc('port_load', {}, options).csv()
    expect(data).toBe('port,ships\nBergen,2\nOsaka,1\nSantos,1')
  })
})

describe('with a body', () => {
  test('as many arguments as come', async () => {
    expect((await harbour.anon.rpc('total', { weights: [1, 2, 3] })).data).toBe(6)
  })

  test('JSON goes in and out', async () => {
    const { data } = await harbour.anon.rpc('merged', { papers: { a: [1, { b: null }] } })
    expect(data).toEqual({ a: [1, { b: null }], seen: true })
  })

  test('a function of one unnamed argument takes it whole', async () => {
    expect((await harbour.anon.rpc('whole', { any: ['thing'] })).data).toEqual({ any: ['thing'] })
  })

  test('a big list has room where a URL has none', async () => {
    const words = Array.from({ length: 20_000 }, (_, at) => `w${at}`)
    expect((await harbour.anon.rpc('longest', { words })).data).toBe('w10000')
  })
})

describe('heads and counts', () => {
  test('head gives a count and no rows', async () => {
    const answer = await harbour.anon.rpc('ships_over', { lowest: 250 }, { head: true, count: 'exact' })
    expect(answer).toMatchObject({ data: null, error: null, count: 4 })
  })

  test('head with an object among the arguments goes by POST, and still has no rows', async () => {
    const { data, error, status } = await harbour.anon.rpc('merged', { papers: {} }, { head: true })
    expect([error, status]).toEqual([null, 200])
    expect(data).toEqual({ seen: true })
  })

  test.each(['exact', 'estimated'] as const)('a %s count of rows', async (count) => {
    const { data, count: found } = await harbour.anon.rpc('ships_over', { lowest: 250 }, { count }).limit(1)
    expect(data).toHaveLength(1)
    expect(found).toBe(4)
  })

  test('a planned count there is none: as in PostgREST, a call is not asked of the planner', async () => {
    const { data, count } = await harbour.anon.rpc('ships_over', { lowest: 250 }, { count: 'planned' })
    expect([data?.length, count]).toEqual([4, Number.NaN])
  })
})

describe('what a function may do', () => {
  test('it writes by POST, and not by GET', async () => {
    const written = await harbour.service
      .rpc('load_all', { amount: 1 })
      .select('id, loaded')
      .eq('id', 1)
      .single()
    expect(written.data).toEqual({ id: 1, loaded: 301 })
    const { error, status } = await harbour.service.rpc('load_all', { amount: 1 }, { get: true })
    expect([status, error?.code]).toEqual([405, '25006'])
    await harbour.fill()
  })

  test('it chooses status and headers', async () => {
    let headers: Headers | undefined
    const fetch = async (...input: Parameters<typeof harbour.fetch>) => {
      const answer = await harbour.fetch(...input)
      headers = answer.headers
      return answer
    }
    const client = harbour.client(harbour.anonKey, { global: { fetch: fetch as typeof globalThis.fetch } })
    const { data, status } = await client.rpc('created')
    expect([data, status, headers?.get('x-harbour')]).toEqual(['done', 202, 'open'])
    const { status: refused } = await client.rpc('refuse', { code: 'whole' })
    expect([refused, headers?.get('x-harbour')]).toEqual([409, 'full'])
  })

  test.each<[sentence: string, code: string, status: number, error: object]>([
    [
      'an error of its own',
      'storm',
      400,
      { code: 'P0001', message: 'refused: storm', details: 'because', hint: 'ask again' },
    ],
    [
      'a status of its own',
      'teapot',
      418,
      { code: 'PT418', message: 'short and stout', details: null, hint: 'pour' },
    ],
    [
      'a whole answer of its own',
      'whole',
      409,
      { code: 'H1', message: 'no berth', details: 'full', hint: 'wait' },
    ],
  ])('it raises %s', async (_sentence, code, status, error) => {
    expect(await harbour.anon.rpc('refuse', { code })).toMatchObject({ data: null, status, error })
  })

  test('it sees who calls', async () => {
    const signedIn = await harbour.user(ADA)
    const [anon, user, service] = await Promise.all(
      [harbour.anon, signedIn, harbour.service].map(async (client) => (await client.rpc('who')).data),
    )
    expect(anon).toEqual({ role: 'anon', sub: null, claim: 'anon' })
    expect(user).toEqual({ role: 'authenticated', sub: ADA, claim: 'authenticated' })
    expect(service).toEqual({ role: 'service_role', sub: null, claim: 'service_role' })
  })
})

describe('what cannot be called', () => {
  test.each<[sentence: string, name: string, args: Args, status: number, code: string]>([
    ['a function nobody made', 'subtract', {}, 404, 'PGRST202'],
    ['arguments it has not', 'add', { a: 1, c: 2 }, 404, 'PGRST202'],
    ['an argument of another type', 'add', { a: 'one' }, 400, '22P02'],
    ['a value the enum has not', 'of_kind', { wanted: 'paper' }, 400, '22P02'],
    ['a function this caller may not', 'harbour_fill', {}, 401, '42501'],
  ])('%s', async (_sentence, name, args, status, code) => {
    expect(await harbour.anon.rpc(name, args)).toMatchObject({ data: null, status, error: { code } })
  })

  test('a slip in the name is told', async () => {
    const { error } = await harbour.anon.rpc('ships_ovr', { lowest: 1 })
    expect(error).toMatchObject({
      code: 'PGRST202',
      message: 'Could not find the function public.ships_ovr(lowest) in the schema cache',
      hint: 'Perhaps you meant to call the function public.ships_over',
    })
  })
})
