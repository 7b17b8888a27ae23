/**
 * Reads under row-level security: through the edge, on the runtime's socket, and pgbench doing the same in one trip
 * on the database's socket. Rounds are interleaved; the ratios are what counts.
 */
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { SignJWT } from 'jose'
import { output } from '../harness/run.ts'
import { median } from './figures.ts'
import type { BenchInstance } from './instance.ts'
import { getRequest, type LoadResult, load, type Target } from './load.ts'

const CONNECTIONS = 32
const REF = 'bench-rest'
const OWNERS = 10_000

const SCHEMA = `
create table notes (id bigint primary key, owner int not null, body text not null, created timestamptz not null default now());
insert into notes (id, owner, body)
  select n, n % ${OWNERS}, 'note ' || n || ' ' || repeat(md5(n::text), 3) from generate_series(1, ${OWNERS * 10}) n;
create index notes_owner on notes (owner);
create policy own on notes for select to authenticated using (owner = (((select auth.jwt()) ->> 'owner'))::int);
analyze notes;`

export type Lane = { name: string; perSecond: number; p50Ms: number; p99Ms: number; ofPgbench: number }
export type RestFigures = { ten: Lane[]; single: Lane[] }

export async function benchRest(bench: BenchInstance, rounds: number, seconds: number): Promise<RestFigures> {
  await prepare(bench)
  const token = await userToken(bench)
  const ten = await compare(bench, {
    rounds,
    seconds,
    token,
    path: '/rest/v1/notes?select=id,owner,body&limit=10',
    sql: tenRows,
  })
  const single = await compare(bench, {
    rounds,
    seconds,
    token,
    path: '/rest/v1/notes?select=id,owner,body&id=eq.7',
    sql: singleRow,
  })
  await bench.control('DELETE', `/v1/projects/${REF}`)
  return { ten, single }
}

async function prepare(bench: BenchInstance): Promise<void> {
  const limits = {
    runtime: { memory_mb: 512, cpus: 2, pids: 128 },
    db: { memory_mb: 1024, cpus: 2, pids: 256 },
  }
  await bench.done('POST', '/v1/projects', { name: 'Bench', ref: REF, limits })
  await bench.control('POST', `/v1/projects/${REF}/sql`, { query: SCHEMA })
}

/** A signed-in user's token, as `/auth/v1` will make them: the project's own secret stands in its document. */
async function userToken(bench: BenchInstance): Promise<string> {
  const document = JSON.parse(await readFile(join(bench.home, 'run', REF, 'project.json'), 'utf8')) as {
    jwtSecret: string
  }
  return new SignJWT({ role: 'authenticated', sub: '7', owner: 7 })
    .setProtectedHeader({ alg: 'HS256', typ: 'JWT' })
    .setExpirationTime('1h')
    .sign(new TextEncoder().encode(document.jwtSecret))
}

type Comparison = { rounds: number; seconds: number; token: string; path: string; sql: string }

async function compare(bench: BenchInstance, input: Comparison): Promise<Lane[]> {
  const host = `${REF}.localhost:${bench.httpPort}`
  const request = getRequest(input.path, {
    Host: host,
    Authorization: `Bearer ${input.token}`,
    Accept: 'application/json',
  })
  const http = (target: Target) => () =>
    load({ target, request: () => request, connections: CONNECTIONS, seconds: input.seconds })
  const lanes: [string, () => Promise<LoadResult>][] = [
    ['pgbench, one trip', () => pgbench(bench, input.sql, input.seconds)],
    ["the runtime's socket", http({ socket: join(bench.home, 'run', REF, 'http', '1.sock') })],
    ['through the edge', http({ port: bench.httpPort })],
  ]
  for (const [, lane] of lanes) await lane()
  const results = lanes.map(() => [] as LoadResult[])
  for (let round = 0; round < input.rounds; round += 1) {
    for (const [at, [name, lane]] of lanes.entries()) {
      const result = await lane()
      if (result.errors > 0) throw new Error(`${name}: ${result.errors} answers were no success`)
      results[at]?.push(result)
    }
  }
  const of = (at: number, field: 'perSecond' | 'p50Ms' | 'p99Ms') =>
    median((results[at] ?? []).map((result) => result[field]))
  return lanes.map(([name], at) => ({
    name,
    perSecond: of(at, 'perSecond'),
    p50Ms: of(at, 'p50Ms'),
    p99Ms: of(at, 'p99Ms'),
    ofPgbench: of(at, 'perSecond') / of(0, 'perSecond'),
  }))
}

const CLAIMS = '{"role":"authenticated","sub":"7","owner":7}'
const SETTINGS = `select set_config('role', 'authenticated', true), set_config('request.jwt.claims', '${CLAIMS}', true),
  set_config('request.method', 'GET', true), set_config('request.path', '/notes', true), set_config('request.headers', '{}', true),
  set_config('request.cookies', '{}', true), set_config('search_path', 'public, extensions', true)`
const json = (from: string) =>
  `select coalesce(json_agg(t), '[]')::text from (select id, owner, body from public.notes ${from}) t`
const tenRows = script(json('limit 10'))
const singleRow = script(json('where id = 7'))

/** Both statements and one Sync: a pipeline of the extended protocol, prepared once for each connection. */
function script(read: string): string {
  const oneLine = (text: string) => text.replaceAll(/\s+/g, ' ')
  return `\\startpipeline\n${oneLine(SETTINGS)};\n${oneLine(read)};\n\\endpipeline\n`
}

async function pgbench(bench: BenchInstance, sql: string, seconds: number): Promise<LoadResult> {
  const folder = join(bench.home, 'pgbench')
  await mkdir(folder, { recursive: true })
  await writeFile(join(folder, 'read.sql'), sql)
  const text = await output('docker', [
    ...['run', '--rm', '--network', 'none', '--user', '0:0'],
    ...['-v', `${join(bench.home, 'run', REF, 'db')}:/run/postgresql`, '-v', `${folder}:/bench:ro`],
    ...[
      '-e',
      'PGOPTIONS=-c plan_cache_mode=force_generic_plan',
      '--entrypoint',
      '/usr/lib/postgresql/17/bin/pgbench',
    ],
    ...[
      'cascata-postgres:0.1.0',
      '-n',
      '-M',
      'prepared',
      '-c',
      String(CONNECTIONS),
      '-j',
      '2',
      '-T',
      String(seconds),
    ],
    ...['-f', '/bench/read.sql', '-h', '/run/postgresql', '-U', 'supabase_admin', 'postgres'],
  ])
  await rm(folder, { recursive: true, force: true })
  const perSecond = Number(/tps = ([\d.]+) \(without/.exec(text)?.[1] ?? /tps = ([\d.]+)/.exec(text)?.[1])
  const latency = Number(/latency average = ([\d.]+) ms/.exec(text)?.[1])
  return {
    perSecond,
    p50Ms: latency,
    p99Ms: Number.NaN,
    answers: perSecond * seconds,
    errors: Number.isFinite(perSecond) ? 0 : 1,
  }
}
