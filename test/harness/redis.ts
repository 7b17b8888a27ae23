/** One throw-away Redis of the real image, which lets in as control says. The tests run as root, as control does. */
import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { nodeFiles } from '@cascata/control/adapters/files'
import { redisUsers } from '@cascata/control/adapters/redis-users'
import { redisSpec } from '@cascata/control/engine/spec'
import { pathsOf } from '@cascata/control/paths'
import { writeUsers } from '@cascata/control/reconcile/counters/task'
import { renderUsers } from '@cascata/control/reconcile/counters/users'
import type { CounterAccess } from '@cascata/shared/counter-access'
import { Redis } from 'ioredis'
import { testConfig } from './config.ts'
import { eventually } from './eventually.ts'
import { docker } from './postgres.ts'

export type TestRedis = {
  socket: string
  /** Lets in these projects and no others. */
  admit(...projects: readonly CounterAccess[]): Promise<void>
  /** A connection of its own, which tells the truth at once; ended by `stop`. */
  as(who: { username: string; password: string } | null): Promise<Redis>
  control(): Promise<Redis>
  kill(): Promise<void>
  /** With what it wrote down, or without. */
  restart(kept: 'kept' | 'lost'): Promise<void>
  freeze(): Promise<void>
  thaw(): Promise<void>
  stop(): Promise<void>
}

const CONTROL = { username: 'control', password: 'of-these-tests' }

/** As the reconciler starts it, but for its uid: the very command and the very folders. */
export async function startRedis(): Promise<TestRedis> {
  const home = await mkdtemp(join(tmpdir(), 'cascata-redis-'))
  const paths = pathsOf(home)
  const spec = redisSpec({
    ...{ instance: 'test', imageTag: testConfig.imageTag, paths, bind: [] },
    ...{ httpPort: 0, httpsPort: 0, dbSessionPort: 0, dbTransactionPort: 0 },
  })
  for (const folder of [paths.redisFiles, paths.redisRun, paths.redisUsersDir])
    await mkdir(folder, { recursive: true })
  await writeUsers(nodeFiles, paths.redisUsers, renderUsers(CONTROL, []).text)
  const mounts = spec.mounts.flatMap((mount) =>
    mount.kind === 'bind' ? [`--volume=${mount.source}:${mount.target}${mount.readOnly ? ':ro' : ''}`] : [],
  )
  const container = await docker(
    ...['run', '--detach', '--network=none', `--memory=${spec.limits.memoryBytes}`, ...mounts],
    ...[spec.image, ...(spec.command ?? [])],
  )
  const socket = paths.redisSocket
  const users = redisUsers({ path: socket, ...CONTROL })
  const isUp = () =>
    eventually(20_000, async () => {
      if ((await users.names()) === null) throw new Error('Redis does not answer yet')
    })
  await isUp()
  const open: Redis[] = []
  const as: TestRedis['as'] = async (who) => {
    const options = { path: socket, lazyConnect: true, enableReadyCheck: false, disableClientInfo: true }
    const login = who && { username: who.username, password: who.password }
    const redis = new Redis({ ...options, ...login, protocol: 2, retryStrategy: () => null })
    redis.on('error', () => {})
    open.push(redis)
    await redis.connect()
    // Only then is it known whether the name was taken.
    if (who) await redis.ping()
    return redis
  }
  return {
    ...{ socket, as, control: () => as(CONTROL) },
    async admit(...projects) {
      await writeUsers(nodeFiles, paths.redisUsers, renderUsers(CONTROL, projects).text)
      await users.read()
    },
    kill: async () => void (await docker('kill', container)),
    async restart(kept) {
      if (kept === 'lost') {
        await rm(paths.redisFiles, { recursive: true })
        await mkdir(paths.redisFiles)
      }
      await docker('start', container)
      await isUp()
    },
    freeze: async () => void (await docker('pause', container)),
    thaw: async () => void (await docker('unpause', container)),
    async stop() {
      for (const redis of open) redis.disconnect()
      await docker('rm', '--force', '--volumes', container)
      await rm(home, { recursive: true, force: true })
    },
  }
}
