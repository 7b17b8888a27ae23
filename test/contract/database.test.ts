/** What a turn promises, on a real Postgres. Faults are in database-faults.test.ts. */
import type { Database } from '@cascata/runtime/session/database'
import type { DatabaseOptions } from '@cascata/runtime/wire/limits'
import { openDatabase } from '@cascata/runtime/wire/open'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { startWirePostgres, type WirePostgres } from '../harness/wire-postgres.ts'
import { ask, cells, failure, pidOf, turn } from './turns.ts'

let pg: WirePostgres
const opened: Database[] = []

/** One connection, so that a turn meets what the turn before it left behind. */
function open(options: Partial<DatabaseOptions> = {}): Database {
  const limits = { connections: 1, spareConnections: 0, slowMs: 1_000, ...options.limits }
  const db = openDatabase({ ...pg.login, ...options, limits })
  opened.push(db)
  return db
}

beforeAll(async () => {
  pg = await startWirePostgres()
})
afterEach(async () => {
  await Promise.all(opened.splice(0).map((db) => db.close()))
})
afterAll(() => pg?.stop())

describe('an answer', () => {
  test('holds columns, cells as bytes, nulls and the count of the command tag', async () => {
    const answer = await open().run(
      turn(`select 1 as a, null as b, 'ü'::text as "c d" union all select 2, '', ''`),
    )
    expect(answer.columns).toEqual(['a', 'b', 'c d'])
    expect(cells(answer)).toEqual([
      ['1', null, 'ü'],
      ['2', '', ''],
    ])
    expect(answer.rowCount).toBe(2)
  })

  test('keeps its columns when the statement is no longer described', async () => {
    const db = open()
    await ask(db, 'select 1 as first')
    expect((await db.run(turn('select 1 as first'))).columns).toEqual(['first'])
  })

  test('of a statement without rows has no columns, and counts what was written', async () => {
    const answer = await open().run(turn('update notes set n = 5 where owner = 1'))
    expect([answer.columns, answer.rows.length, answer.rowCount]).toEqual([[], 0, 20])
  })

  test('of an empty statement is empty', async () => {
    expect((await open().run(turn(''))).rows).toEqual([])
  })

  test('carries bytes in and text out unchanged, short or many megabytes long', async () => {
    const db = open()
    for (const size of [0, 1, 65_535, 20_000_000]) {
      const bytes = new Uint8Array(size).fill(255)
      expect(await ask(db, 'select octet_length($1::bytea)::text', { values: [bytes] })).toBe(String(size))
      const text = 'é'.repeat(size / 4)
      expect((await ask(db, 'select $1::text', { values: [text] })) === text).toBe(true)
    }
  })

  test('above the bound is an error, while the connection and its neighbours go on', async () => {
    const db = open({ limits: { resultBytesMax: 1_000_000 } })
    const manyRows = failure(db.run(turn(`select repeat('x', 1000) from generate_series(1, 200000)`)))
    const neighbour = pidOf(db)
    const oneCell = failure(db.run(turn(`select repeat('x', 50000000)`)))
    expect(await Promise.all([manyRows, oneCell])).toEqual(['54000', '54000'])
    expect(await pidOf(db)).toBe(await neighbour)
  })

  test('is the same for a text that is not kept prepared', async () => {
    const db = open()
    expect(await ask(db, 'select $1::int + 1', { values: ['1'], prepare: false })).toBe('2')
    expect(
      await ask(db, 'select count(*)::text from pg_prepared_statements where statement like $1', {
        values: ['%$1::int + 1'],
      }),
    ).toBe('0')
  })
})

