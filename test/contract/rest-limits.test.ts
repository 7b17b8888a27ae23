/** What one request may ask of a project, on a real Postgres: each limit changed under a running REST service. */
import { DEFAULT_LIMITS, type RestLimits } from '@cascata/runtime/rest/contract'
import { createRest, type Rest } from '@cascata/runtime/rest/routes'
import type { Database, Turn } from '@cascata/runtime/session/database'
import { createSession } from '@cascata/runtime/session/session'
import { openDatabase } from '@cascata/runtime/wire/open'
import { RestSettings } from '@cascata/shared/project-document'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { z } from 'zod'
import { startPostgres, type TestPostgres } from '../harness/postgres.ts'

const SCHEMA = `
  create table parent (id int primary key, name text);
  create table child (id int primary key, parent_id int references parent, size int);
  create policy all_parents on parent for select using (true);
  create policy all_children on child for select using (true);
  insert into parent select n, 'parent ' || n from generate_series(1, 2000) n;
  insert into child select n, 1 + n % 2000, n % 100 from generate_series(1, 20000) n;
  create function doze(seconds float) returns void language sql as $$ select pg_sleep(seconds) $$;
  create function doze_own(seconds float) returns void language sql set statement_timeout = '150ms'
    as $$ select pg_sleep(seconds) $$;
  create function add() returns void language sql as $$ insert into parent values (9002, 'added') $$;
  create function never() returns setof parent stable language plpgsql cost 1e9 as $$ begin end $$;
  analyze parent, child;
`

let pg: TestPostgres
let database: Database
let rest: Rest
const turns: Turn[] = []
let limits: RestLimits
let settings = RestSettings.parse({ plan: true })
let readOnly = false

beforeAll(async () => {
  pg = await startPostgres()
  await pg.as('postgres').unsafe(SCHEMA).simple()
  database = openDatabase({
    ...{ host: pg.socketDir, port: 5432, database: 'postgres' },
    ...{ user: 'authenticator', password: pg.passwords.authenticator },
  })
  const watched: Database = {
    run: (turn, signal) => {
      turns.push(turn)
      return database.run(turn, signal)
    },
    listen: (channel, onNotify) => database.listen(channel, onNotify),
    close: () => database.close(),
  }
  rest = createRest({
    database: watched,
    settings: () => settings,
    limits: () => limits,
    readOnly: () => readOnly,
  })
  await rest.reloadSchema()
})

afterAll(async () => {
  await rest?.close()
  await database?.close()
  await pg?.stop()
})

beforeEach(() => become({}))

/** As the document comes: limits and settings anew. */
function become(changes: Partial<RestLimits>, rest: object = {}): void {
  limits = { ...DEFAULT_LIMITS, ...changes }
  settings = RestSettings.parse({ plan: true, ...rest })
}

const Failure = z.object({
  code: z.string(),
  message: z.string(),
  details: z.string().nullable(),
  hint: z.string().nullable(),
})

async function ask(
  method: string,
  target: string,
  more: { body?: object; role?: string; accept?: string } = {},
) {
  const [path = '', query = ''] = target.split('?')
  const role = more.role ?? 'service_role'
  const before = turns.length
  const { status, body } = await rest.handle(
    {
      ...{ method, path, query },
      headers: more.accept === undefined ? {} : { accept: more.accept },
      body: more.body === undefined ? null : Buffer.from(JSON.stringify(more.body)),
    },
    createSession({ role, claims: { role }, anonRole: 'anon' }),
    new AbortController().signal,
  )
  const text = body?.toString() ?? ''
  return { status, text, trips: turns.length - before, failure: () => Failure.parse(JSON.parse(text)) }
}

