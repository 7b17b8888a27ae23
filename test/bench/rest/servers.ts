/** Servers beside ours, each a process of this machine on the same database that listens on a unix socket, with a container's weight. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { testConfig } from '../../harness/config.ts'
import { type Meter, processMeter } from '../meters.ts'
import { weighAsContainer } from '../weigh.ts'
import type { NaiveSettings } from './naive.ts'
import { installPeers } from './peers.ts'
import type { World } from './world.ts'

export type Server = { socket: string; meter: Meter; stop(): Promise<void> }

const START_MS_MAX = 30_000
const STOP_MS_MAX = 10_000

export function startNaive({ db, jwtSecret }: World, trips: 4 | 5): Promise<Server> {
  const { socketDir, password } = db
  const settings = { socketDir, password, secret: jwtSecret, trips }
  return startServer(scriptOf('naive.ts'), settings, db)
}

export function startFixed({ db, jwtSecret }: World): Promise<Server> {
  const { socketDir, password } = db
  return startServer(scriptOf('fixed.ts'), { socketDir, password, secret: jwtSecret }, db)
}

const scriptOf = (name: string) => fileURLToPath(new URL(name, import.meta.url))

export async function startPostgraphile({ db, jwtSecret }: World): Promise<Server> {
  const { socketDir, password } = db
  const script = join(await installPeers(), 'postgraphile.mjs')
  return startServer(script, { socketDir, password, secret: jwtSecret }, db)
}

/** Its login sees every row: it has rules of its own instead of row-level security. */
export async function startPlatformatic({ db, jwtSecret }: World): Promise<Server> {
  const [user, password] = ['bench_peer', crypto.randomUUID()]
  await db.admin
    .unsafe(`
    drop owned by ${user};
    drop role ${user}`)
    .catch(() => undefined)
  await db.admin.unsafe(`
    create role ${user} login bypassrls password '${password}';
    grant usage on schema public to ${user};
    grant select, insert, update, delete on all tables in schema public to ${user}`)
  const script = join(await installPeers(), 'platformatic.mjs')
  return startServer(script, { socketDir: db.socketDir, user, password, secret: jwtSecret }, db)
}

type PeerSettings = Omit<NaiveSettings, 'listen' | 'trips'> & Partial<Pick<NaiveSettings, 'trips'>>

/** `node SCRIPT FILE`: the settings stand in FILE, with the path to listen on. */
async function startServer(script: string, settings: PeerSettings, db: World['db']): Promise<Server> {
  const folder = await mkdtemp(join(tmpdir(), 'cascata-server-'))
  const listen = join(folder, 'http.sock')
  const file = join(folder, 'settings.json')
  await writeFile(file, JSON.stringify({ listen, ...settings }), { mode: 0o600 })
  const weighed = await weighAsContainer(db.container)
  const [program, argv] = weighed.argv(process.execPath, script, file)
  const child = spawn(program, argv, {
    stdio: ['ignore', 'ignore', 'inherit'],
    env: { PATH: testConfig.environment.PATH, NODE_ENV: 'production' },
  })
  const exited = once(child, 'exit')
  const stop = async () => {
    child.kill('SIGTERM')
    await Promise.race([exited, pause(STOP_MS_MAX, undefined, { ref: false })])
    child.kill('SIGKILL')
    await weighed.remove()
    await rm(folder, { recursive: true, force: true })
  }
  const deadline = performance.now() + START_MS_MAX
  while (!existsSync(listen)) {
    if (child.exitCode !== null || performance.now() > deadline) {
      await stop()
      throw new Error(`${script} did not start`)
    }
    await pause(20)
  }
  return { socket: listen, meter: processMeter(child.pid ?? 0), stop }
}
