/** How an answer is ordered, cut, shaped and explained: the transforms of supabase-js. */
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import { z } from 'zod'
import { type Harbour, openHarbour } from '../harness/harbour.ts'
import { METHODS } from '../harness/harbour-methods.ts'

let harbour: Harbour

beforeAll(async () => {
  harbour = await openHarbour(inject('instance'))
  await harbour.fill()
})

afterAll(() => expect([...harbour.called]).toEqual(expect.arrayContaining([...METHODS.transforms])))

const ships = () => harbour.anon.from('ship').select('id')
type Ships = ReturnType<typeof ships>

describe('order, limit and range', () => {
  test.each<[sentence: string, shape: (query: Ships) => PromiseLike<Awaited<Ships>>, ids: number[]]>([
    ['order ascends', (q) => q.order('capacity'), [5, 3, 2, 1, 4]],
    ['order descends', (q) => q.order('capacity', { ascending: false }), [4, 1, 2, 3, 5]],
    ['nulls come last going up', (q) => q.order('active').order('id'), [3, 5, 1, 2, 4]],
    [
      'nulls come first going down',
      (q) => q.order('active', { ascending: false }).order('id'),
      [4, 1, 2, 3, 5],
    ],
    ['nulls first on demand', (q) => q.order('active', { nullsFirst: true }).order('id'), [4, 3, 5, 1, 2]],
    [
      'nulls last on demand',
      (q) => q.order('active', { ascending: false, nullsFirst: false }).order('id'),
      [1, 2, 3, 5, 4],
    ],
    [
      'order by a path into JSON',
      (q) => q.order('papers->crew', { nullsFirst: true }).order('id'),
      [3, 5, 4, 2, 1],
    ],
    ['order by a computed column', (q) => q.order('title'), [1, 2, 3, 4, 5]],
    ['limit', (q) => q.order('id').limit(2), [1, 2]],
    ['limit of none', (q) => q.order('id').limit(0), []],
    ['range', (q) => q.order('id').range(1, 3), [2, 3, 4]],
    ['range past the end', (q) => q.order('id').range(4, 9), [5]],
    ['range after the end', (q) => q.order('id').range(9, 12), []],
  ])('%s', async (_sentence, shape, ids) => {
    const { data, error } = await shape(ships())
    expect(error).toBeNull()
    expect(data?.map(({ id }) => id)).toEqual(ids)
  })

  test('a range after the end is refused when its total is counted', async () => {
    const answer = await harbour.anon.from('ship').select('id', { count: 'exact' }).range(9, 12)
    expect(answer).toMatchObject({ status: 416, error: { code: 'PGRST103' } })
    expect(answer.error?.details).toBe('An offset of 9 was requested, but there are only 5 rows.')
  })

  test('of what is embedded', async () => {
    const { data } = await harbour.anon
      .from('ship')
      .select('id, cargo(label)')
      .in('id', [1, 4])
      .order('id')
      .order('weight', { referencedTable: 'cargo', ascending: false })
      .limit(1, { referencedTable: 'cargo' })
    expect(data).toEqual([
      { id: 1, cargo: [{ label: 'pears' }] },
      { id: 4, cargo: [{ label: 'tea' }] },
    ])
    const second = await harbour.anon
      .from('ship')
      .select('cargo(label)')
      .eq('id', 4)
      .order('weight', { referencedTable: 'cargo' })
      .range(1, 1, { referencedTable: 'cargo' })
      .single()
    expect(second.data).toEqual({ cargo: [{ label: 'tea' }] })
  })

  test('by a column of what is embedded', async () => {
    const { data } = await harbour.anon
      .from('ship')
      .select('id, home_port(name)' as '*')
      .not('home_port', 'is', null)
      .order('home_port(name)', { ascending: false })
      .order('id')
    expect(data?.map(({ id }) => id)).toEqual([4, 2, 1, 3])
  })
})

describe('one row', () => {
  test('single is an object', async () => {
    const { data, error, status } = await ships().eq('id', 1).single()
    expect([data, error, status]).toEqual([{ id: 1 }, null, 200])
  })

  test.each([
    ['none', 99, 'The result contains 0 rows'],
    ['several', 3, 'The result contains 3 rows'],
  ])('single refuses %s', async (_sentence, above, details) => {
    const answer = await ships()
      .gte('id', above)
      [above === 99 ? 'gte' : 'lte']('id', above === 99 ? 99 : 5)
      .single()
    expect(answer.status).toBe(406)
    expect(answer.error).toMatchObject({
      code: 'PGRST116',
      message: 'Cannot coerce the result to a single JSON object',
      details,
      hint: null,
    })
  })

  test('maybeSingle is a row or null, and refuses several', async () => {
    expect((await ships().eq('id', 1).maybeSingle()).data).toEqual({ id: 1 })
    const none = await ships().eq('id', 99).maybeSingle()
    expect([none.data, none.error, none.status]).toEqual([null, null, 200])
    expect((await ships().maybeSingle()).error?.code).toBe('PGRST116')
  })
})

