/** What a runtime that turned hostile can do in the Redis that control's queue is in: with its own name, with another, with none. */
import { counterAccess } from '@cascata/shared/counter-access'
import { Queue } from 'bullmq'
import type { Redis } from 'ioredis'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startRedis, type TestRedis } from '../harness/redis.ts'

const PASSWORD = 'authenticator-of-these-tests'
const shop = counterAccess('shop', PASSWORD)
const other = counterAccess('other', PASSWORD)

let redis: TestRedis

beforeAll(async () => {
  redis = await startRedis()
})
afterAll(() => redis?.stop())

describe('a hostile runtime', () => {
  let hostile: Redis
  beforeAll(async () => {
    await redis.admit(shop, other)
    const queue = new Queue('operations', {
      connection: { path: redis.socket, username: 'control', password: 'of-these-tests' },
      skipVersionCheck: true,
    })
    await queue.add('backup.create', {}, { jobId: 'a-job' })
    await queue.close()
    hostile = await redis.as(shop)
    const neighbour = await redis.as(other)
    await neighbour.psetex(`${other.prefix}lock`, 600_000, 'theirs')
  })

  test('reads and writes below its own prefix', async () => {
    expect(await hostile.psetex(`${shop.prefix}a`, 60_000, 'mine')).toBe('OK')
    expect(await hostile.get(`${shop.prefix}a`)).toBe('mine')
    expect(await hostile.del(`${shop.prefix}a`)).toBe(1)
  })

  test.each<[string, () => string[]]>([
    ['the queue of control', () => ['get', 'bull:operations:a-job']],
    ['the fields of a job', () => ['hgetall', 'bull:operations:a-job']],
    ['the waiting list', () => ['lrange', 'bull:operations:wait', '0', '-1']],
    ["another project's counts", () => ['get', `${other.prefix}lock`]],
    ["another project's counts, to write", () => ['psetex', `${other.prefix}lock`, '1', 'x']],
    ["another project's counts, to take away", () => ['del', `${other.prefix}lock`]],
    ["another project's counts, to watch", () => ['watch', `${other.prefix}lock`]],
    ['a key whose name only begins alike', () => ['get', shop.prefix.slice(0, -1)]],
    ['its own keys without an end', () => ['set', `${shop.prefix}a`, 'x']],
    ['its own counter without an end', () => ['incr', `${shop.prefix}a`]],
    ['an end to take away', () => ['persist', `${shop.prefix}a`]],
    ['a list of all keys', () => ['keys', '*']],
    ['a walk over all keys', () => ['scan', '0']],
    ['the size of all', () => ['dbsize']],
    ['the configuration', () => ['config', 'get', '*']],
    ['the configuration, to change', () => ['config', 'set', 'maxmemory', '0']],
    ['to empty all', () => ['flushall']],
    ['to empty this database', () => ['flushdb']],
    ['another database', () => ['select', '1']],
    ['to subscribe', () => ['subscribe', 'x']],
    ['to publish', () => ['publish', 'x', 'y']],
    ['a script', () => ['eval', 'return 1', '0']],
    ['a script that is there', () => ['evalsha', '0'.repeat(40), '0']],
    ['a function', () => ['fcall', 'f', '0']],
    ['the users', () => ['acl', 'list']],
    ['who it is to be', () => ['acl', 'setuser', shop.username, '+@all']],
    ['the others connected', () => ['client', 'list']],
    ['to end the others', () => ['client', 'kill', 'type', 'normal']],
    ['what happens', () => ['monitor']],
    ['what there is to know', () => ['info']],
    ['to shut down', () => ['shutdown', 'nosave']],
    ['to write a dump', () => ['save']],
    ['to follow another', () => ['replicaof', '127.0.0.1', '6379']],
    ['to load code', () => ['module', 'load', '/tmp/x.so']],
    ['to make it wait', () => ['debug', 'sleep', '10']],
  ])('is refused %s', async (_what, command) => {
    const [name = '', ...args] = command()
    const { control } = redis
    await expect(hostile.call(name, ...args)).rejects.toThrow(/NOPERM|not allowed/)
    const truth = await control()
    expect(await truth.get(`${other.prefix}lock`)).toBe('theirs')
    truth.disconnect()
  })

  test('inside of a transaction it may no more', async () => {
    const outcome = hostile.multi().get('bull:operations:a-job').exec()
    await expect(outcome).rejects.toThrow(/EXECABORT|NOPERM/)
  })

  test('with another name, or none, nobody is let in', async () => {
    for (const who of [
      { ...other, password: shop.password },
      { username: 'default', password: 'x' },
    ])
      await expect(redis.as(who)).rejects.toThrow()
    const nobody = await redis.as(null)
    for (const command of ['ping', 'get', 'info', 'keys'])
      await expect(nobody.call(command, 'x')).rejects.toThrow(/NOAUTH/)
  })

  test('a value larger than anybody needs is refused', async () => {
    const own = await redis.as(shop)
    await expect(own.psetex(`${shop.prefix}large`, 60_000, 'x'.repeat(2 * 1024 * 1024))).rejects.toThrow()
  })

  test('that fills the memory pushes out what is counted, and no job', async () => {
    const own = await redis.as(shop)
    const text = 'x'.repeat(512 * 1024)
    for (let each = 0; each < 300; each += 1)
      expect(await own.psetex(`${shop.prefix}fill-${each}`, 9_000_000_000, text)).toBe('OK')
    const truth = await redis.control()
    expect(await truth.exists('bull:operations:a-job')).toBe(1)
    expect(await truth.set('bull:still', 'written')).toBe('OK')
    const [used = '0'] = /used_memory:(\d+)/.exec(await truth.info('memory'))?.slice(1) ?? []
    expect(Number(used)).toBeLessThan(130 * 1024 * 1024)
  })
})
