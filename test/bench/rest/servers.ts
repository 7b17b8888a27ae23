/** Servers beside ours, as processes of this machine that listen on a unix socket. */
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
import type { NaiveSettings } from './naive.ts'
import type { World } from './world.ts'

export type Server = { socket: string; meter: Meter; stop(): Promise<void> }

const START_MS_MAX = 30_000

export async function startNaive({ db, jwtSecret }: World): Promise<Server> {
  const folder = await mkdtemp(join(tmpdir(), 'cascata-naive-'))
  const listen = join(folder, 'http.sock')
  const { socketDir, password } = db
  const settings: NaiveSettings = { listen, socketDir, password, secret: jwtSecret }
  const file = join(folder, 'settings.json')
  await writeFile(file, JSON.stringify(settings), { mode: 0o600 })
  const child = spawn(process.execPath, [fileURLToPath(new URL('naive.ts', import.meta.url)), file], {
    stdio: ['ignore', 'ignore', 'inherit'],
    env: { PATH: testConfig.environment.PATH, NODE_ENV: 'production' },
  })
  const exited = once(child, 'exit')
  const deadline = performance.now() + START_MS_MAX
  while (!existsSync(listen)) {
    if (child.exitCode !== null || performance.now() > deadline)
      throw new Error('the naive server did not start')
    await pause(20)
  }
  return {
    socket: listen,
    meter: processMeter(child.pid ?? 0),
    async stop() {
      child.kill('SIGTERM')
      await exited
      await rm(folder, { recursive: true, force: true })
    },
  }
}