describe('a full disk', () => {
  beforeEach(() => {
    readOnly = true
    return () => {
      readOnly = false
    }
  })
  const refused = { code: 'disk-quota-reached', hint: expect.stringContaining('disk_mb') }

  test.each([
    ['an insert', 'POST', '/parent', { id: 9_001 }],
    ['an update', 'PATCH', '/parent?id=eq.1', { name: 'new' }],
    ['a deletion', 'DELETE', '/parent?id=eq.1', undefined],
  ])('refuses %s without asking Postgres', async (_what, method, target, body) => {
    const answer = await ask(method, target, body === undefined ? {} : { body })
    expect([answer.status, answer.trips]).toEqual([507, 0])
    expect(answer.failure()).toMatchObject(refused)
  })

  test('lets rows be read', async () => {
    expect(JSON.parse((await ask('GET', '/parent?select=name&id=eq.1')).text)).toEqual([{ name: 'parent 1' }])
  })

  test('lets a function be called that only reads, and refuses one that writes', async () => {
    expect((await ask('POST', '/rpc/doze', { body: { seconds: 0 } })).status).toBe(204)
    const answer = await ask('POST', '/rpc/add', { body: {} })
    expect(answer.status).toBe(507)
    expect(answer.failure()).toMatchObject(refused)
    expect(JSON.parse((await ask('GET', '/parent?id=eq.9002')).text)).toEqual([])
  })

  test('is felt from one request to the next', async () => {
    readOnly = false
    expect((await ask('PATCH', '/parent?id=eq.1', { body: { name: 'parent 1' } })).status).toBe(204)
  })
})

describe('the time of a statement', () => {
  const doze = (name = 'doze', role = 'service_role') =>
    ask('POST', `/rpc/${name}`, { body: { seconds: 0.6 }, role })

  test('ends it, and the refusal says which limit it was', async () => {
    become({ statementTimeoutMs: 200 })
    const { status, failure } = await doze()
    expect(status).toBe(504)
    expect(failure()).toEqual({
      code: '57014',
      message: 'canceling statement due to statement timeout',
      details: 'The statement ran longer than the 200 ms this project allows.',
      hint: expect.stringContaining('statement_timeout_ms'),
    })
  })

  test('changes from one request to the next', async () => {
    become({ statementTimeoutMs: 200 })
    expect((await doze()).status).toBe(504)
    become({ statementTimeoutMs: 5_000 })
    expect((await doze()).status).toBe(204)
  })

  test('holds against a longer one of the role', async () => {
    become({ statementTimeoutMs: 200 })
    expect((await doze('doze', 'anon')).status).toBe(504)
  })

  test('leaves a shorter one of a function as PostgREST has it', async () => {
    become({ statementTimeoutMs: 5_000 })
    const { status, failure } = await doze('doze_own')
    expect(status).toBe(500)
    expect(failure()).toMatchObject({ code: '57014', details: null, hint: null })
  })
})

describe('embeds', () => {
  const nested = (depth: number): string =>
    depth === 0 ? 'id' : `id,${depth % 2 ? 'child' : 'parent'}(${nested(depth - 1)})`
  const target = (depth: number) =>
    depth % 2 ? `/parent?select=${nested(depth)}&limit=1` : `/child?select=${nested(depth)}&limit=1`

  test('as deep as the limit, and no deeper', async () => {
    become({ embedDepthMax: 3 })
    expect((await ask('GET', target(3))).status).toBe(200)
    const { status, failure, trips } = await ask('GET', target(4))
    expect([status, trips]).toEqual([400, 0])
    expect(failure()).toEqual({
      code: 'embed-depth-exceeded',
      message: 'The select nests embeds deeper than the 3 levels this project allows.',
      details: null,
      hint: expect.stringContaining('embed_depth_max'),
    })
  })

  test('a spread is an embed, and what comes back of a write is a select', async () => {
    become({ embedDepthMax: 1 })
    expect((await ask('GET', '/child?select=...parent(...child(id))')).failure().code).toBe(
      'embed-depth-exceeded',
    )
    const write = ask('PATCH', '/child?id=eq.1&select=parent(child(id))', { body: { size: 1 } })
    expect((await write).failure().code).toBe('embed-depth-exceeded')
  })

  test('as many as the limit, and no more', async () => {
    become({ embedsMax: 4 })
    const many = (count: number) =>
      `/parent?select=${Array.from({ length: count }, (_, at) => `c${at}:child(id)`).join(',')}&limit=1`
    expect((await ask('GET', many(4))).status).toBe(200)
    const { status, failure } = await ask('GET', many(5))
    expect([status, failure().code]).toEqual([400, 'embeds-exceeded'])
    become({ embedsMax: 5 })
    expect((await ask('GET', many(5))).status).toBe(200)
  })

  test('a select that was allowed yesterday is not allowed for ever', async () => {
    const allowed = await ask('GET', target(2))
    become({ embedDepthMax: 1 })
    const refused = await ask('GET', target(2))
    expect([allowed.status, refused.status]).toEqual([200, 400])
  })
})

