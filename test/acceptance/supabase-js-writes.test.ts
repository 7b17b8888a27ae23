/** Inserts, upserts, updates and deletes by supabase-js: what is written, and what comes back. */
import { afterAll, beforeAll, beforeEach, describe, expect, inject, test } from 'vitest'
import { type Harbour, openHarbour } from '../harness/harbour.ts'
import { METHODS } from '../harness/harbour-methods.ts'

let harbour: Harbour

beforeAll(async () => {
  harbour = await openHarbour(inject('instance'))
})

beforeEach(() => harbour.fill())

afterAll(() => expect([...harbour.called]).toEqual(expect.arrayContaining([...METHODS.writes])))

const table = (name: string) => harbour.service.from(name)
const port = (id: number, name: string) => ({ id, name, country: 'NO' })
const names = async () => (await table('port').select('name').order('id')).data?.map(({ name }) => name)

type Answer = { data: unknown; error: { code: string } | null; status: number }

/** The types offer it only to a client whose own types name the server's version. */
const atMost = (rows: number, query: { maxAffected(rows: number): unknown }) =>
  query.maxAffected(rows) as PromiseLike<Answer>

describe('insert', () => {
  test('of one row gives nothing back unless asked', async () => {
    const answer = await table('port').insert(port(7, 'Oslo'))
    expect(answer).toMatchObject({ data: null, error: null, status: 201, statusText: 'Created', count: null })
    expect(await names()).toEqual(['Bergen', 'Osaka', 'Santos', 'Oslo'])
  })

  test('with select gives the row as it became', async () => {
    const { data, status } = await table('ship')
      .insert({ name: 'Fauna' })
      .select('name, capacity, spare, tags')
      .single()
    expect([status, data]).toEqual([201, { name: 'Fauna', capacity: 100, spare: 100, tags: [] }])
  })

  test('of every kind of value', async () => {
    const row = {
      name: 'Gaia',
      kind: 'container',
      capacity: 12.5,
      tags: ['a,b', 'c"d', '{e}'],
      papers: { deep: [1, { x: null }], text: "it's" },
      season: '[2026-01-01,2026-01-03)',
      draft: '[1,3)',
      active: false,
      note: null,
      launched: '2020-01-01T00:00:00+00:00',
    }
    const { data, error } = await table('ship').insert(row).select().single()
    expect(error).toBeNull()
    expect(data).toMatchObject(row)
  })

  test('of many rows, in one statement', async () => {
    const rows = Array.from({ length: 1000 }, (_, at) => port(100 + at, `Port ${at}`))
    const { count, status } = await table('port').insert(rows, { count: 'exact' })
    expect([count, status]).toEqual([1000, 201])
    const broken = await table('port').insert([port(3000, 'New'), port(1, 'Taken')])
    expect(broken.error?.code).toBe('23505')
    expect((await table('port').select().eq('id', 3000)).data).toEqual([])
  })

  test('of rows with different keys: what is missing is null, or its default', async () => {
    const uneven = [
      { quay: 'C', place: 1, depth: 3 },
      { quay: 'C', place: 2 },
    ]
    const plain = await table('berth').insert(uneven).select('depth').order('place')
    expect(plain.data).toEqual([{ depth: 3 }, { depth: null }])
    await table('berth').delete().eq('quay', 'C')
    const kept = await table('berth').insert(uneven, { defaultToNull: false }).select('depth').order('place')
    expect(kept.data).toEqual([{ depth: 3 }, { depth: 9 }])
  })

  test('of no row', async () => {
    const { data, error, status } = await table('port').insert([]).select()
    expect([data, error, status]).toEqual([[], null, 201])
  })

  test('with what it belongs to embedded', async () => {
    const { data } = await table('cargo')
      .insert({ ship_id: 3, label: 'salt', weight: 1 })
      .select('label, ship(name)')
      .single()
    expect(data).toEqual({ label: 'salt', ship: { name: 'Ceto, the "Old"' } })
  })

  test('of a bigint, which JSON has no word for', async () => {
    const { data } = await table('port')
      .insert({ ...port(8, 'Big'), depth: 12n })
      .select('depth')
      .single()
    expect(data).toEqual({ depth: 12 })
  })

  test('into columns with odd names', async () => {
    const { data } = await table('odd name')
      .insert([{ id: 5, 'the, value': 'v', select: 's' }])
      .select('"the, value"' as '*')
    expect(data).toEqual([{ 'the, value': 'v' }])
  })

  test.each<[sentence: string, row: object, status: number, code: string]>([
    ['a key that is taken', port(1, 'Again'), 409, '23505'],
    ['a null where none may be', { id: 9, name: null, country: 'NO' }, 400, '23502'],
    ['a column that is not there', { ...port(9, 'Nine'), harbourmaster: 'x' }, 400, 'PGRST204'],
    ['a text where a number must be', { ...port(9, 'Nine'), depth: 'deep' }, 400, '22P02'],
  ])('refuses %s', async (_sentence, row, status, code) => {
    const answer = await table('port').insert(row)
    expect(answer).toMatchObject({ status, data: null, error: { code } })
    expect(await names()).toEqual(['Bergen', 'Osaka', 'Santos'])
  })

  test('a broken rule comes with its details', async () => {
    const taken = await table('port').insert(port(9, 'Bergen'))
    expect(taken.error).toMatchObject({
      code: '23505',
      message: 'duplicate key value violates unique constraint "port_name_key"',
      details: 'Key (name)=(Bergen) already exists.',
      hint: null,
    })
    const orphan = await table('cargo').insert({ ship_id: 99, label: 'lost', weight: 1 })
    expect([orphan.status, orphan.error?.code]).toEqual([409, '23503'])
    const negative = await table('cargo').insert({ ship_id: 1, label: 'light', weight: -1 })
    expect([negative.status, negative.error?.code]).toEqual([400, '23514'])
    const generated = await table('ship').insert({ name: 'Hera', spare: 3 })
    expect([generated.status, generated.error?.code]).toEqual([400, '428C9'])
  })
})

