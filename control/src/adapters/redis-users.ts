/** Redis' own list of users, asked by a connection each time: it is seldom, and none is left behind. */
import { Redis } from 'ioredis'

export type RedisUsers = {
  /** Null when it does not answer. */
  names(): Promise<string[] | null>
  /** Lets it read its file again: all of it, or nothing of it. */
  read(): Promise<void>
}

const CONNECT_TIMEOUT_MS = 2_000
const COMMAND_TIMEOUT_MS = 5_000

type Where = { path: string; username: string; password: string }

export function redisUsers(where: Where): RedisUsers {
  const within = async <Result>(work: (redis: Redis) => Promise<Result>): Promise<Result> => {
    const redis = new Redis({
      ...where,
      ...{ lazyConnect: true, retryStrategy: () => null, maxRetriesPerRequest: 0 },
      ...{ connectTimeout: CONNECT_TIMEOUT_MS, commandTimeout: COMMAND_TIMEOUT_MS },
    })
    // The commands' own failures say it.
    redis.on('error', () => {})
    try {
      await redis.connect()
      return await work(redis)
    } finally {
      redis.disconnect()
    }
  }
  return {
    names: () => within(async (redis) => redis.acl('USERS') as Promise<string[]>).catch(() => null),
    read: () => within(async (redis) => void (await redis.acl('LOAD'))),
  }
}
