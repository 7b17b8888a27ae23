/** What `select` can ask for: columns, JSON paths, casts, embeds of every kind, spreads, aggregates, counts. */
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import { z } from 'zod'
import { type Harbour, openHarbour } from '../harness/harbour.ts'
import { METHODS } from '../harness/harbour-methods.ts'

let harbour: Harbour

beforeAll(async () => {
  harbour = await openHarbour(inject('instance'))
  await harbour.fill()
})

afterAll(() => expect([...harbour.called]).toEqual(expect.arrayContaining([...METHODS.reads])))

/** The types of a row follow a literal text; a text made of pieces has none. */
const from = (table: string) => ({
  select: (columns: string) => harbour.anon.from(table).select(columns as '*'),
})

describe('columns of one ship', () => {
  test.each<[sentence: string, columns: string, row: object]>([
    ['named', 'id, name', { id: 1, name: 'Aurora' }],
    ['aliased', 'number:id', { number: 1 }],
    ['cast', 'id::text, capacity::int', { id: '1', capacity: 900 }],
    ['aliased and cast', 'number:id::text', { number: '1' }],
    ['numbers, as Postgres has them', 'capacity, spare', { capacity: 900, spare: 600 }],
    ['an enum, an array', 'kind, tags', { kind: 'bulk', tags: ['fast', 'blue'] }],
    ['ranges', 'season, draft', { season: '[2026-01-01,2026-03-01)', draft: '[4,9)' }],
    ['a moment, in UTC', 'launched', { launched: '2001-05-01T08:00:00+00:00' }],
    ['JSON', 'papers', { papers: { flag: 'NO', crew: 12, classes: ['a', 'b'] } }],
    ['a path into JSON, as JSON', 'papers->crew', { crew: 12 }],
    ['a path into JSON, as text', 'papers->>crew', { crew: '12' }],
    ['a path with an index', 'papers->classes->0', { classes: 'a' }],
    ['a path with an alias and a cast', 'hands:papers->>crew::int', { hands: 12 }],
    ['a path that leads nowhere', 'papers->nobody->>here', { here: null }],
    ['an element of an array', 'first:tags->0', { first: 'fast' }],
    ['a computed column', 'id, title', { id: 1, title: 'AURORA' }],
    ['nothing but a count', 'count', { count: 1 }],
  ])('%s', async (_sentence, columns, row) => {
    const { data, error } = await from('ship').select(columns).eq('id', 1).single()
    expect(error).toBeNull()
    expect(data).toEqual(row)
  })

  test('all of them by a star, or by no word', async () => {
    const [star, none] = await Promise.all([
      harbour.anon.from('port').select('*').eq('id', 3),
      harbour.anon.from('port').select().eq('id', 3),
    ])
    const row = { id: 3, name: 'Santos', country: 'BR', depth: null, facts: {} }
    expect([star.data, none.data]).toEqual([[row], [row]])
  })

  test('names with commas, blanks and keywords are quoted', async () => {
    const { data } = await harbour.anon
      .from('odd name')
      .select('id, "the, value", "select"' as '*')
      .eq('"the, value"', 'a,b')
    expect(data).toEqual([{ id: 1, 'the, value': 'a,b', select: 'x' }])
  })

  test('a view and a view that groups', async () => {
    const fleet = await harbour.anon.from('fleet').select('name, spare').eq('id', 4).single()
    expect(fleet.data).toEqual({ name: 'Doris', spare: 500 })
    const { data } = await harbour.anon.from('load_by_kind').select('kind, ships, loaded').eq('kind', 'bulk')
    expect(data).toEqual([{ kind: 'bulk', ships: 2, loaded: 300 }])
  })
})

