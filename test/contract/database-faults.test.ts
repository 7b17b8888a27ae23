/** What is left of a turn's promises, and of its neighbours', when something goes wrong. */

import { setTimeout as pause } from 'node:timers/promises'
import type { Database, Turn } from '@cascata/runtime/session/database'
import type { DatabaseOptions, WireEvent } from '@cascata/runtime/wire/limits'
import { openDatabase } from '@cascata/runtime/wire/open'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { startWirePostgres, type WirePostgres } from '../harness/wire-postgres.ts'
import { ask, failure, pidOf, turn } from './turns.ts'

let pg: WirePostgres
const opened: Database[] = []
const unhandled: unknown[] = []
const events: WireEvent[] = []

function open(options: Partial<DatabaseOptions> = {}): Database {
  const limits = { connections: 1, spareConnections: 0, ...options.limits }
  const db = openDatabase({ ...pg.login, ...options, limits, onEvent: (event) => events.push(event) })
  opened.push(db)
  return db
}

const terminate = (pid: unknown) => pg.admin`select pg_terminate_backend(${Number(pid)})`

/** Waits until Postgres runs a statement that contains this. */
async function running(text: string): Promise<void> {
  const look = () =>
    pg.admin`select 1 from pg_stat_activity where state = 'active' and query like ${`%${text}%`} and pid <> pg_backend_pid()`
  await expect.poll(async () => (await look()).length, { timeout: 5_000, interval: 10 }).toBeGreaterThan(0)
}

beforeAll(async () => {
  process.on('unhandledRejection', (reason) => unhandled.push(reason))
  pg = await startWirePostgres()
})
afterEach(async () => {
  await Promise.all(opened.splice(0).map((db) => db.close()))
  events.length = 0
})
afterAll(async () => {
  await pg?.stop()
  expect(unhandled).toEqual([])
})

describe('a turn that fails', () => {
  const fine = turn('select 1')
  test.each<[string, string, Partial<Turn>]>([
    ['in its settings', '22023', { settings: [['role', 'nobody_at_all']] }],
    ['in the query before', '22012', { before: { text: 'select 1/0', values: [] } }],
    ['in the parse of the main query', '42601', { main: { text: 'selekt', values: [] } }],
    ['in the main query', '22012', { main: { text: 'select 1/$1::int', values: ['0'] } }],
    ['for a wrong number of values', '08P01', { main: { text: 'select $1::int', values: [] } }],
    ['for two statements in one', '42601', { main: { text: 'select 1; select 2', values: [] } }],
    ['for COPY from the client', '0A000', { main: { text: 'copy notes from stdin', values: [] } }],
    ['for COPY to the client', '0A000', { main: { text: '/* c */ copy (select 1) to stdout', values: [] } }],
    ['for a zero byte in its text', '22021', { main: { text: 'select 1\0', values: [] } }],
    ['for a zero byte in a value', '22021', { main: { text: 'select $1::text', values: ['\0'] } }],
    [
      'for more values than the wire can count',
      '54000',
      { main: { text: 'select 1', values: Array(65_536).fill('1') } },
    ],
  ])('%s leaves the turns around it alone', async (_sentence, code, broken) => {
    const db = open()
    const pid = await pidOf(db)
    const turns = Array.from({ length: 9 }, (_, i) =>
      i % 3 === 1 ? { ...fine, ...broken } : turn(`select ${i}`),
    )
    const ends = await Promise.all(turns.map((each) => failure(db.run(each))))
    expect(ends).toEqual(turns.map((_, i) => (i % 3 === 1 ? code : 'nothing')))
    expect(await pidOf(db)).toBe(pid)
  })

  test('says all that Postgres said', async () => {
    const db = open()
    const raise = `do $$ begin raise exception using errcode = 'P0401', message = 'm', detail = 'd', hint = 'h',
      schema = 's', table = 't', column = 'c', constraint = 'k', datatype = 'y'; end $$`
    await expect(db.run(turn(raise))).rejects.toMatchObject({
      ...{ code: 'P0401', message: 'm', detail: 'd', hint: 'h', severity: 'ERROR' },
      ...{ schema: 's', table: 't', column: 'c', constraint: 'k', dataType: 'y', routine: 'exec_stmt_raise' },
      where: expect.stringContaining('PL/pgSQL'),
    })
    await expect(db.run(turn('select nope'))).rejects.toMatchObject({
      code: '42703',
      position: '8',
      table: null,
    })
  })

  test('by copying from the client without a follower is told so, and the next turn runs', async () => {
    const db = open()
    await pidOf(db)
    expect(await failure(db.run(turn('-- c\ncopy once from stdin')))).toBe('0A000')
    expect(await ask(db, 'select 1')).toBe('1')
  })

  test('by copying from the client with followers loses them, and they are not run', async () => {
    const db = open()
    await pidOf(db)
    const copy = failure(db.run(turn('-- c\ncopy once from stdin')))
    const followers = [1, 2, 3].map(() => failure(db.run(turn('update notes set n = n + 1 where id = 2'))))
    expect(await copy).toBe('0A000')
    for (const end of await Promise.all(followers)) expect(['lost', 'nothing']).toContain(end)
    expect(await ask(db, 'select 1')).toBe('1')
  })
})