describe('upsert', () => {
  test('by the primary key: new ones are inserted, old ones replaced', async () => {
    const rows = [port(1, 'Bjorgvin'), port(7, 'Oslo')]
    const { data, status, count } = await table('port')
      .upsert(rows, { count: 'exact' })
      .select('id, name')
      .order('id')
    expect(data).toEqual([
      { id: 1, name: 'Bjorgvin' },
      { id: 7, name: 'Oslo' },
    ])
    expect([status, count]).toEqual([201, 2])
  })

  test('of one that was there is no creation', async () => {
    const { status, data } = await table('port').upsert(port(1, 'Bjorgvin')).select('name').single()
    expect([status, data]).toEqual([200, { name: 'Bjorgvin' }])
  })

  test('by another key', async () => {
    const row = { ship_id: 1, label: 'apples', weight: 150 }
    const { data } = await table('cargo')
      .upsert(row, { onConflict: 'ship_id,label' })
      .select('id, weight')
      .single()
    expect(data).toEqual({ id: 1, weight: 150 })
  })

  test('by a key that is none', async () => {
    const { error, status } = await table('port').upsert(port(1, 'x'), { onConflict: 'country' })
    expect([status, error?.code]).toEqual([400, '42P10'])
  })

  test('that passes over what is there', async () => {
    const rows = [port(1, 'Changed'), port(7, 'Oslo')]
    const { data } = await table('port').upsert(rows, { ignoreDuplicates: true }).select('name')
    expect(data).toEqual([{ name: 'Oslo' }])
    expect(await names()).toEqual(['Bergen', 'Osaka', 'Santos', 'Oslo'])
  })

  test('with defaults for what is missing', async () => {
    const rows = [
      { quay: 'A', place: 1 },
      { quay: 'D', place: 1, depth: 4 },
    ]
    const { data } = await table('berth')
      .upsert(rows, { defaultToNull: false })
      .select('quay, depth')
      .order('quay')
    expect(data).toEqual([
      { quay: 'A', depth: 9 },
      { quay: 'D', depth: 4 },
    ])
  })
})

