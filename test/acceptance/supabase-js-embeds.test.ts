/** What filters, orders and pages do to embeds, at any depth, under any name; and what comes back of writes and calls. */
import { beforeAll, describe, expect, inject, test } from 'vitest'
import { type Harbour, openHarbour } from '../harness/harbour.ts'

let harbour: Harbour

beforeAll(async () => {
  harbour = await openHarbour(inject('instance'))
  await harbour.fill()
})

/** The types of a row follow a literal text; a text of many pieces has none. */
const select = (table: string, columns: string) => harbour.anon.from(table).select(columns as '*')
type Query = ReturnType<typeof select>
type Case = [sentence: string, table: string, columns: string, shape: (query: Query) => Query, rows: object[]]

async function expectRows([, table, columns, shape, rows]: Case): Promise<void> {
  const { data, error } = await shape(select(table, columns))
  expect(error).toBeNull()
  expect(data).toEqual(rows)
}

describe('filters', () => {
  test.each<Case>([
    [
      'under an alias',
      'ship',
      'id, home:port!home_port!inner(name)',
      (q) => q.eq('home.name', 'Bergen').order('id'),
      [
        { id: 1, home: { name: 'Bergen' } },
        { id: 3, home: { name: 'Bergen' } },
      ],
    ],
    [
      'under two aliases of one table',
      'ship',
      'id, home:port!home_port!inner(id), last:port!last_port!inner(id)',
      (q) => q.eq('home.country', 'NO').eq('last.country', 'JP'),
      [{ id: 1, home: { id: 1 }, last: { id: 2 } }],
    ],
    [
      'two levels down, which choose the rows all the way up',
      'port',
      'name, ship!ship_home_port!inner(name, cargo!inner(label))',
      (q) => q.eq('ship.cargo.label', 'toys'),
      [{ name: 'Santos', ship: [{ name: 'Doris', cargo: [{ label: 'toys' }] }] }],
    ],
    [
      'through a junction',
      'ship',
      'id, route!inner(name)',
      (q) => q.eq('route.name', 'North').order('id'),
      [
        { id: 1, route: [{ name: 'North' }] },
        { id: 4, route: [{ name: 'North' }] },
      ],
    ],
    [
      'on an embed that is not shown',
      'ship',
      'id, cargo!inner()',
      (q) => q.gte('cargo.weight', 400).order('id'),
      [{ id: 2 }, { id: 4 }],
    ],
    [
      'on a spread',
      'captain',
      'name, ...ship!inner(boat:name)',
      (q) => q.eq('ship.kind', 'liquid'),
      [{ name: 'Bo', boat: 'Boreas' }],
    ],
    [
      'on a computed embed',
      'ship',
      'id, biggest_cargo!inner(label)',
      (q) => q.eq('biggest_cargo.label', 'tea'),
      [{ id: 4, biggest_cargo: { label: 'tea' } }],
    ],
    [
      'on JSON in an embed',
      'ship',
      'id, home_port!inner(name)',
      (q) => q.gte('home_port.facts->cranes', 9),
      [{ id: 2, home_port: { name: 'Osaka' } }],
    ],
    [
      'with an or across embeds',
      'ship',
      'id, captain(), cargo()',
      (q) => q.or('captain.is.null,and(cargo.not.is.null,kind.eq.liquid)').order('id'),
      [{ id: 2 }, { id: 3 }, { id: 4 }, { id: 5 }],
    ],
    [
      'with an or two levels down',
      'port',
      'id, ship!ship_home_port(id, cargo(label))',
      (q) => q.eq('id', 1).or('label.eq.pears,weight.lt.100', { referencedTable: 'ship.cargo' }),
      [
        {
          id: 1,
          ship: [
            { id: 1, cargo: [{ label: 'pears' }] },
            { id: 3, cargo: [] },
          ],
        },
      ],
    ],
    [
      'for none: those without a captain of theirs on any ship from home',
      'port',
      'name, ship!ship_home_port(captain!inner())',
      (q) => q.is('ship', null).order('name'),
      [{ name: 'Santos' }],
    ],
  ])('%s', (...row) => expectRows(row))
})

