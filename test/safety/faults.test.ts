/**
 * The whole runtime under load while something goes wrong below or around it: slow neighbours, a changing schema, a new
 * secret, sessions ended by force, a restarted server, ten thousand shapes. Faults of the wire alone are in
 * test/contract/database-faults.test.ts.
 */
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import type { Sql } from 'postgres'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { eventually } from '../harness/eventually.ts'
import { docker, startPostgres, type TestPostgres } from '../harness/postgres.ts'
import { type Reply, type RestRuntime, SECRET, startRestRuntime, tokenOf } from '../harness/rest-runtime.ts'

const SCHEMA = `
create table thing (id int primary key, name text not null default 'x', owner int default 1);
insert into thing select n, 'thing ' || n, n % 10 from generate_series(1, 1000) n;
create table entry (id int, at timestamptz default now());
create policy mine on thing for select to authenticated using (owner = (current_setting('request.jwt.claims', true)::json ->> 'sub')::int);
create policy all_in on entry for all to authenticated using (true) with check (true);
create function things() returns setof thing language sql stable as $$ select * from thing $$;
create function slow(seconds float) returns text language plpgsql as $$ begin perform pg_sleep(seconds); return 'slept'; end $$;
create function prepared() returns bigint language sql stable as $$ select count(*) from pg_prepared_statements $$;
grant usage on schema public to authenticated;
alter role authenticated set statement_timeout = '10s';
`

let pg: TestPostgres
let owner: Sql
let runtime: RestRuntime
let token: string

beforeAll(async () => {
  pg = await startPostgres()
  owner = pg.as('postgres')
  await owner.unsafe(SCHEMA.replace(/alter role.*\n/, '')).simple()
  await pg.admin().unsafe(`alter role authenticated set statement_timeout = '10s'`)
  token = await tokenOf({ role: 'authenticated', sub: '1' })
})
afterAll(() => pg?.stop())
beforeEach(async () => {
  runtime = await startRestRuntime(pg)
})
afterEach(() => runtime?.stop())

const middle = (values: number[]): number => values.sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0

/** Asks again and again, on so many lines at once, until told to stop. */
function load(lines: number, ask: () => Promise<Reply>) {
  const seen = new Map<string, number>()
  let isOver = false
  const line = async () => {
    while (!isOver) {
      const { status, text } = await ask().catch((error: unknown) => ({ status: 0, text: String(error) }))
      const key = status < 300 ? String(status) : `${status} ${text.slice(0, 160)}`
      seen.set(key, (seen.get(key) ?? 0) + 1)
    }
  }
  const all = Promise.all(Array.from({ length: lines }, line))
  return {
    seen,
    async end(): Promise<Record<string, number>> {
      isOver = true
      await all
      return Object.fromEntries(seen)
    },
  }
}

const read = () => runtime.ask('/thing?select=*&order=id&limit=5', { token })

describe('a slow neighbour', () => {
  test('does not make the fast ones slow', async () => {
    const timed = async () => {
      const from = performance.now()
      expect((await read()).status).toBe(200)
      return performance.now() - from
    }
    const measure = async () => {
      const times: number[] = []
      for (let round = 0; round < 30; round++)
        times.push(...(await Promise.all(Array.from({ length: 8 }, timed))))
      return times
    }
    await measure()
    const alone = middle(await measure())
    const slow = Array.from({ length: 3 }, () =>
      runtime.ask('/rpc/slow', { method: 'POST', token, body: { seconds: 4 } }),
    )
    const beside = await measure()
    expect(middle(beside)).toBeLessThan(alone * 4 + 10)
    expect(Math.max(...beside)).toBeLessThan(3_000)
    for (const reply of await Promise.all(slow)) expect([reply.status, reply.text]).toEqual([200, '"slept"'])
  })
})

describe('a schema that changes under load', () => {
  test('is taken up without a failed request, prepared statements and all', async () => {
    const reads = load(4, read)
    const calls = load(2, () => runtime.ask('/rpc/things?limit=3', { token }))
    let next = 100_000
    const writes = load(2, () => runtime.ask('/entry', { method: 'POST', token, body: { id: next++ } }))
    for (let round = 1; round <= 6; round++) {
      await owner.unsafe(`alter table thing add column more_${round} int default ${round}`)
      await owner.unsafe(`alter table entry add column more_${round} text`)
      await owner.unsafe(`notify pgrst, 'reload schema'`)
      await eventually(10_000, async () => {
        const { status, text } = await runtime.ask(`/thing?select=more_${round}&limit=1`, { token })
        expect([status, text]).toEqual([200, `[{"more_${round}":${round}}]`])
      })
      await owner.unsafe(`alter table thing alter column more_${round} type text using 'now text'`)
      await owner.unsafe(`alter table thing drop column more_${round}`)
      await owner.unsafe(`notify pgrst`)
    }
    const [read200, call200, write201] = await Promise.all([reads.end(), calls.end(), writes.end()])
    expect(Object.keys(read200)).toEqual(['200'])
    expect(Object.keys(call200)).toEqual(['200'])
    expect(Object.keys(write201)).toEqual(['201'])
    expect((await read()).text).not.toContain('more_')
  })
})