describe('update', () => {
  test('of what the filters name', async () => {
    const { data, status } = await table('ship')
      .update({ active: true, tags: ['new'] })
      .eq('kind', 'bulk')
      .select('id, active, tags')
      .order('id')
    expect(status).toBe(200)
    expect(data).toEqual([
      { id: 1, active: true, tags: ['new'] },
      { id: 3, active: true, tags: ['new'] },
    ])
  })

  test('gives nothing back unless asked, and counts when asked', async () => {
    const silent = await table('ship').update({ note: 'x' }).gt('id', 3)
    expect(silent).toMatchObject({
      data: null,
      error: null,
      status: 204,
      statusText: 'No Content',
      count: null,
    })
    const counted = await table('ship').update({ note: 'x' }, { count: 'exact' }).gt('id', 3)
    expect([counted.count, counted.data]).toEqual([2, null])
  })

  test('of no row is no failure', async () => {
    const { data, error, status } = await table('ship').update({ note: 'x' }).eq('id', 99).select()
    expect([data, error, status]).toEqual([[], null, 200])
  })

  test('of no column changes nothing', async () => {
    const { data, error } = await table('ship').update({}).eq('id', 1).select('id')
    expect([data, error]).toEqual([[], null])
  })

  test('by a filter with an or, in JSON, with an embed in what comes back', async () => {
    const { data } = await table('ship')
      .update({ papers: { flag: 'XX' } })
      .or('papers->>flag.eq.JP,id.eq.5')
      .select('id, papers->>flag, captain(name)' as '*')
      .order('id')
    expect(data).toEqual([
      { id: 2, flag: 'XX', captain: { name: 'Bo' } },
      { id: 5, flag: 'XX', captain: null },
    ])
  })

  test('through a view', async () => {
    const { data } = await table('fleet').update({ name: 'Renamed' }).eq('id', 4).select('name').single()
    expect(data).toEqual({ name: 'Renamed' })
  })

  test('of one that must be one: several are refused, and nothing is written', async () => {
    const { error, status } = await table('ship').update({ note: 'gone' }).gt('id', 1).select().single()
    expect([status, error?.code]).toEqual([406, 'PGRST116'])
    expect((await table('ship').select('id').eq('note', 'gone')).data).toEqual([])
  })
})

describe('delete', () => {
  test('of what the filters name', async () => {
    const { data, status } = await table('cargo').delete().eq('ship_id', 1).select('label').order('label')
    expect([status, data]).toEqual([200, [{ label: 'apples' }, { label: 'pears' }]])
    const silent = await table('cargo').delete({ count: 'exact' }).eq('ship_id', 4)
    expect(silent).toMatchObject({ data: null, error: null, status: 204, count: 2 })
  })

  test('of what others lean on is refused', async () => {
    const { error, status } = await table('port').delete().eq('id', 1)
    expect([status, error?.code]).toEqual([409, '23503'])
  })
})

describe('how far a write may go', () => {
  test('rollback shows what it would have come to', async () => {
    const { data } = await table('port').insert(port(7, 'Oslo')).select('name').rollback().single()
    expect(data).toEqual({ name: 'Oslo' })
    const gone = await table('sailing').delete().gt('ship_id', 0).rollback().select('ship_id')
    expect(gone.data).toHaveLength(4)
    expect(await names()).toEqual(['Bergen', 'Osaka', 'Santos'])
    expect((await table('sailing').select('ship_id')).data).toHaveLength(4)
  })

  test('maxAffected lets pass what is within it', async () => {
    const { data } = await atMost(2, table('ship').update({ note: 'few' }).lte('id', 2).select('id'))
    expect(data).toHaveLength(2)
  })

  test('maxAffected refuses more, and nothing is written', async () => {
    const update = await atMost(2, table('ship').update({ note: 'many' }).gt('id', 0))
    expect(update.status).toBe(400)
    expect(update.error).toMatchObject({
      code: 'PGRST124',
      message: 'Query result exceeds max-affected preference constraint',
      details: 'The query affects 5 rows',
    })
    const removal = await atMost(1, table('cargo').delete().gt('id', 0))
    expect(removal.error?.code).toBe('PGRST124')
    expect((await table('ship').select('id').eq('note', 'many')).data).toEqual([])
    expect((await table('cargo').select('id')).data).toHaveLength(5)
  })

  test('maxAffected holds for a function that writes', async () => {
    const within = await atMost(5, harbour.service.rpc('load_all', { amount: 0 }).select('id'))
    expect(within.data).toHaveLength(5)
    const { error } = await atMost(4, harbour.service.rpc('load_all', { amount: 1 }))
    expect(error?.code).toBe('PGRST124')
    expect((await table('ship').select('loaded').eq('id', 1).single()).data).toEqual({ loaded: 300 })
  })
})