describe('a transaction', () => {
  test.each([
    ['commits', 'commit' as const, '7'],
    ['rolls back', 'rollback' as const, '0'],
    ['commits when the answer is good', () => 'commit' as const, '7'],
    ['rolls back when the answer is not', () => 'rollback' as const, '0'],
  ])('%s', async (_sentence, end, expected) => {
    const db = open()
    await db.run(turn('update notes set n = 0 where id = 1'))
    const answer = await db.run(turn('update notes set n = 7 where id = 1 returning n', { end }))
    expect(cells(answer)).toEqual([['7']])
    expect(await ask(db, 'select n::text from notes where id = 1')).toBe(expected)
  })

  test('rolls back and throws on what the decision throws', async () => {
    const db = open()
    await db.run(turn('update notes set n = 0 where id = 1'))
    const end = () => {
      throw new RangeError('no')
    }
    expect(await failure(db.run(turn('update notes set n = 9 where id = 1', { end })))).toBe('RangeError')
    expect(await ask(db, 'select n::text from notes where id = 1')).toBe('0')
  })

  test('takes the query before with it: both or none', async () => {
    const db = open()
    const before = { text: 'update notes set n = 3 where id = 1', values: [] }
    await db.run(turn('update notes set n = 0 where id = 1'))
    expect(await failure(db.run(turn('select 1/0', { before })))).toBe('22012')
    expect(await ask(db, 'select n::text from notes where id = 1')).toBe('0')
    expect(await ask(db, 'select n::text from notes where id = 1', { before })).toBe('3')
  })

  test('fails when a deferred constraint fails at its end', async () => {
    const db = open()
    expect(await failure(db.run(turn('insert into once values (1, -1) returning k')))).toBe('23503')
    expect(await failure(db.run(turn('insert into once values (1, -1)', { end: () => 'commit' })))).toBe(
      '23503',
    )
    expect(
      await failure(db.run(turn('insert into once values (1, -1)', { isolation: 'serializable' }))),
    ).toBe('23503')
    expect(await ask(db, 'select count(*)::text from once')).toBe('0')
  })

  test('that is read only cannot write, nor stop being so', async () => {
    const db = open()
    const readOnly = true
    expect(await failure(db.run(turn('update notes set n = 1', { readOnly })))).toBe('25006')
    for (const value of ['off', 'false']) {
      const before = { text: `select set_config('transaction_read_only', '${value}', true)`, values: [] }
      expect(await failure(db.run(turn('update notes set n = 1', { readOnly, before })))).toBe('25001')
    }
    expect(await ask(db, 'show transaction_read_only')).toBe('off')
  })

  test.each(['read committed', 'repeatable read', 'serializable'] as const)(
    'runs at %s when asked, and only then',
    async (isolation) => {
      const db = open()
      expect(await ask(db, 'show transaction_isolation', { isolation })).toBe(isolation)
      expect(
        await ask(db, 'show transaction_isolation', { isolation, readOnly: true, end: () => 'commit' }),
      ).toBe(isolation)
      expect(await failure(db.run(turn('select 1/0', { isolation })))).toBe('22012')
      expect(await ask(db, 'show transaction_isolation')).toBe('read committed')
    },
  )

  test('rolls back quietly: Postgres logs no warning', async () => {
    const db = open({ session: { client_min_messages: 'warning' } })
    await db.run(turn('select 1', { end: 'rollback' }))
    await db.run(turn('select 1', { end: () => 'rollback' }))
    expect(await pg.logs()).not.toMatch(/no transaction in progress|already a transaction/)
  })
})