describe('a turn that takes long', () => {
  test('is cancelled at its own timeout', async () => {
    const db = open()
    const pid = await pidOf(db)
    expect(await failure(db.run(turn('select pg_sleep(10)', { timeoutMs: 100 })))).toBe('57014')
    expect(
      await failure(
        db.run(turn('select 1', { before: { text: 'select pg_sleep(10)', values: [] }, timeoutMs: 100 })),
      ),
    ).toBe('57014')
    expect(await pidOf(db)).toBe(pid)
  })

  test('is cancelled from outside when a function took its timeout away', async () => {
    const db = open({ limits: { cancelGraceMs: 100 } })
    const before = { text: `select set_config('statement_timeout', '0', true)`, values: [] }
    expect(await failure(db.run(turn('select pg_sleep(10)', { timeoutMs: 1_000, before })))).toBe('57014')
    expect(events).toContainEqual(expect.objectContaining({ event: 'cancelled', reason: 'overdue' }))
  })

  test('loses its connection when it does not heed the cancel', async () => {
    const db = open({ limits: { cancelGraceMs: 50 } })
    const deaf = `do $$ begin perform set_config('statement_timeout', '0', true); for i in 1..60 loop
      begin perform pg_sleep(0.1); exception when query_canceled then null; end; end loop; end $$`
    expect(
      await failure(db.run(turn('select 1', { before: { text: deaf, values: [] }, timeoutMs: 1_000 }))),
    ).toBe('lost')
    expect(await ask(db, 'select 1')).toBe('1')
  })

  test('ends at once for a caller who aborts, and soon in Postgres', async () => {
    const db = open()
    const pid = await pidOf(db)
    const abort = new AbortController()
    const slow = failure(db.run(turn('select pg_sleep(10), 1'), abort.signal))
    await running('pg_sleep(10), 1')
    abort.abort(new RangeError('gone'))
    expect(await slow).toBe('RangeError')
    expect(await pidOf(db)).toBe(pid)
    expect(
      (
        await pg.admin`select 1 from pg_stat_activity where state = 'active' and query like '%pg_sleep(10), 1%' and pid <> pg_backend_pid()`
      ).length,
    ).toBe(0)
  })

  test('and is aborted leaves no write behind', async () => {
    const db = open()
    const abort = new AbortController()
    const slow = failure(
      db.run(
        turn('update notes set n = 99 where id = 3 returning pg_sleep(10)', { role: 'wire_b' }),
        abort.signal,
      ),
    )
    await running('id = 3 returning pg_sleep')
    abort.abort(new RangeError('gone'))
    expect(await slow).toBe('RangeError')
    expect(await ask(db, 'select n::text from notes where id = 3', { role: 'wire_b' })).toBe('0')
  })

  test('does not delay others: they go past it, and reads behind it are sent again elsewhere', async () => {
    const db = open({ limits: { connections: 2, spareConnections: 2 } })
    await Promise.all([ask(db, 'select 1'), ask(db, 'select 2')])
    const from = performance.now()
    const slow = failure(db.run(turn('select pg_sleep(4)')))
    const reads = Array.from({ length: 20 }, (_, i) => ask(db, `select ${i}`, { readOnly: true }))
    expect(await Promise.all(reads)).toEqual(reads.map((_, i) => String(i)))
    const later = Array.from({ length: 20 }, (_, i) =>
      ask(db, `update notes set n = ${i} where id = 4 returning 1`),
    )
    await Promise.all(later)
    expect(performance.now() - from).toBeLessThan(3_500)
    expect(await slow).toBe('nothing')
  })

  test('is never mistaken for its neighbour by a cancel that comes late', async () => {
    const db = open({ limits: { slowMs: 5, abandonMs: 5 } })
    const count = () =>
      db.run(turn('update notes set n = n + 1 where id = 5 returning pg_sleep(0.004)', { role: 'wire_b' }))
    const ends: string[] = []
    for (let round = 0; round < 40; round++) {
      const abort = new AbortController()
      // It ends by itself about when the cancel arrives: sometimes the one is first, sometimes the other.
      const slow = failure(db.run(turn(`select pg_sleep(${0.008 + round / 4_000})`), abort.signal))
      const counts = [1, 2, 3].map(() => failure(count()))
      await pause(6)
      abort.abort(new RangeError('gone'))
      for (let i = 0; i < 6; i++) {
        counts.push(failure(count()))
        await pause(2)
      }
      ends.push(...(await Promise.all(counts)))
      expect(['RangeError', 'nothing']).toContain(await slow)
    }
    expect(ends.filter((end) => end !== 'nothing')).toEqual([])
    expect(await ask(db, 'select n::text from notes where id = 5', { role: 'wire_b' })).toBe(String(40 * 9))
    expect(events.filter(({ event }) => event === 'cancelled').length).toBeGreaterThan(0)
  })
})

