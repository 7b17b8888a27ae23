/** What is measured: a database full of rows, a runtime in front of it, and the edge in front of that. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { appendFile, mkdtemp, open, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { connectAdmin, waitUntilReady } from '@cascata/control/adapters/project-database'
import { postgresCommand } from '@cascata/control/engine/spec'
import type { Sql } from 'postgres'
import { testConfig } from '../../harness/config.ts'
import { startPostgres } from '../../harness/postgres.ts'
import type { BenchInstance } from '../instance.ts'
import { containerMeter, type Meter, processMeter, sumOf } from '../meters.ts'
import { fill } from './schema.ts'

export type World = {
  db: { socketDir: string; password: string; meter: Meter; admin: Sql }
  runtime: { socket: string; meter: Meter; pid: number | undefined }
  edge: { port: number; host: string; meter: Meter } | undefined
  jwtSecret: string
  stop(): Promise<void>
}

const REF = 'bench-rest'
const MB = 1024 * 1024
const DB_MB = 1024
/** Every lane has connections of its own, pgbench up to 64: a project's 60 in all would not do. */
const MAX_CONNECTIONS = 200

/** A project as any other, on an instance of the bench's own: the images as they were built. */
export async function projectWorld(bench: BenchInstance): Promise<World> {
  const limits = {
    runtime: { memory_mb: 512, cpus: 2, pids: 128 },
    db: { memory_mb: DB_MB, cpus: 2, pids: 512 },
  }
  await bench.done('POST', '/v1/projects', { name: 'Bench', ref: REF, limits })
  const settings = join(bench.home, 'projects', REF, 'db', 'data', 'postgresql.auto.conf')
  await appendFile(settings, `max_connections = ${MAX_CONNECTIONS}\n`)
  await bench.done('POST', `/v1/projects/${REF}/restart`)
  const run = join(bench.home, 'run', REF)
  const { jwtSecret, database } = JSON.parse(await readFile(join(run, 'project.json'), 'utf8')) as {
    jwtSecret: string
    database: { password: string }
  }
  const admin = connectAdmin(join(run, 'db'))
  await fill(admin)
  const name = `${bench.name}-${REF}`
  const meter = await containerMeter(`${name}-runtime-1`)
  return {
    db: {
      ...{ socketDir: join(run, 'db'), password: database.password, admin },
      meter: await containerMeter(`${name}-db`),
    },
    runtime: { socket: join(run, 'http', '1.sock'), meter, pid: undefined },
    edge: {
      ...{ port: bench.httpPort, host: `${REF}.localhost` },
      meter: sumOf(meter, await containerMeter(`${bench.name}-edge`)),
    },
    jwtSecret,
    async stop() {
      await admin.end()
      await bench.control('DELETE', `/v1/projects/${REF}`)
    },
  }
}

const MAIN = fileURLToPath(new URL('../../../runtime/src/main.ts', import.meta.url))
/** As in the image. */
const NODE_FLAGS = ['--max-semi-space-size=4', '--v8-pool-size=1']
const SECRET = 'the-secret-of-a-bench-and-of-nothing-else'

/** The runtime as it stands in this checkout, without an image of it; there is no edge. */
export async function sourceWorld(nodeFlags: readonly string[] = []): Promise<World> {
  const settings = postgresCommand(DB_MB * MB).filter((word) => word.includes('='))
  const pg = await startPostgres({ settings: [...settings, `max_connections=${MAX_CONNECTIONS}`] })
  const folder = await mkdtemp(join(tmpdir(), 'cascata-rest-'))
  const socket = join(folder, '1.sock')
  const document = {
    ...{ version: 1, ref: REF, generation: 1, url: `http://${REF}.localhost` },
    database: { host: pg.socketDir, password: pg.passwords.authenticator },
    ...{ jwtSecret: SECRET, keys: { anon: 'anon', serviceRole: 'service' } },
  }
  await writeFile(join(folder, 'project.json'), JSON.stringify(document))
  const admin = connectAdmin(pg.socketDir)
  await waitUntilReady(pg.socketDir, { timeoutMs: 10_000 })
  await fill(admin)
  const log = await open(join(folder, 'log'), 'w')
  const child = spawn(process.execPath, [...NODE_FLAGS, ...nodeFlags, MAIN], {
    stdio: ['ignore', log.fd, 'inherit'],
    env: {
      ...{ PATH: testConfig.environment.PATH, NODE_ENV: 'production', MALLOC_ARENA_MAX: '1' },
      ...{ CASCATA_PROJECT_FILE: join(folder, 'project.json'), CASCATA_SOCKET: socket },
    },
  })
  const exited = once(child, 'exit')
  return {
    db: {
      ...{ socketDir: pg.socketDir, password: pg.passwords.authenticator, admin },
      meter: await containerMeter(pg.container),
    },
    runtime: { socket, meter: processMeter(child.pid ?? 0), pid: child.pid },
    edge: undefined,
    jwtSecret: SECRET,
    async stop() {
      child.kill('SIGTERM')
      await Promise.race([exited, pause(10_000, undefined, { ref: false })])
      child.kill('SIGKILL')
      await Promise.all([log.close(), admin.end()])
      await pg.stop()
      await rm(folder, { recursive: true, force: true })
    },
  }
}
