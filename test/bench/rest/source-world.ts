/** The runtime as it stands in this checkout, without an image of it, on a Postgres of its own; there is no edge. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { mkdtemp, open, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { postgresCommand } from '@cascata/control/engine/spec'
import { testConfig } from '../../harness/config.ts'
import { startPostgres } from '../../harness/postgres.ts'
import { containerMeter, processMeter } from '../meters.ts'
import { type Weighed, weighAsContainer } from '../weigh.ts'
import { fill } from './schema.ts'
import { DB_MB, MAX_CONNECTIONS, REF, type World } from './world.ts'

const MAIN = fileURLToPath(new URL('../../../runtime/src/main.ts', import.meta.url))
/** As in the image. */
const NODE_FLAGS = ['--max-semi-space-size=8', '--v8-pool-size=1']
const SECRET = 'the-secret-of-a-bench-and-of-nothing-else'
const START_MS_MAX = 30_000
const STOP_MS_MAX = 10_000

/** @param more of the project document. */
export async function sourceWorld(nodeFlags: readonly string[] = [], more: object = {}): Promise<World> {
  const settings = postgresCommand(DB_MB * 1024 * 1024).filter((word) => word.includes('='))
  const pg = await startPostgres({ settings: [...settings, `max_connections=${MAX_CONNECTIONS}`] })
  const folder = await mkdtemp(join(tmpdir(), 'cascata-rest-'))
  const [document, socket] = [join(folder, 'project.json'), join(folder, '1.sock')]
  const log = await open(join(folder, 'log'), 'w')
  let child: ChildProcess | undefined
  let weighed: Weighed | undefined
  const stop = async () => {
    if (child) await end(child)
    await weighed?.remove()
    await log.close()
    await pg.stop()
    await rm(folder, { recursive: true, force: true })
  }
  try {
    const password = pg.passwords.authenticator
    await fill(pg.admin())
    await writeFile(document, JSON.stringify({ ...documentOf(pg.socketDir, password), ...more }), {
      mode: 0o600,
    })
    weighed = await weighAsContainer(pg.container)
    const [program, argv] = weighed.argv(process.execPath, ...NODE_FLAGS, ...nodeFlags, MAIN)
    child = spawn(program, argv, {
      stdio: ['ignore', log.fd, 'inherit'],
      env: {
        ...{ PATH: testConfig.environment.PATH, NODE_ENV: 'production', MALLOC_ARENA_MAX: '1' },
        ...{ CASCATA_PROJECT_FILE: document, CASCATA_SOCKET: socket },
      },
    })
    await listening(child, socket)
    return {
      db: {
        ...{ container: pg.container, socketDir: pg.socketDir, password, admin: pg.admin() },
        meter: await containerMeter(pg.container),
      },
      runtime: { socket, meter: processMeter(child.pid ?? 0) },
      edge: undefined,
      jwtSecret: SECRET,
      stop,
    }
  } catch (error) {
    await stop()
    throw error
  }
}

const documentOf = (host: string, password: string) => ({
  ...{ version: 1, ref: REF, generation: 1, url: `http://${REF}.localhost` },
  ...{ database: { host, password }, jwtSecret: SECRET },
  keys: { anon: 'anon', serviceRole: 'service' },
})

async function listening(child: ChildProcess, socket: string): Promise<void> {
  const deadline = performance.now() + START_MS_MAX
  while (!existsSync(socket)) {
    if (child.exitCode !== null || performance.now() > deadline) throw new Error('the runtime did not start')
    await pause(20)
  }
}

async function end(child: ChildProcess): Promise<void> {
  const exited = child.exitCode === null ? once(child, 'exit') : undefined
  child.kill('SIGTERM')
  await Promise.race([exited, pause(STOP_MS_MAX, undefined, { ref: false })])
  child.kill('SIGKILL')
}