describe('a connection that goes away', () => {
  test('takes a long statement with it, says so, and the writes behind it run elsewhere', async () => {
    const db = open()
    const pid = await pidOf(db)
    const sent = ['select pg_sleep(10), 2', 'select 1', 'select 2'].map((text) => failure(db.run(turn(text))))
    await running('pg_sleep(10), 2')
    await pause(1_100)
    await terminate(pid)
    expect(await Promise.all(sent)).toEqual(['lost', 'nothing', 'nothing'])
    expect(await pidOf(db)).not.toBe(pid)
    expect(events).toContainEqual(
      expect.objectContaining({ event: 'connection-lost', processId: Number(pid), turns: 3 }),
    )
  })

  test('costs a short write nothing when Postgres ended the session: it runs once, elsewhere', async () => {
    const db = open()
    const pid = await pidOf(db)
    const before = { text: 'select pg_sleep(0.3), 7', values: [] }
    const was = Number(await ask(db, 'select n::text from notes where id = 9', { role: 'wire_b' }))
    const write = db.run(
      turn('update notes set n = n + 1 where id = 9 returning n', { before, role: 'wire_b' }),
    )
    await running('pg_sleep(0.3), 7')
    await terminate(pid)
    expect(String((await write).rows[0]?.[0])).toBe(String(was + 1))
  })

  test('while idle is not noticed by the next turn', async () => {
    const db = open()
    for (let i = 0; i < 5; i++) {
      await terminate(await pidOf(db))
      await expect.poll(() => events.filter(({ event }) => event === 'connection-lost').length).toBe(i + 1)
      expect(await ask(db, 'select 1')).toBe('1')
    }
  })

  test('never gave turns that were not sent: they run elsewhere', async () => {
    const db = open({ limits: { depth: 1 } })
    const pid = await pidOf(db)
    const sent = failure(db.run(turn('select pg_sleep(10), 3')))
    const waiting = [1, 2, 3].map((i) => ask(db, `select ${i}`))
    await running('pg_sleep(10), 3')
    await pause(1_100)
    await terminate(pid)
    expect(await sent).toBe('lost')
    expect(await Promise.all(waiting)).toEqual(['1', '2', '3'])
  })

  test('with the whole server comes back with it', async () => {
    const db = open({ limits: { connections: 4, waitMs: 30_000 } })
    await Promise.all([1, 2, 3, 4].map((i) => ask(db, `select ${i}`)))
    const restart = pg.container('restart')
    let isBack = false
    void restart.then(() => {
      isBack = true
    })
    const ends = new Set<string>()
    while (!isBack) ends.add(await failure(db.run(turn('select 1'))))
    await restart
    expect(await ask(db, 'select 1')).toBe('1')
    for (const end of ends) expect(['nothing', 'lost']).toContain(end)
  })
})

