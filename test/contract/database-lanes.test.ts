/** Which connection a turn goes to, on a real Postgres: quick ones gather, others spread. */
import type { Database } from '@cascata/runtime/session/database'
import { openDatabase } from '@cascata/runtime/wire/open'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { startWirePostgres, type WirePostgres } from '../harness/wire-postgres.ts'
import { ask, pidOf } from './turns.ts'

const CONNECTIONS = 3

let pg: WirePostgres
let db: Database | undefined

beforeAll(async () => {
  pg = await startWirePostgres()
})
afterEach(async () => {
  await db?.close()
  db = undefined
})
afterAll(() => pg?.stop())

/** A pool whose connections are all open, and idle. */
async function openAll(gatherMs: number, depth = 16): Promise<Database> {
  const limits = { connections: CONNECTIONS, spareConnections: 0, slowMs: 60_000, gatherMs, depth }
  const opened = openDatabase({ ...pg.login, limits })
  db = opened
  const pids = new Set<unknown>()
  while (pids.size < CONNECTIONS) {
    const sleepers = Array.from({ length: CONNECTIONS * depth }, () =>
      ask(opened, 'select pg_backend_pid()::text from pg_sleep(0.005)'),
    )
    for (const pid of await Promise.all(sleepers)) pids.add(pid)
  }
  return opened
}

const pidsOf = async (pool: Database, turns: number) =>
  Object.values(
    Object.groupBy(await Promise.all(Array.from({ length: turns }, () => pidOf(pool))), (pid) => `${pid}`),
  ).map((same) => same?.length ?? 0)

test('a connection at work is replaced when it is old, and no turn notices', async () => {
  const limits = { connections: 2, spareConnections: 1, lifetimeMs: 250 }
  const pool = openDatabase({ ...pg.login, limits })
  db = pool
  const pids = new Set<unknown>()
  let most = 0
  const until = performance.now() + 2_000
  const caller = async () => {
    while (performance.now() < until) pids.add(await pidOf(pool))
  }
  await Promise.all([
    ...Array.from({ length: 8 }, caller),
    (async () => {
      const own = `select count(*)::text from pg_stat_activity where application_name = 'cascata'`
      while (performance.now() < until) most = Math.max(most, Number(await ask(pool, own)))
    })(),
  ])
  expect(pids.size).toBeGreaterThanOrEqual(4)
  // One that ends may still be listed while its successor is there.
  expect(most).toBeLessThanOrEqual(5)
})

describe('turns of one moment', () => {
  test('keep to one connection while it is soon done', async () => {
    expect(await pidsOf(await openAll(60_000), 9)).toEqual([9])
  })

  test('fill it to its depth and go on with the next', async () => {
    expect((await pidsOf(await openAll(60_000, 4), 9)).toSorted()).toEqual([1, 4, 4])
  })

  test('are shared out evenly where each would have to wait for the one before', async () => {
    expect(await pidsOf(await openAll(0), 9)).toEqual([3, 3, 3])
  })

  test('are all answered, however many wait for their write', async () => {
    const pool = await openAll(60_000)
    const answers = Array.from({ length: 500 }, (_, n) => ask(pool, 'select $1::text', { values: [`${n}`] }))
    expect(await Promise.all(answers)).toEqual(answers.map((_, n) => `${n}`))
  })
})