describe('a new secret under load', () => {
  test('ends the old tokens at once, lets the new ones in, and fails nobody otherwise', async () => {
    const secret = 'the-next-secret-of-these-tests-and-of-no-project'
    const renewed = await tokenOf({ role: 'authenticated', sub: '1' }, secret)
    const taken: { at: number; token: 'old' | 'new'; status: number }[] = []
    let isOver = false
    const line = async (which: 'old' | 'new') => {
      while (!isOver) {
        const at = performance.now()
        const { status } = await runtime.ask('/thing?limit=1', { token: which === 'old' ? token : renewed })
        taken.push({ at, token: which, status })
      }
    }
    const lines = Promise.all([line('old'), line('old'), line('new'), line('new')])
    await eventually(5_000, async () => expect(taken.length).toBeGreaterThan(50))
    await runtime.write({ jwtSecret: secret, generation: 2 })
    await eventually(10_000, async () =>
      expect(taken.some((each) => each.token === 'new' && each.status === 200)).toBe(true),
    )
    await eventually(5_000, async () =>
      expect(taken.filter(({ token: which }) => which === 'old').at(-1)?.status).toBe(401),
    )
    isOver = true
    await lines
    const first = Math.min(
      ...taken.filter((each) => each.token === 'new' && each.status === 200).map(({ at }) => at),
    )
    // The first good answer to a new token may have been asked for before the change: what was asked after it was not.
    const answered =
      taken.find((each) => each.token === 'new' && each.at > first)?.at ?? Number.POSITIVE_INFINITY
    expect(taken.filter((each) => each.token === 'old' && each.at > answered && each.status !== 401)).toEqual(
      [],
    )
    expect([...new Set(taken.map(({ status }) => status))].sort()).toEqual([200, 401])
    await runtime.write({ jwtSecret: SECRET, generation: 3 })
  })
})

describe('sessions ended by force under load', () => {
  test('cost reads nothing, and no write is done twice or said to be done when it was not', async () => {
    await owner.unsafe('truncate entry')
    const reads = load(4, read)
    const said: { id: number; status: number }[] = []
    let next = 0
    const writes = load(4, async () => {
      const id = next++
      const reply = await runtime.ask('/entry', { method: 'POST', token, body: { id } })
      said.push({ id, status: reply.status })
      return reply
    })
    for (let round = 0; round < 15; round++) {
      await pg.admin()`select pg_terminate_backend(pid) from pg_stat_activity where usename = 'authenticator' and query not ilike 'listen%'`
      // A turn that is struck again and again is given up in the end: each time, let what was struck come through.
      const before = reads.seen.get('200') ?? 0
      await eventually(10_000, async () => expect(reads.seen.get('200') ?? 0).toBeGreaterThan(before + 40))
    }
    const [read200] = await Promise.all([reads.end(), writes.end()])
    expect(Object.keys(read200)).toEqual(['200'])
    const rows = await owner<
      { id: number; times: number }[]
    >`select id, count(*)::int as times from entry group by id`
    const done = new Map(rows.map(({ id, times }) => [id, times]))
    expect(rows.filter(({ times }) => times > 1)).toEqual([])
    expect(said.filter(({ id, status }) => status === 201 && done.get(id) !== 1)).toEqual([])
    expect(
      [...new Set(said.map(({ status }) => status))].filter((status) => status !== 201 && status !== 503),
    ).toEqual([])
    expect(said.filter(({ status }) => status === 201).length).toBeGreaterThan(said.length / 2)
  })

  test('and with the whole server: it is told, and over when the server is back', async () => {
    const reads = load(4, read)
    await docker('restart', '--time', '5', pg.container)
    await eventually(20_000, async () => expect((await read()).status).toBe(200))
    const seen = await reads.end()
    const codes = Object.keys(seen).map((key) => key.slice(0, 3))
    expect(codes.filter((code) => !['200', '503', '504'].includes(code))).toEqual([])
    expect(runtime.records.filter(({ msg }) => msg === 'unexpected failure')).toEqual([])
  })
})

describe('ten thousand shapes of request', () => {
  test('leave a bounded number of prepared statements and of bytes', async () => {
    setFlagsFromString('--expose-gc')
    const collect = runInNewContext('gc') as () => void
    const shape = (at: number) =>
      runtime.ask(`/thing?select=a${at}:id,b${at}:name&id=eq.${at}&limit=1`, { token })
    const upTo = async (from: number, to: number) => {
      for (let at = from; at < to; at += 40) {
        const replies = await Promise.all(Array.from({ length: 40 }, (_, more) => shape(at + more)))
        expect(replies.every(({ status }) => status === 200)).toBe(true)
      }
      collect()
      return process.memoryUsage().heapUsed / 1e6
    }
    const afterSome = await upTo(0, 2_400)
    const afterAll = await upTo(2_400, 10_000)
    // Twelve hundred plans and outlines are kept, whatever comes: the rest is the tests' own.
    expect(afterAll).toBeLessThan(afterSome * 1.25 + 10)
    const counts = await Promise.all(
      Array.from({ length: 40 }, () => runtime.ask('/rpc/prepared', { token })),
    )
    for (const { text } of counts) expect(Number(text)).toBeLessThanOrEqual(256 + 8)
    expect(Math.max(...counts.map(({ text }) => Number(text)))).toBeGreaterThan(100)
  })
})