describe('waiting', () => {
  test('has an end: a turn that no connection takes in time is refused', async () => {
    const db = open({ limits: { depth: 1, waitMs: 1_000, queueMax: 2 } })
    await pidOf(db)
    const slow = failure(db.run(turn('select pg_sleep(4)')))
    const waiting = [1, 2, 3].map(() => failure(db.run(turn('select 1'))))
    expect(await Promise.all(waiting)).toEqual(['queue', 'queue', 'queue'])
    expect(await slow).toBe('nothing')
  })

  test('for a server that is not there ends as unreachable, with the reason', async () => {
    const db = openDatabase({ ...pg.login, host: '/nowhere', limits: { waitMs: 1_000 } })
    await expect(db.run(turn('select 1'))).rejects.toMatchObject({
      kind: 'unreachable',
      cause: { code: 'ENOENT' },
    })
    await db.close()
  })

  test('for a server that refuses the password ends as unreachable, with the reason', async () => {
    const db = openDatabase({ ...pg.login, password: 'wrong', limits: { waitMs: 3_000 } })
    await expect(db.run(turn('select 1'))).rejects.toMatchObject({
      kind: 'unreachable',
      cause: { code: '28P01' },
    })
    await db.close()
  })

  test('is over at once for a caller who has gone', async () => {
    const db = open({ limits: { depth: 1 } })
    const slow = failure(db.run(turn('select pg_sleep(3)')))
    const from = performance.now()
    expect(await failure(db.run(turn('select 1'), AbortSignal.timeout(20)))).toBe('TimeoutError')
    expect(await failure(db.run(turn('select 1'), AbortSignal.abort(new RangeError())))).toBe('RangeError')
    expect(performance.now() - from).toBeLessThan(2_500)
    expect(await slow).toBe('nothing')
  })
})

test('close lets the turns under way end, the waiting ones too, and refuses new ones', async () => {
  const db = open({ limits: { depth: 1 } })
  const ends = [1, 2, 3].map(() => failure(db.run(turn('select pg_sleep(0.05)'))))
  const closed = db.close()
  expect(await failure(db.run(turn('select 1')))).toBe('unreachable')
  await closed
  expect(await Promise.all(ends)).toEqual(['nothing', 'nothing', 'nothing'])
  await expect
    .poll(async () => (await pg.admin`select 1 from pg_stat_activity where usename = 'wire_login'`).length)
    .toBe(0)
})

test('ten thousand turns of different people on four connections each see their own claims and rows', async () => {
  const db = open({ limits: { connections: 4, queueMax: 10_000 } })
  const text = `select current_user || ':' || (current_setting('request.jwt.claims')::json->>'sub') || ':' || count(*) from notes`
  const wrong: string[] = []
  const person = async (i: number) => {
    const role = i % 3 === 0 ? 'wire_b' : 'wire_a'
    const isBroken = i % 17 === 0
    const seen = isBroken
      ? await failure(db.run(turn('select 1/0', { role, claims: { sub: i % 1000 } })))
      : await ask(db, text, { role, claims: { sub: i % 1000 }, readOnly: i % 2 === 0 })
    const expected = isBroken ? '22012' : `${role}:${i % 1000}:${role === 'wire_b' ? 20000 : 20}`
    if (seen !== expected) wrong.push(`${i}: ${seen}, not ${expected}`)
  }
  let next = 0
  await Promise.all(
    Array.from({ length: 64 }, async () => {
      while (next < 10_000) await person(next++)
    }),
  )
  expect(wrong).toEqual([])
})