describe('other shapes', () => {
  test('csv', async () => {
    const { data } = await harbour.anon.from('ship').select('id, name, tags, kind').order('id').csv()
    expect(data).toBe(
      [
        'id,name,tags,kind',
        '1,Aurora,"{fast,blue}",bulk',
        '2,Boreas,{slow},liquid',
        '3,"Ceto, the ""Old""","{blue,old}",bulk',
        '4,Doris,{},container',
        '5,eos,{fast},',
      ].join('\n'),
    )
  })

  test('csv of no row', async () => {
    const { data, status } = await ships().eq('id', 99).csv()
    expect([data, status]).toEqual(['\n', 200])
  })

  test('geojson says that it needs PostGIS, which the image has not', async () => {
    const { error, status } = await harbour.anon.from('port').select().geojson()
    // As PostgREST: the function that Postgres does not find is PostGIS's.
    expect([status, error?.code]).toEqual([404, '42883'])
    expect(error?.message.toLowerCase()).toContain('st_asgeojson')
  })

  test('stripNulls of many and of one', async () => {
    const many = await harbour.anon.from('port').select().eq('id', 3).stripNulls()
    expect(many.data).toEqual([{ id: 3, name: 'Santos', country: 'BR', facts: {} }])
    const one = await harbour.anon.from('port').select('id, depth').eq('id', 3).stripNulls().single()
    expect(one.data).toEqual({ id: 3 })
  })

  test('stripNulls reaches into what is embedded', async () => {
    const { data } = await harbour.anon
      .from('ship')
      .select('id, active, home_port(depth, country)' as '*')
      .eq('id', 4)
      .stripNulls()
    expect(data).toEqual([{ id: 4, home_port: { country: 'BR' } }])
  })

  test('returns and overrideTypes change types alone', async () => {
    const typed = await ships().order('id').limit(1).returns<{ id: number }[]>()
    expect(typed.data).toEqual([{ id: 1 }])
    const merged = await ships().order('id').limit(1).overrideTypes<{ id: number }[], { merge: false }>()
    expect(merged.data).toEqual([{ id: 1 }])
  })

  test('setHeader reaches SQL, and a media type of the project its handler', async () => {
    const { data } = await harbour.anon.rpc('header', { name: 'x-wind' }).setHeader('X-Wind', 'north')
    expect(data).toBe('north')
    const own = await harbour.anon
      .rpc('manifest', { ids: [1, 2] })
      .setHeader('Accept', 'application/vnd.harbour+json')
    expect(own.data).toEqual({ manifest: ['Aurora', 'Boreas'] })
  })

  test('a range by header is the same as by parameters', async () => {
    const { data, status } = await harbour.anon
      .from('ship')
      .select('id', { count: 'exact' })
      .order('id')
      .setHeader('Range-Unit', 'items')
      .setHeader('Range', '1-2')
    expect([data, status]).toEqual([[{ id: 2 }, { id: 3 }], 206])
  })

  test('a second then is a second request, and each is whole', async () => {
    const query = ships().order('id').limit(1)
    expect([(await query).data, (await query).data]).toEqual([[{ id: 1 }], [{ id: 1 }]])
    await expect(query.then(({ data }) => data?.length)).resolves.toBe(1)
  })
})

const Plan = z.tuple([
  z.looseObject({
    Plan: z.looseObject({ 'Node Type': z.string(), 'Total Cost': z.number() }),
  }),
])

describe('explain', () => {
  const whole = () => harbour.anon.from('ship').select('*')

  test('is text unless told otherwise', async () => {
    const { data } = await whole().explain()
    expect(data).toMatch(/^Aggregate .*\(cost=/)
    expect(data).toContain('Scan on ship')
  })

  test('as JSON', async () => {
    const { data } = await whole().explain({ format: 'json' })
    const [{ Plan: plan }] = Plan.parse(data)
    expect(plan['Total Cost']).toBeGreaterThan(0)
    expect(plan).not.toHaveProperty('Actual Rows')
  })

  test.each([
    ['analyze', 'Actual Rows', 'Execution Time'],
    ['buffers', 'Shared Hit Blocks', 'Planning'],
    ['verbose', 'Output', 'Plan'],
    ['settings', 'Node Type', 'Settings'],
    ['wal', 'WAL Records', 'Plan'],
  ] as const)('with %s', async (option, inPlan, beside) => {
    const more = option === 'wal' || option === 'buffers' ? { analyze: true } : {}
    const { data, error } = await whole().explain({ [option]: true, ...more, format: 'json' })
    expect(error).toBeNull()
    const [found] = Plan.parse(data)
    expect(found.Plan).toHaveProperty([inPlan])
    expect(found).toHaveProperty([beside])
  })

  test('with everything at once, as text', async () => {
    const { data } = await whole().explain({
      ...{ analyze: true, verbose: true, settings: true, buffers: true, wal: true },
      format: 'text',
    })
    expect(data).toMatch(
      /actual time=.*[\s\S]*Output: [\s\S]*Buffers: [\s\S]*Settings: [\s\S]*Execution Time: /,
    )
  })

  test('of another shape, of a call, and of a write that is not carried out', async () => {
    expect((await ships().setHeader('Accept', 'text/csv').explain()).data).toContain('Scan on ship')
    expect((await harbour.anon.rpc('ships_over', { lowest: 1 }).explain()).data).toContain('ship')
    const write = harbour.service.from('port').update({ country: 'XX' }).eq('id', 1)
    expect((await write.select().explain({ analyze: true })).data).toContain('Update on')
    expect((await harbour.anon.from('port').select('country').eq('id', 1).single()).data).toEqual({
      country: 'NO',
    })
  })
})
