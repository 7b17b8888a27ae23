/** Who asks, and of which schema: what each caller of supabase-js sees and may do. */
import { createClient } from '@supabase/supabase-js'
import { afterAll, beforeAll, beforeEach, describe, expect, inject, test } from 'vitest'
import { z } from 'zod'
import { ADA, BO, type Harbour, openHarbour } from '../harness/harbour.ts'
import { METHODS } from '../harness/harbour-methods.ts'

let harbour: Harbour

beforeAll(async () => {
  harbour = await openHarbour(inject('instance'))
})

beforeEach(() => harbour.fill())

afterAll(() => expect([...harbour.called]).toEqual(expect.arrayContaining([...METHODS.callers])))

describe('row level security', () => {
  const entries = async (client: Harbour['anon']) =>
    (await client.from('logbook').select('id').order('id')).data?.map(({ id }) => id)

  test('anon sees what is public, a user also their own, service_role everything', async () => {
    expect(await entries(harbour.anon)).toEqual([1])
    expect(await entries(await harbour.user(ADA))).toEqual([1, 2])
    expect(await entries(await harbour.user(BO))).toEqual([1, 3])
    expect(await entries(harbour.service)).toEqual([1, 2, 3])
  })

  test('a count counts what the caller sees', async () => {
    const { count } = await harbour.anon.from('logbook').select('*', { count: 'exact', head: true })
    expect(count).toBe(1)
  })

  test('a user writes as themselves', async () => {
    const ada = await harbour.user(ADA)
    const { data } = await ada.from('logbook').insert({ entry: 'new' }).select('owner, entry').single()
    expect(data).toEqual({ owner: ADA, entry: 'new' })
  })

  test('a user does not write as another, nor anon at all', async () => {
    const ada = await harbour.user(ADA)
    const forged = await ada.from('logbook').insert({ entry: 'forged', owner: BO })
    expect([forged.status, forged.error?.code]).toEqual([403, '42501'])
    const anon = await harbour.anon.from('logbook').insert({ entry: 'anonymous', owner: ADA })
    expect([anon.status, anon.error?.code]).toEqual([401, '42501'])
  })

  test('an update or delete passes over rows of others in silence', async () => {
    const ada = await harbour.user(ADA)
    const updated = await ada
      .from('logbook')
      .update({ entry: 'changed' })
      .gt('id', 0)
      .select('id')
      .order('id')
    expect(updated.data).toEqual([{ id: 1 }, { id: 2 }])
    const deleted = await ada.from('logbook').delete().eq('id', 3).select()
    expect([deleted.data, deleted.error]).toEqual([[], null])
    expect(await entries(harbour.service)).toEqual([1, 2, 3])
  })

  test('no upsert takes a row over', async () => {
    const ada = await harbour.user(ADA)
    const { error, status } = await ada.from('logbook').upsert({ id: 3, entry: 'taken' })
    expect([status, error?.code]).toEqual([403, '42501'])
  })

  test('what is embedded is seen as the caller sees it', async () => {
    const { data } = await harbour.anon.from('page').select('id, logbook(entry)').order('id')
    expect(data).toEqual([
      { id: 1, logbook: { entry: 'mine, shown' } },
      { id: 2, logbook: null },
    ])
  })

  test('callers that ask at once are not taken for each other', async () => {
    const [ada, bo] = await Promise.all([harbour.user(ADA), harbour.user(BO)])
    const clients = [harbour.anon, ada, bo, harbour.service]
    const subs = [null, ADA, BO, null]
    const answers = await Promise.all(
      Array.from({ length: 80 }, async (_, at) => (await clients[at % 4]?.rpc('who'))?.data.sub),
    )
    expect(answers).toEqual(Array.from({ length: 80 }, (_, at) => subs[at % 4]))
  })
})

