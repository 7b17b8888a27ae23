/** What is measured: a database full of rows, a runtime in front of it, and the edge in front of that. */
import { appendFile, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { connectAdmin } from '@cascata/control/adapters/project-database'
import type { Sql } from 'postgres'
import { output } from '../../harness/run.ts'
import type { BenchInstance } from '../instance.ts'
import { type ContainerMeter, containerMeter, type Meter, sumOf } from '../meters.ts'
import { fill } from './schema.ts'

export type World = {
  db: { container: string; socketDir: string; password: string; meter: ContainerMeter; admin: Sql }
  runtime: { socket: string; meter: Meter }
  /**
   * In its own network, as a packet from outside reaches it: the loopback address leads through Docker's proxy, which
   * copies every byte once more.
   */
  edge: { address: string; port: number; host: string; meter: Meter } | undefined
  jwtSecret: string
  stop(): Promise<void>
}

export const REF = 'bench-rest'
export const DB_MB = 1024
/** Every lane has connections of its own, pgbench up to 64: a project's 60 in all would not do. */
export const MAX_CONNECTIONS = 200

/** A project as any other, on an instance of the bench's own: the images as they were built. */
export async function projectWorld(bench: BenchInstance): Promise<World> {
  const limits = {
    runtime: { memory_mb: 512, cpus: 2, pids: 128 },
    db: { memory_mb: DB_MB, cpus: 2, pids: 512 },
  }
  await bench.done('POST', '/v1/projects', { name: 'Bench', ref: REF, limits })
  const settings = join(bench.home, 'projects', REF, 'db', 'data', 'postgresql.auto.conf')
  await appendFile(settings, `max_connections = ${MAX_CONNECTIONS}\n`)
  await bench.done('POST', `/v1/projects/${REF}/restart`, { database: true })
  const run = join(bench.home, 'run', REF)
  const { jwtSecret, database } = JSON.parse(await readFile(join(run, 'project.json'), 'utf8')) as {
    jwtSecret: string
    database: { password: string }
  }
  const admin = connectAdmin(join(run, 'db'))
  await fill(admin)
  const runtime = await runtimeOf(bench)
  const meter = await containerMeter(runtime)
  const container = `${bench.name}-${REF}-db`
  return {
    db: {
      ...{ container, socketDir: join(run, 'db'), password: database.password, admin },
      meter: await containerMeter(container),
    },
    runtime: { socket: join(run, 'http', `${/\d+$/.exec(runtime)}.sock`), meter },
    edge: {
      ...{ address: await addressOf(`${bench.name}-edge`), port: EDGE_PORT, host: `${REF}.localhost` },
      meter: sumOf(meter, await containerMeter(`${bench.name}-edge`)),
    },
    jwtSecret,
    async stop() {
      await admin.end()
      await bench.control('DELETE', `/v1/projects/${REF}`)
    },
  }
}

/** Inside its container. */
const EDGE_PORT = 8080

async function addressOf(container: string): Promise<string> {
  const format = '{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}'
  return (await output('docker', ['inspect', '--format', format, container])).trim()
}

/** Its number, which is also its socket's, went up with the restart. */
async function runtimeOf(bench: BenchInstance): Promise<string> {
  const labels = [`instance=${bench.name}`, `project=${REF}`, 'role=runtime']
  const filters = labels.map((label) => `--filter=label=dev.cascata.${label}`)
  return (await output('docker', ['ps', ...filters, '--format={{.Names}}'])).trim()
}