describe('the session after a turn', () => {
  const look = `select concat_ws('|', current_user, coalesce(current_setting('request.jwt.claims', true), ''), coalesce(current_setting('app.leak', true), ''),
    current_setting('TimeZone'), current_setting('statement_timeout'), current_setting('work_mem'), current_setting('search_path'),
    current_setting('transaction_read_only'), current_setting('plan_cache_mode'))`
  const bare = (text: string) => ({ ...turn(text), settings: [] })
  const seen = async (db: Database) => cells(await db.run(bare(look)))[0]?.[0]

  test.each([
    [
      'set_config for the session',
      `select set_config('app.leak', 'x', false), set_config('request.jwt.claims', '{"sub":2}', false)`,
    ],
    [
      'a planner setting',
      `select set_config('plan_cache_mode', 'force_custom_plan', false), set_config('work_mem', '1MB', false)`,
    ],
    ['a search path', `select set_config('search_path', 'nowhere', false)`],
    ['a role for the session', `select set_config('role', 'wire_b', false)`],
    ['no timeout', `select set_config('statement_timeout', '0', false)`],
    ['read only for transactions to come', `select set_config('transaction_read_only', 'on', false)`],
  ])('is as before it: %s', async (_sentence, text) => {
    const db = open({ forceGenericPlan: true })
    await seen(db)
    const clean = await seen(db)
    const pid = await pidOf(db)
    await db.run(turn(text))
    expect(await seen(db)).toBe(clean)
    await failure(db.run(turn('select 1/0', { before: { text, values: [] } })))
    expect(await seen(db)).toBe(clean)
    await db.run(turn(text, { end: 'rollback' }))
    expect(await seen(db)).toBe(clean)
    expect(await pidOf(db)).toBe(pid)
  })

  test.each(['TimeZone', 'default_transaction_read_only'])(
    'is given up when a function changed %s, which Postgres reports',
    async (name) => {
      const db = open()
      const pid = await pidOf(db)
      const before = await ask(db, `show ${name}`)
      await db.run(
        turn(`select set_config('${name}', $1, false)`, {
          values: [name === 'TimeZone' ? 'Asia/Tokyo' : 'on'],
        }),
      )
      expect(await ask(db, `show ${name}`)).toBe(before)
      expect(await pidOf(db)).not.toBe(pid)
    },
  )

  test.each([
    ['temporary tables', 'create temp table loot as select 1'],
    ['a temporary table before one of the schema', 'create temp table notes as select 1'],
    ['a lock of the session', 'select pg_advisory_lock(7)'],
    ['listening', 'listen secrets'],
    ['a held cursor', 'declare held cursor with hold for select 1'],
    ['what lastval remembers', `create temp sequence drawn; select nextval('drawn')`],
  ])('holds nothing of %s', async (_sentence, text) => {
    const db = open()
    const left = `select concat_ws('|', (select count(*) from pg_class where relnamespace = pg_my_temp_schema()),
      (select count(*) from pg_locks where pid = pg_backend_pid() and locktype = 'advisory'),
      (select count(*) from pg_listening_channels()), (select count(*) from pg_cursors where is_holdable))`
    const pid = await pidOf(db)
    const soil = `do $do$ begin execute $$${text}$$; end $do$`
    await db.run(turn(soil, { clears: true }))
    expect(await ask(db, left)).toBe('0|0|0|0')
    expect(await failure(db.run(turn('select lastval()')))).toBe('55000')
    await failure(db.run(turn('select 1/0', { before: { text: soil, values: [] } })))
    expect(await ask(db, left)).toBe('0|0|0|0')
    expect(await pidOf(db)).toBe(pid)
  })

  test('does not make transactions read only for a turn that was sent behind', async () => {
    const db = open()
    await pidOf(db)
    const soil = db.run(turn(`select set_config('default_transaction_read_only', 'on', false)`))
    const writes = [1, 2, 3].map((n) => failure(db.run(turn(`update notes set n = ${n} where id = 8`))))
    await soil
    expect(await Promise.all(writes)).toEqual(['nothing', 'nothing', 'nothing'])
  })

  test('runs what is deferred before it is cleared', async () => {
    const db = open()
    expect(await failure(db.run(turn('insert into once values (9, -1) returning k', { clears: true })))).toBe(
      '23503',
    )
  })

  test('survives a function that prepares under any name', async () => {
    const db = open()
    for (let at = 1; at < 30; at++) await db.run(turn(`prepare s${at} as select 666`))
    expect(await Promise.all([ask(db, 'select 7'), ask(db, 'select 8')])).toEqual(['7', '8'])
  })

  test('survives a function that deallocates every statement', async () => {
    const db = open()
    expect(await ask(db, 'select 1')).toBe('1')
    await db.run(turn('deallocate all'))
    expect(await Promise.all([ask(db, 'select 1'), ask(db, 'select 1')])).toEqual(['1', '1'])
  })
})

