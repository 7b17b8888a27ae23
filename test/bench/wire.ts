/**
 * Ten rows under row security, 32 at a time: our connection, pgbench doing the same in one trip on the same socket,
 * and postgres.js in a transaction. Rounds are interleaved; read the ratios.
 *
 *   node test/bench/wire.ts [seconds a round] [rounds]
 */
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { WireLimits } from '@cascata/runtime/wire/limits'
import { openDatabase } from '@cascata/runtime/wire/open'
import postgres from 'postgres'
import { startWirePostgres, type WirePostgres } from '../harness/wire-postgres.ts'

const IN_FLIGHT = 32
const OWNERS = 1000
const READ = `select coalesce(json_agg(t), '[]')::text from (select id, owner, body, n from notes where n = $1 limit 10) t`

const settings = (owner: number): [string, string][] => [
  ['role', 'wire_a'],
  ['request.jwt.claims', `{"sub":${owner},"role":"wire_a","aud":"authenticated","exp":1999999999}`],
  ['request.method', 'GET'],
  ['request.path', '/notes'],
  ['request.headers', '{"accept":"*/*","user-agent":"bench"}'],
  ['request.cookies', '{}'],
  ['search_path', 'public, extensions'],
]

/** Turns a second, with so many workers that each start the next when one ends. */
async function rate(seconds: number, once: () => Promise<unknown>): Promise<number> {
  const until = performance.now() + seconds * 1000
  const from = performance.now()
  let turns = 0
  const worker = async () => {
    while (performance.now() < until) {
      await once()
      turns += 1
    }
  }
  await Promise.all(Array.from({ length: IN_FLIGHT }, worker))
  return turns / ((performance.now() - from) / 1000)
}

const someone = () => Math.floor(Math.random() * OWNERS)

async function ours(pg: WirePostgres, seconds: number, limits: Partial<WireLimits>): Promise<number> {
  const db = openDatabase({ ...pg.login, forceGenericPlan: true, limits })
  const once = () =>
    db.run({
      ...{ settings: settings(someone()), main: { text: READ, values: ['0'] } },
      ...{ readOnly: true, end: 'commit', timeoutMs: 15_000 },
    })
  await rate(0.3, once)
  const reached = await rate(seconds, once)
  await db.close()
  return reached
}

async function postgresJs(pg: WirePostgres, seconds: number): Promise<number> {
  const { database, user: username, password } = pg.login
  const sql = postgres({
    ...{ path: join(pg.socketDir, '.s.PGSQL.5432'), database, username, password, max: 16 },
    connection: { plan_cache_mode: 'force_generic_plan' },
  })
  const once = () =>
    sql.begin('read only', (tx) => {
      const values = settings(someone()).flat()
      const calls = values
        .filter((_, i) => i % 2 === 0)
        .map((_, i) => `set_config($${2 * i + 1},$${2 * i + 2},true)`)
      return Promise.all([
        tx.unsafe(`select ${calls.join(',')}`, values, { prepare: true }),
        tx.unsafe(READ, [0], { prepare: true }),
      ])
    })
  await rate(0.3, once)
  const reached = await rate(seconds, once)
  await sql.end()
  return reached
}

async function pgbench(pg: WirePostgres, seconds: number): Promise<number> {
  const claims = `'{"sub":' || :owner || ',"role":"wire_a","aud":"authenticated","exp":1999999999}'`
  const calls = settings(0).map(
    ([name, value]) => `set_config('${name}',${name.endsWith('claims') ? claims : `'${value}'`},true)`,
  )
  const script = `\\set owner random(0, ${OWNERS - 1})\n\\startpipeline\nselect ${calls.join(',')};\n${READ.replace('$1', '0')};\n\\endpipeline\n`
  await writeFile(join(pg.socketDir, 'bench.sql'), script)
  const { database, user, password } = pg.login
  const output = await pg.exec(
    ...[
      'env',
      `PGPASSWORD=${password}`,
      'PGOPTIONS=-c plan_cache_mode=force_generic_plan',
      'pgbench',
      '-n',
      '-h',
      '/run/postgresql',
    ],
    ...[
      '-U',
      user,
      '-M',
      'prepared',
      '-f',
      'bench.sql',
      '-c',
      String(IN_FLIGHT),
      '-j',
      '2',
      '-T',
      String(Math.max(1, Math.round(seconds))),
      database,
    ],
  )
  return Number(/tps = ([\d.]+)/.exec(output)?.[1])
}

const median = (values: number[]) => values.sort((a, b) => a - b)[values.length >> 1] ?? 0

async function main(seconds: number, rounds: number): Promise<void> {
  const pg = await startWirePostgres()
  try {
    const runs: Record<string, () => Promise<number>> = {
      'pgbench, one trip, 32 connections': () => pgbench(pg, seconds),
      'wire, 4 connections': () => ours(pg, seconds, {}),
      'wire, 2 connections': () => ours(pg, seconds, { connections: 2, depth: 16 }),
      'postgres.js begin, 16 connections': () => postgresJs(pg, seconds),
    }
    const rates = new Map(Object.keys(runs).map((name) => [name, [] as number[]]))
    for (let round = 0; round < rounds; round++) {
      for (const [name, measure] of Object.entries(runs)) rates.get(name)?.push(await measure())
    }
    const base = median(rates.get('pgbench, one trip, 32 connections') ?? [])
    for (const [name, values] of rates) {
      const reached = median(values)
      console.log(
        `${name.padEnd(36)} ${reached.toFixed(0).padStart(7)} /s   ${(reached / base).toFixed(2)} of pgbench`,
      )
    }
  } finally {
    await pg.stop()
  }
}

await main(Number(process.argv[2] ?? 2), Number(process.argv[3] ?? 3))