describe('embeds in one ship', () => {
  test.each<[sentence: string, columns: string, row: object]>([
    ['one of two keys, by its constraint', 'port!ship_home_port(name)', { port: { name: 'Bergen' } }],
    ['one of two keys, by its column', 'port!last_port(name)', { port: { name: 'Osaka' } }],
    [
      'both, under names of their own',
      'home:port!home_port(name), last:port!last_port(name)',
      { home: { name: 'Bergen' }, last: { name: 'Osaka' } },
    ],
    ['by the column alone', 'home_port(name)', { home_port: { name: 'Bergen' } }],
    ['by the constraint alone', 'ship_home_port(name)', { ship_home_port: { name: 'Bergen' } }],
    ['one to one, from the side without the key', 'captain(name)', { captain: { name: 'Ada' } }],
    ['many', 'cargo(label)', { cargo: [{ label: 'apples' }, { label: 'pears' }] }],
    ['many to many', 'route(name)', { route: [{ name: 'North' }, { name: 'East' }] }],
    [
      'the junction itself',
      'sailing(route_id, route(name))',
      {
        sailing: [
          { route_id: 1, route: { name: 'North' } },
          { route_id: 2, route: { name: 'East' } },
        ],
      },
    ],
    ['itself: those whose tender it is', 'ship!tender_of(id)', { ship: [{ id: 2 }, { id: 3 }] }],
    ['computed, to one', 'biggest_cargo(label)', { biggest_cargo: { label: 'pears' } }],
    ['computed, to many', 'neighbours(id)', { neighbours: [{ id: 3 }] }],
    [
      'three deep',
      'cargo(label, ship(id, home_port(name)))',
      {
        cargo: [
          { label: 'apples', ship: { id: 1, home_port: { name: 'Bergen' } } },
          { label: 'pears', ship: { id: 1, home_port: { name: 'Bergen' } } },
        ],
      },
    ],
    [
      'a star beside an embed',
      'id, home_port(*)',
      {
        id: 1,
        home_port: {
          id: 1,
          name: 'Bergen',
          country: 'NO',
          depth: 11.5,
          facts: { cranes: 4, owner: { name: 'city', since: 1890 } },
        },
      },
    ],
    ['a path into JSON in it', 'home_port(owner:facts->owner->>name)', { home_port: { owner: 'city' } }],
    ['a spread of one', 'id, ...captain(captain:name)', { id: 1, captain: 'Ada' }],
    ['a spread of many', 'id, ...cargo(label)', { id: 1, label: ['apples', 'pears'] }],
    ['a spread in a spread', '...captain(...ship(boat:name))', { boat: 'Aurora' }],
    ['an aggregate of an embed', 'cargo(weight.sum())', { cargo: [{ sum: 300 }] }],
    ['the count of an embed', 'cargo(count)', { cargo: [{ count: 2 }] }],
  ])('%s', async (_sentence, columns, row) => {
    const { data, error } = await from('ship').select(columns).eq('id', 1).single()
    expect(error).toBeNull()
    expect(data).toEqual(row)
  })

  test('itself: its tender, by the column', async () => {
    const { data } = await from('ship').select('id, tender_of(name)').eq('id', 5).single()
    expect(data).toEqual({ id: 5, tender_of: { name: 'Boreas' } })
  })

  test('nothing there is null for one, an empty list for many', async () => {
    const { data } = await from('ship')
      .select('home_port(name), captain(name), cargo(label)')
      .eq('id', 5)
      .single()
    expect(data).toEqual({ home_port: null, captain: null, cargo: [] })
  })

  test('through a view, by the keys of its table', async () => {
    const { data } = await from('fleet').select('name, port(name), cargo(label)').eq('id', 2).single()
    expect(data).toEqual({ name: 'Boreas', port: { name: 'Osaka' }, cargo: [{ label: 'oil' }] })
  })

  test('of a key with two columns', async () => {
    const { data } = await from('berth').select('quay, place, ship(name)').eq('quay', 'A').order('place')
    expect(data).toEqual([
      { quay: 'A', place: 1, ship: { name: 'Aurora' } },
      { quay: 'A', place: 2, ship: { name: 'Boreas' } },
    ])
  })

  test('!inner leaves out rows without, !left keeps them', async () => {
    const inner = await from('ship').select('id, captain!inner(name)').order('id')
    expect(inner.data?.map(({ id }: { id: number }) => id)).toEqual([1, 2])
    const left = await from('ship').select('id, captain!left(name)').order('id')
    expect(left.data).toHaveLength(5)
  })
})