describe('prepared statements', () => {
  test('see the rows of the role and claims of their own turn, whoever planned them first', async () => {
    const db = open()
    const text = 'select count(*)::text from notes'
    const before = { text: `select set_config('role', 'wire_b', true)`, values: [] }
    for (let i = 1; i < 20; i++) {
      expect(await ask(db, text, { role: 'wire_a', claims: { sub: i } })).toBe('20')
      expect(await ask(db, text, { role: 'wire_b' })).toBe('20000')
      // Same scope, so the very same prepared statement, under another role.
      expect(await ask(db, text, { role: 'wire_a', before })).toBe('20000')
    }
  })

  test('are checked for privileges in each turn', async () => {
    const db = open()
    const text = 'select count(*)::text from notes'
    expect(await ask(db, text)).toBe('20')
    await pg.schema.unsafe('revoke select on notes from wire_a')
    expect(await failure(db.run(turn(text)))).toBe('42501')
    await pg.schema.unsafe('grant select on notes to wire_a')
    expect(await ask(db, text)).toBe('20')
  })

  test('follow a change of the schema, turns in flight included', async () => {
    const db = open()
    await pg.schema.unsafe(
      'create table shape (a int); insert into shape values (1); grant select on shape to wire_a',
    )
    const text = 'select * from shape'
    expect((await db.run(turn(text))).columns).toEqual(['a'])
    await pg.schema.unsafe(`alter table shape add b text default 'b'`)
    const answers = await Promise.all([1, 2, 3].map(() => db.run(turn(text))))
    expect(answers.map((answer) => answer.columns)).toEqual([1, 2, 3].map(() => ['a', 'b']))
    expect(cells(await db.run(turn(text)))).toEqual([['1', 'b']])
    await pg.schema.unsafe('drop table shape')
    expect(await failure(db.run(turn(text)))).toBe('42P01')
  })

  test('are bounded: the least recently used are closed in Postgres too, with the next turn', async () => {
    const db = open({ limits: { statementsMax: 10 } })
    await Promise.all(Array.from({ length: 100 }, (_, i) => ask(db, `select ${i}`)))
    expect(Number(await ask(db, 'select count(*)::text from pg_prepared_statements'))).toBeLessThan(15)
    expect(await ask(db, 'select 3')).toBe('3')
  })

  test('take a generic plan at once when the session asks for it', async () => {
    const db = open({ forceGenericPlan: true })
    await ask(db, 'select n::text from notes where id = $1', { values: ['1'] })
    const text = `select generic_plans::text from pg_prepared_statements where statement like 'select n::text%'`
    expect(await ask(db, text)).toBe('1')
  })
})

describe('listen', () => {
  const until = async (isTrue: () => boolean) => {
    await expect.poll(isTrue, { timeout: 10_000, interval: 20 }).toBe(true)
  }

  test('hears each notification of its channel, and says when the connection was away', async () => {
    const db = open()
    const heard: (string | null)[] = []
    const listener = await db.listen('Schema "x"', (payload) => heard.push(payload))
    const other = await db.listen('other', (payload) => payload === null || heard.push(payload))
    await db.run(turn(`select pg_notify('Schema "x"', 'one')`))
    await until(() => heard.length === 1)
    await pg.admin`select pg_terminate_backend(pid) from pg_stat_activity where query ilike 'listen%'`
    await until(() => heard.includes(null))
    await db.run(turn(`select pg_notify('Schema "x"', 'two')`))
    await until(() => heard.includes('two'))
    expect(heard).toEqual(['one', null, 'two'])
    await listener.close()
    await db.run(turn(`select pg_notify('Schema "x"', 'three'), pg_notify('other', 'other')`))
    await until(() => heard.includes('other'))
    expect(heard).toEqual(['one', null, 'two', 'other'])
    await other.close()
  })
})