describe('orders and pages', () => {
  test.each<Case>([
    [
      'of an aliased embed',
      'ship',
      'id, load:cargo(label)',
      (q) => q.eq('id', 4).order('label', { referencedTable: 'load' }).limit(1, { referencedTable: 'load' }),
      [{ id: 4, load: [{ label: 'tea' }] }],
    ],
    [
      'two levels down',
      'port',
      'id, ship!ship_home_port(id, cargo(label))',
      (q) =>
        q
          .eq('id', 1)
          .order('id', { referencedTable: 'ship', ascending: false })
          .order('weight', { referencedTable: 'ship.cargo', ascending: false })
          .limit(1, { referencedTable: 'ship.cargo' }),
      [
        {
          id: 1,
          ship: [
            { id: 3, cargo: [] },
            { id: 1, cargo: [{ label: 'pears' }] },
          ],
        },
      ],
    ],
    [
      'of a junction',
      'ship',
      'route(name)',
      (q) =>
        q.eq('id', 1).order('name', { referencedTable: 'route' }).range(0, 0, { referencedTable: 'route' }),
      [{ route: [{ name: 'East' }] }],
    ],
    [
      'by two columns of two embeds',
      'captain',
      'id, ship(name, home_port(name))',
      (q) => q.order('ship(name)', { ascending: false, nullsFirst: true }).order('id'),
      [
        { id: 3, ship: null },
        { id: 2, ship: { name: 'Boreas', home_port: { name: 'Osaka' } } },
        { id: 1, ship: { name: 'Aurora', home_port: { name: 'Bergen' } } },
      ],
    ],
    [
      'of the top alone leave embeds whole',
      'ship',
      'id, cargo(label)',
      (q) => q.order('id').order('label', { referencedTable: 'cargo' }).range(0, 0),
      [{ id: 1, cargo: [{ label: 'apples' }, { label: 'pears' }] }],
    ],
  ])('%s', (...row) => expectRows(row))
})

describe('what they cannot', () => {
  test.each<[sentence: string, columns: string, shape: (query: Query) => Query, code: string]>([
    ['filter what is not embedded', 'id', (q) => q.eq('cargo.label', 'x'), 'PGRST108'],
    ['order what is not embedded', 'id', (q) => q.order('label', { referencedTable: 'cargo' }), 'PGRST108'],
    ['order by one of many', 'id, cargo(label)', (q) => q.order('cargo(label)'), 'PGRST118'],
    ['compare an embed with a value', 'id, cargo(label)', (q) => q.not('cargo', 'eq', '1'), '42703'],
  ])('%s', async (_sentence, columns, shape, code) => {
    const { error, status } = await shape(select('ship', columns))
    expect([status, error?.code]).toEqual([400, code])
  })
})

describe('of rows that were just written or returned', () => {
  test('embeds, filters on embeds, computed columns and counts are those of a read', async () => {
    const write = await harbour.service
      .from('ship')
      .update({ active: true }, { count: 'exact' })
      .in('id', [1, 2, 5])
      .select('id, title, captain(name), cargo(label)' as '*')
      .eq('cargo.label', 'oil')
      .order('id')
    expect(write.data).toEqual([
      { id: 1, title: 'AURORA', captain: { name: 'Ada' }, cargo: [] },
      { id: 2, title: 'BOREAS', captain: { name: 'Bo' }, cargo: [{ label: 'oil' }] },
      { id: 5, title: 'EOS', captain: null, cargo: [] },
    ])
    expect(write.count).toBe(3)
    await harbour.fill()
  })

  test('a function’s rows embed what their table embeds, and are chosen by it', async () => {
    const { data } = await harbour.anon
      .rpc('ships_over', { lowest: 0 })
      .select('id, ...captain!inner(captain:name), biggest_cargo(label)' as '*')
      .order('id')
    expect(data).toEqual([
      { id: 1, captain: 'Ada', biggest_cargo: { label: 'pears' } },
      { id: 2, captain: 'Bo', biggest_cargo: { label: 'oil' } },
    ])
  })

  test('one row of a function embeds as well', async () => {
    const { data } = await harbour.anon.rpc('flagship').select('name, cargo(label)' as '*')
    expect(data).toEqual({ name: 'Aurora', cargo: [{ label: 'apples' }, { label: 'pears' }] })
  })

  test('many upserted at once come back in the order they were sent, each with its own', async () => {
    const rows = [
      { ship_id: 4, label: 'tea', weight: 1 },
      { ship_id: 1, label: 'figs', weight: 2 },
    ]
    const { data } = await harbour.service
      .from('cargo')
      .upsert(rows, { onConflict: 'ship_id,label' })
      .select('label, weight, ship(name)')
    expect(data).toEqual([
      { label: 'tea', weight: 1, ship: { name: 'Doris' } },
      { label: 'figs', weight: 2, ship: { name: 'Aurora' } },
    ])
    await harbour.fill()
  })
})