describe('keys and tokens', () => {
  const asking = async (client: Harbour['anon']) => {
    const { status, error } = await client.from('port').select('id').limit(1)
    return [status, error?.code, error?.message]
  }

  test('a key of nobody is refused', async () => {
    const broken = harbour.client(harbour.anonKey.replace(/.{8}$/, 'AAAAAAAA'))
    expect((await asking(broken)).slice(0, 2)).toEqual([401, 'PGRST301'])
  })

  test('a token that is over is refused, and says so', async () => {
    const token = await harbour.token({
      role: 'authenticated',
      sub: ADA,
      nbf: Math.floor(Date.now() / 1000) + 3600,
    })
    const early = harbour.client(harbour.anonKey, { accessToken: async () => token })
    expect(await asking(early)).toEqual([401, 'PGRST303', 'JWT not yet valid'])
  })

  test('a token of a role that is not there is refused', async () => {
    const token = await harbour.token({ role: 'admiral' })
    const admiral = harbour.client(harbour.anonKey, { accessToken: async () => token })
    expect(await asking(admiral)).toEqual([401, '22023', 'role "admiral" does not exist'])
  })

  test('a project of another name is nobody', async () => {
    const stranger = createClient(harbour.url.replace('harbour', 'nowhere'), harbour.anonKey, {
      global: { fetch: harbour.fetch as typeof globalThis.fetch },
      auth: { persistSession: false },
    })
    expect((await asking(stranger))[0]).toBe(404)
  })
})

describe('several schemas', () => {
  test('the first is meant unless another is named', async () => {
    expect((await harbour.anon.from('crane').select()).error?.code).toBe('PGRST205')
    const { data } = await harbour.anon.schema('yard').from('crane').select('name').order('id')
    expect(data).toEqual([{ name: 'Goliath' }, { name: 'Samson' }])
  })

  test('a client may be of one schema', async () => {
    const yard = harbour.client(harbour.anonKey, { db: { schema: 'yard' } })
    expect((await yard.from('crane').select('id').limit(1)).data).toEqual([{ id: 1 }])
    expect((await yard.from('ship').select('id')).error?.code).toBe('PGRST205')
  })

  test('functions and writes go there as well', async () => {
    const yard = harbour.service.schema('yard')
    expect((await yard.rpc('lift', { weight: 5 })).data).toBe('lifted 5')
    expect((await yard.rpc('lift', { weight: 5 }, { get: true })).data).toBe('lifted 5')
    const made = await yard.from('crane').insert({ id: 3, name: 'New' }).select('name').single()
    expect(made.data).toEqual({ name: 'New' })
    expect((await yard.from('crane').delete().eq('id', 3)).status).toBe(204)
    const refused = await harbour.anon.schema('yard').from('crane').insert({ id: 4, name: 'No' })
    expect([refused.status, refused.error?.code]).toEqual([401, '42501'])
  })

  test('one that is not exposed is told from those that are', async () => {
    const { error, status } = await harbour.service.schema('hidden').from('safe').select()
    expect(status).toBe(406)
    expect(error).toMatchObject({
      code: 'PGRST106',
      message: 'Invalid schema: hidden',
      hint: 'Only the following schemas are exposed: public, yard',
    })
  })

  test('each describes itself, as its caller sees it', async () => {
    const paths = async (client: Harbour['anon'], schema: string) => {
      const { data, error } = await client.schema(schema as 'public').getOpenApiSpec()
      expect(error).toBeNull()
      const { swagger, paths: found } = z
        .object({ swagger: z.string(), paths: z.record(z.string(), z.unknown()) })
        .parse(data)
      expect(swagger).toBe('2.0')
      return Object.keys(found)
    }
    expect(await paths(harbour.anon, 'public')).toEqual(expect.arrayContaining(['/', '/ship', '/rpc/add']))
    expect(await paths(harbour.anon, 'public')).not.toContain('/rpc/harbour_fill')
    expect(await paths(harbour.service, 'public')).toContain('/rpc/harbour_fill')
    expect((await paths(harbour.anon, 'yard')).sort()).toEqual(['/', '/crane', '/rpc/lift'])
  })

  test('a new table is there for the next request', async () => {
    await harbour.sql('create table yard.shed (id int); grant select on yard.shed to anon')
    try {
      await expect
        .poll(async () => (await harbour.anon.schema('yard').from('shed').select()).status)
        .toBe(200)
    } finally {
      await harbour.sql('drop table yard.shed')
    }
    await expect.poll(async () => (await harbour.anon.schema('yard').from('shed').select()).status).toBe(404)
  })
})