describe('aggregates', () => {
  test.each<[sentence: string, columns: string, rows: object[]]>([
    ['of everything', 'capacity.sum(), capacity.max(), capacity.min()', [{ sum: 2910, max: 1200, min: 60 }]],
    ['with names and casts', 'mean:capacity.avg()::int, ships:id.count()', [{ mean: 582, ships: 5 }]],
    ['of a path into JSON', 'crew:papers->crew.count()', [{ crew: 3 }]],
  ])('%s', async (_sentence, columns, rows) => {
    const { data, error } = await from('ship').select(columns)
    expect(error).toBeNull()
    expect(data).toEqual(rows)
  })

  test('grouped by what else is selected, and by an embed', async () => {
    const { data } = await from('ship').select('kind, count(), loaded.sum()').order('kind')
    expect(data).toEqual([
      { kind: 'bulk', count: 2, sum: 300 },
      { kind: 'liquid', count: 1, sum: 500 },
      { kind: 'container', count: 1, sum: 700 },
      { kind: null, count: 1, sum: 10 },
    ])
    const homes = await from('ship')
      .select('count(), ...home_port!inner(country)')
      .order('home_port(country)')
    expect(homes.error).toBeNull()
    expect(homes.data).toEqual([
      { count: 1, country: 'BR' },
      { count: 1, country: 'JP' },
      { count: 2, country: 'NO' },
    ])
  })
})

describe('counts', () => {
  test.each(['exact', 'planned', 'estimated'] as const)('%s, beside the rows', async (count) => {
    const { data, count: found, status } = await harbour.anon.from('ship').select('id', { count }).limit(2)
    expect(data).toHaveLength(2)
    if (count === 'planned') expect(found).toBeGreaterThan(0)
    else expect([found, status]).toEqual([5, 206])
  })

  test.each(['exact', 'planned', 'estimated'] as const)('%s, and no row', async (count) => {
    const answer = await harbour.anon.from('ship').select('*', { count, head: true }).gt('id', 2)
    expect([answer.data, answer.error]).toEqual([null, null])
    if (count === 'planned') expect(answer.count).toBeGreaterThan(0)
    else expect(answer.count).toBe(3)
  })

  test('of rows that an inner embed chooses', async () => {
    const { count } = await harbour.anon
      .from('ship')
      .select('id, cargo!inner(id)', { count: 'exact', head: true })
    expect(count).toBe(3)
  })

  test('without being asked there is none', async () => {
    const { count, status } = await harbour.anon.from('ship').select('id').limit(1)
    expect([count, status]).toEqual([null, 200])
  })
})

describe('what cannot be read', () => {
  test.each<[sentence: string, table: string, columns: string, status: number, code: string, hint: unknown]>([
    ['two keys and no word which', 'ship', 'port(name)', 300, 'PGRST201', expect.stringContaining('port!')],
    ['no relationship', 'port', 'route(name)', 400, 'PGRST200', null],
    ['a table with a slip', 'shop', '*', 404, 'PGRST205', expect.stringContaining('public.ship')],
    ['a column that is not there', 'ship', 'nmae', 400, '42703', expect.anything()],
    ['a text that is no select', 'ship', 'id,,name(', 400, 'PGRST100', null],
    ['a cast to no type', 'ship', 'id::nothing', 400, '42704', null],
  ])('%s', async (_sentence, table, columns, status, code, hint) => {
    const answer = await from(table).select(columns)
    expect(answer).toMatchObject({ success: false, data: null, count: null, status, error: { code } })
    expect(answer.error?.hint).toEqual(hint)
    expect(Object.keys(answer.error ?? {}).sort()).toEqual(['code', 'details', 'hint', 'message'])
  })

  test('an ambiguous embed names every way out', async () => {
    const { error } = await from('ship').select('port(name)')
    const ways = z
      .array(z.object({ cardinality: z.string(), relationship: z.string() }))
      .parse(error?.details)
    expect(ways.map(({ relationship }) => relationship).sort()).toEqual([
      'ship_home_port using ship(home_port) and port(id)',
      'ship_last_port using ship(last_port) and port(id)',
    ])
  })
})