describe('the cost of a plan', () => {
  test('is not asked for where there is no limit', async () => {
    expect((await ask('GET', '/child?select=id')).trips).toBe(1)
  })

  test('is asked once of a shape that is cheap whatever its values', async () => {
    become({ planCostMax: 1_000 })
    const trips = []
    for (const id of [1, 2, 3]) trips.push((await ask('GET', `/parent?id=eq.${id}`)).trips)
    expect(trips).toEqual([2, 1, 1])
  })

  test('refuses what costs more, and carries nothing out', async () => {
    become({ planCostMax: 200 })
    const { status, failure, trips } = await ask('GET', '/child?select=*,parent(*)')
    expect([status, trips]).toEqual([400, 2])
    expect(failure()).toEqual({
      code: 'plan-cost-exceeded',
      message: expect.stringMatching(
        /^The planner puts the cost of this request at \d+; this project allows 200\.$/,
      ),
      details: null,
      hint: expect.stringContaining('plan_cost_max'),
    })
  })

  test('of a shape that may be dear is told by its values: a small page of it passes', async () => {
    become({ planCostMax: 200 })
    const page = (limit: number) => ask('GET', `/child?select=*,parent(*)&order=id&limit=${limit}`)
    expect((await page(10)).status).toBe(200)
    expect((await page(15_000)).failure().code).toBe('plan-cost-exceeded')
    const { status, trips } = await page(11)
    expect([status, trips]).toEqual([200, 2])
  })

  test('counts the most rows a read may return, where it is not paged', async () => {
    become({ planCostMax: 40 }, { maxRows: 10 })
    const trips = []
    for (const id of [1, 2]) trips.push((await ask('GET', `/child?select=*,parent(*)&id=gt.${id}`)).trips)
    expect(trips).toEqual([2, 1])
    become({ planCostMax: 40 })
    expect((await ask('GET', '/child?select=*,parent(*)&id=gt.1')).failure().code).toBe('plan-cost-exceeded')
  })

  test('holds for writes and calls as well', async () => {
    become({ planCostMax: 200 })
    const write = await ask('PATCH', '/child?size=gte.0', { body: { size: 1 } })
    expect(write.failure().code).toBe('plan-cost-exceeded')
    expect((await ask('POST', '/rpc/never')).failure().code).toBe('plan-cost-exceeded')
    expect((await ask('GET', '/child?select=size&id=eq.7')).text).toBe('[{"size":7}]')
  })

  test('lets explain through, and not what it would carry out', async () => {
    become({ planCostMax: 10 })
    const explain = (options: string) =>
      ask('GET', '/child', { accept: `application/vnd.pgrst.plan+json; options=${options}` })
    expect((await explain('verbose')).status).toBe(200)
    expect((await explain('analyze')).failure().code).toBe('plan-cost-exceeded')
  })

  test('is each role’s own, and what a role may not is still said by Postgres', async () => {
    await pg.as('postgres').unsafe('revoke select on child from anon')
    become({ planCostMax: 10 })
    const { status, failure } = await ask('GET', '/child?select=id', { role: 'anon' })
    expect([status, failure().code]).toEqual([401, '42501'])
  })

  test('changes from one request to the next', async () => {
    become({ planCostMax: 10 })
    expect((await ask('GET', '/child?select=id')).status).toBe(400)
    become({ planCostMax: 100_000 })
    expect((await ask('GET', '/child?select=id')).status).toBe(200)
  })
})
