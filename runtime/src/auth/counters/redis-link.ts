/** The connection to Redis: made with the first count, by the project's own user, and never by itself again. */
import { type CounterAccess, counterAccess } from '@cascata/shared/counter-access'
import type { ProjectDocument } from '@cascata/shared/project-document'
import type { Redis } from 'ioredis'

export type Link = {
  /** What takes its time once and is nobody's fault: the client's code. */
  load(): Promise<void>
  open(): Promise<OpenLink>
  /** What is open; it may be opened again. */
  close(): void
}

/** By key; null takes it away. */
export type Written = ReadonlyMap<string, { text: string; lastsMs: number } | null>

export type OpenLink = {
  watchAndGet(keys: readonly string[]): Promise<ReadonlyMap<string, string | null>>
  /** @returns false when somebody wrote one of the watched keys; then nothing is written. */
  write(written: Written): Promise<boolean>
  unwatch(): Promise<void>
}

type Place = CounterAccess & { path: string }

export function redisLink(document: () => ProjectDocument): Link {
  let open: { key: string; redis: Redis } | undefined
  let closings = 0
  const close = () => {
    closings += 1
    open?.redis.disconnect()
    open = undefined
  }
  return {
    load: async () => void (await import('ioredis')),
    async open() {
      const place = placeOf(document())
      const key = `${place.path} ${place.username}`
      if (open?.key !== key || open.redis.status !== 'ready') {
        close()
        const earlier = closings
        const redis = await dial(place)
        // Nobody waits for it any more.
        if (earlier !== closings) redis.disconnect()
        else open = { key, redis }
      }
      if (open === undefined) throw new Error('closed while it was opened')
      return linkOver(open.redis, place.prefix)
    },
    close,
  }
}

function placeOf({ ref, counters, database }: ProjectDocument): Place {
  if (counters === null) throw new Error('the project has no place to count together')
  return { path: counters.socket, ...counterAccess(ref, database.password) }
}

async function dial({ path, username, password }: Place): Promise<Redis> {
  // By its default export: bundled, a package in CommonJS has no other.
  const { default: ioredis } = await import('ioredis')
  const redis = new ioredis.Redis({
    ...{ path, username, password, protocol: 2, lazyConnect: true },
    // Of all that it does on its own nothing is allowed, or wanted: whoever counts says when to try again.
    ...{ enableReadyCheck: false, disableClientInfo: true, enableOfflineQueue: false },
    ...{ retryStrategy: () => null, maxRetriesPerRequest: 0, autoResendUnfulfilledCommands: false },
  })
  // Each command fails by itself.
  redis.on('error', () => {})
  await redis.connect()
  return redis
}

const linkOver = (redis: Redis, prefix: string): OpenLink => ({
  async watchAndGet(keys) {
    const names = keys.map((key) => prefix + key)
    const commands = redis.pipeline().watch(...names)
    for (const name of names) commands.get(name)
    const [, ...texts] = await answersOf(commands.exec())
    return new Map(keys.map((key, at) => [key, (texts[at] as string | null | undefined) ?? null]))
  },
  async write(written) {
    const commands = redis.multi()
    for (const [key, text] of written) {
      if (text === null) commands.del(prefix + key)
      else commands.psetex(prefix + key, text.lastsMs, text.text)
    }
    const answers = await commands.exec()
    if (answers === null) return false
    for (const [error] of answers) if (error) throw error
    return true
  },
  unwatch: async () => void (await redis.unwatch()),
})

async function answersOf(all: Promise<[Error | null, unknown][] | null>): Promise<unknown[]> {
  return ((await all) ?? []).map(([error, answer]) => {
    if (error) throw error
    return answer
  })
}
