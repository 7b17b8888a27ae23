/**
 * The bar: pgbench doing the same with Postgres and nothing in between. Settings and statement are two statements of
 * the extended protocol, prepared once for each connection, and one Sync: one trip, one transaction.
 */
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { testConfig } from '../../harness/config.ts'
import { output } from '../../harness/run.ts'
import { columnOf, type LoadRun, latencies } from './run.ts'

const PROGRAM = '/usr/lib/postgresql/17/bin/pgbench'

export type PgbenchScript = {
  /** `\set` lines: the random values of one run of the script. */
  set?: string
  /** Names and SQL values of the settings. */
  settings: Readonly<Record<string, string>>
  sql: string
  /** Texts that stand in the statement as `:name`. */
  texts?: Readonly<Record<string, string>>
}

/** For so long, or one transaction on each connection: what it takes to make them. */
export type PgbenchLoad = { connections: number; seconds: number | 'once' }

/** Connections are made within its time, before the first transaction: 64 on a busy machine take most of a second. */
const CONNECT_S = 1

export type Pgbench = {
  run(script: PgbenchScript, load: PgbenchLoad): Promise<LoadRun>
  stop(): Promise<void>
}

/** In a container of its own, as what it costs is not the database's; as root, so that it needs no password. */
export async function startPgbench(db: { socketDir: string }): Promise<Pgbench> {
  const folder = await mkdtemp(join(tmpdir(), 'cascata-pgbench-'))
  const started = await output('docker', [
    ...['run', '--detach', '--init', '--network=none', '--user=0:0', '--label=dev.cascata.test=pgbench'],
    ...[`--volume=${db.socketDir}:/run/postgresql`, `--volume=${folder}:/bench`, '--entrypoint=sleep'],
    ...[`cascata-postgres:${testConfig.imageTag}`, 'infinity'],
  ])
  const container = started.trim()
  let runs = 0
  return {
    async run(script, { connections, seconds }) {
      const name = `run${++runs}`
      const place = join(folder, name)
      await mkdir(place)
      await writeFile(join(place, 'script.sql'), scriptText(script))
      const text = await output('docker', [
        ...['exec', `--workdir=/bench/${name}`, '--env', 'PGOPTIONS=-c plan_cache_mode=force_generic_plan'],
        ...[container, PROGRAM],
        ...['--no-vacuum', '--protocol=prepared', '--file=script.sql', '--log'],
        ...[`--client=${connections}`, `--jobs=${Math.min(2, connections)}`],
        seconds === 'once' ? '--transactions=1' : `--time=${seconds + CONNECT_S}`,
        ...Object.entries(script.texts ?? {}).map(([key, value]) => `--define=${key}=${value}`),
        ...['--host=/run/postgresql', '--username=supabase_admin', 'postgres'],
      ])
      const logs = (await readdir(place)).filter((file) => file.startsWith('pgbench_log.'))
      const log = await Promise.all(logs.map((file) => readFile(join(place, file), 'utf8')))
      await rm(place, { recursive: true, force: true })
      return parsePgbench(text, log.join(''))
    },
    async stop() {
      await output('docker', ['rm', '--force', container])
      await rm(folder, { recursive: true, force: true })
    },
  }
}

export function scriptText({ set = '', settings, sql }: PgbenchScript): string {
  const oneLine = (text: string) => text.trim().replaceAll(/\s+/g, ' ')
  const calls = Object.entries(settings).map(([name, value]) => `set_config('${name}', ${value}, true)`)
  const lines = [set, '\\startpipeline', `select ${calls.join(', ')};`, `${oneLine(sql)};`, '\\endpipeline']
  return `${lines.filter((line) => line !== '').join('\n')}\n`
}

/**
 * @param log `client, transaction, us, script, epoch s, epoch us` of each transaction, parted by blanks.
 * @throws when a transaction failed or none was done.
 */
export function parsePgbench(text: string, log: string): LoadRun {
  const perSecond = Number(/^tps = ([\d.]+) \(without initial connection time\)$/m.exec(text)?.[1])
  const answers = Number(/^number of transactions actually processed: (\d+)/m.exec(text)?.[1])
  const failed = Number(/^number of failed transactions: (\d+)/m.exec(text)?.[1])
  if ([perSecond, answers, failed].some(Number.isNaN))
    throw new Error(`pgbench said something else than expected:\n${text}`)
  if (answers === 0 || failed > 0) throw new Error(`not every transaction was done:\n${text}`)
  return { perSecond, answers, ...latencies(columnOf(log, ' ', 2)) }
}
