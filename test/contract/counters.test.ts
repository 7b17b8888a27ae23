/** Counting, by one process alone and by several through a real Redis. */
import { createCounters } from '@cascata/runtime/auth/counters/counters'
import { redisLink } from '@cascata/runtime/auth/counters/redis-link'
import { createSharedTexts, type SharedTexts } from '@cascata/runtime/auth/counters/shared-texts'
import { createLockout, type Lock, type LockoutEvent } from '@cascata/runtime/auth/lockout/lockout'
import { lockKind } from '@cascata/runtime/auth/lockout/memory'
import { createRateLimits } from '@cascata/runtime/auth/rates/rate-limits'
import { counterAccess } from '@cascata/shared/counter-access'
import { ProjectDocument } from '@cascata/shared/project-document'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { startRedis, type TestRedis } from '../harness/redis.ts'

const PASSWORD = 'authenticator-of-these-tests'
const shop = counterAccess('shop', PASSWORD)
const other = counterAccess('other', PASSWORD)

let redis: TestRedis

beforeAll(async () => {
  redis = await startRedis()
})
afterAll(() => redis?.stop())
beforeEach(() => redis.admit(shop, other))

const open: SharedTexts[] = []
afterEach(() => {
  for (const each of open.splice(0)) each.close()
})

const clock = { offsetMs: 0, now: () => Date.now() + clock.offsetMs }
const told: string[] = []

const documentOf = (password = PASSWORD) =>
  ProjectDocument.parse({
    ...{ version: 1, ref: 'shop', generation: 1, url: 'http://shop.test', jwtSecret: 'x'.repeat(32) },
    ...{ database: { host: '/nowhere', password }, keys: { anon: 'a', serviceRole: 's' } },
    counters: { socket: redis.socket },
  })

/** @param turnMs long: on a busy machine nobody is to count alone who is not meant to. */
function throughRedis(password = PASSWORD, turnMs = 200): SharedTexts {
  const shared = createSharedTexts({
    ...{ link: redisLink(() => documentOf(password)), clock },
    onAway: () => told.push('away'),
    onBack: () => told.push('back'),
    turnMs,
  })
  open.push(shared)
  return shared
}

const settings = { enabled: true, attempts: 3, windowS: 900, firstLockS: 60, maxLockS: 86_400 }
const rateSettings = {
  ...{ emailsPerHour: 2, smsPerHour: 3, anonymousPerHour: 4, verifyPer5Min: 5, refreshPer5Min: 6 },
  ...{ otpPer5Min: 7, signInPer5Min: 8, passkeyPer5Min: 9, ssoPer5Min: 10, web3Per5Min: 11 },
  trustedClientAddress: true,
}

/** As a runtime has them. */
function replica(shared: SharedTexts | undefined) {
  const counters = createCounters({ kind: lockKind(() => settings), shared, clock, entriesMax: 100 })
  const locks: Lock[] = []
  const onEvent = (event: LockoutEvent) => void (event.type === 'locked' && locks.push(event.lock))
  return {
    locks,
    lockout: createLockout({ settings: () => settings, counters, clock, onEvent }),
    rates: createRateLimits({ settings: () => rateSettings, shared, clock }),
  }
}
type Replica = ReturnType<typeof replica>

let count = 0
/** Nobody was counted under this name or address before. */
function somebody() {
  count += 1
  return { account: `user-${count}@example.com`, address: `10.0.${count >> 8}.${count & 255}` }
}

async function attempt(
  { lockout }: Replica,
  who: ReturnType<typeof somebody>,
  outcome: 'failure' | 'success',
) {
  const begun = await lockout.begin(who)
  if (!begun.allowed) return begun
  await begun.end(outcome)
  return 'let in'
}
const failTimes = async (at: Replica, who: ReturnType<typeof somebody>, times: number) => {
  for (let each = 0; each < times; each += 1) await attempt(at, who, 'failure')
}

describe.each([
  ['alone', () => undefined],
  ['through Redis', () => throughRedis()],
])('counted %s', (_how, sharing) => {
  test('failures lock, time opens, and the next one locks for twice as long', async () => {
    const [one, who] = [replica(sharing()), somebody()]
    await failTimes(one, who, 3)
    expect(await attempt(one, who, 'success')).toEqual({ allowed: false, retryAfterS: 60, by: 'account' })
    clock.offsetMs += 61_000
    await failTimes(one, who, 1)
    expect(await attempt(one, who, 'success')).toMatchObject({ retryAfterS: 120 })
  })

  test('success ends a series of failures', async () => {
    const [one, who] = [replica(sharing()), somebody()]
    await failTimes(one, who, 2)
    expect(await attempt(one, who, 'success')).toBe('let in')
    await failTimes(one, who, 2)
    expect(await attempt(one, who, 'success')).toBe('let in')
  })

  test('unlocking forgets', async () => {
    const [one, who] = [replica(sharing()), somebody()]
    await failTimes(one, who, 3)
    expect(await one.lockout.unlock(who.account)).toBe(true)
    await failTimes(one, who, 2)
    expect(await attempt(one, who, 'success')).toBe('let in')
  })

  test('lifting ends the very lock it is meant for, and forgets nothing', async () => {
    const [one, who] = [replica(sharing()), somebody()]
    await failTimes(one, who, 3)
    const untilMs = one.locks[0]?.untilMs ?? 0
    expect(await one.lockout.lift(who.account, untilMs + 1)).toBe(false)
    expect(await one.lockout.lift(who.account, untilMs)).toBe(true)
    await failTimes(one, who, 1)
    expect(await attempt(one, who, 'success')).toMatchObject({ retryAfterS: 120 })
  })

  test('a hundred guesses at once have no more tries than there are', async () => {
    const [one, who] = [replica(sharing()), somebody()]
    const all = await Promise.all(Array.from({ length: 100 }, () => one.lockout.begin(who)))
    const allowed = all.filter((each) => each.allowed)
    expect(allowed).toHaveLength(3)
    for (const each of allowed) await each.end('failure')
    expect(await attempt(one, who, 'success')).toMatchObject({ allowed: false, by: 'account' })
  })

  test('an address has its budget of each kind, and learns when there is more', async () => {
    const { rates } = replica(sharing())
    const { address } = somebody()
    const asked = await Promise.all(Array.from({ length: 6 }, () => rates.request('verify', address)))
    expect(asked.filter(({ allowed }) => allowed)).toHaveLength(5)
    expect(asked.at(-1)).toEqual({
      ...{ allowed: false, retryAfterS: 60, errorCode: 'over_request_rate_limit' },
    })
    expect((await rates.request('otp', address)).allowed).toBe(true)
  })
})

describe('two replicas', () => {
  const two = (): [Replica, Replica] => [replica(throughRedis()), replica(throughRedis())]

  test('lock as one: failures of both count, and the lock holds at both', async () => {
    const [[one, two_], who] = [two(), somebody()]
    await failTimes(one, who, 1)
    await failTimes(two_, who, 1)
    await failTimes(one, who, 1)
    for (const each of [one, two_])
      expect(await attempt(each, who, 'success')).toMatchObject({ allowed: false, by: 'account' })
  })

  test('give a hundred guesses sent to both at once the tries of one', async () => {
    const [replicas, who] = [two(), somebody()]
    const all = await Promise.all(
      Array.from({ length: 100 }, (_, at) => (replicas[at % 2] as Replica).lockout.begin(who)),
    )
    expect(all.filter(({ allowed }) => allowed)).toHaveLength(3)
  })

  test('unlock as one, whichever has seen the lock', async () => {
    const [[one, two_], who] = [two(), somebody()]
    await failTimes(one, who, 3)
    expect(await attempt(two_, who, 'success')).toMatchObject({ allowed: false })
    expect(await two_.lockout.unlock(who.account)).toBe(true)
    expect(await attempt(one, who, 'success')).toBe('let in')
  })

  test('share the budget of an address and that of the project', async () => {
    const [one, two_] = two()
    const { address } = somebody()
    const asked: boolean[] = []
    for (const each of [one, two_, one, two_, one, two_])
      asked.push((await each.rates.request('verify', address)).allowed)
    expect(asked).toEqual([true, true, true, true, true, false])
    const letters: boolean[] = []
    for (const each of [one, two_, one]) letters.push((await each.rates.message('email')).allowed)
    expect(letters).toEqual([true, true, false])
  })
})

/** Milliseconds that it took. */
async function timed(work: () => Promise<unknown>): Promise<number> {
  const from = performance.now()
  await work()
  return performance.now() - from
}

describe('Redis killed midway', () => {
  test('locks that were seen hold, failures go on counting, nobody waits; and what was counted is told', async () => {
    const [one, two_] = [replica(throughRedis()), replica(throughRedis())]
    const [locked, tried, fresh] = [somebody(), somebody(), somebody()]
    await failTimes(one, locked, 3)
    expect(await attempt(two_, locked, 'success')).toMatchObject({ allowed: false })
    await failTimes(one, tried, 2)
    const begun = await one.lockout.begin(fresh)
    await redis.kill()
    try {
      if (!begun.allowed) throw new Error('not let in')
      await begun.end('failure')
      for (const each of [one, two_]) {
        const ms = await timed(async () =>
          expect(await attempt(each, locked, 'success')).toMatchObject({ allowed: false }),
        )
        expect(ms).toBeLessThan(2_000)
      }
      await failTimes(one, tried, 1)
      expect(await attempt(one, tried, 'success')).toMatchObject({ allowed: false, retryAfterS: 60 })
      await failTimes(one, fresh, 2)
      expect(await attempt(one, fresh, 'success')).toMatchObject({ allowed: false })
    } finally {
      await redis.restart('lost')
    }
    clock.offsetMs += 11_000
    // Whoever counted alone tells it with its next count; then it holds at the other, too.
    expect(await attempt(one, locked, 'success')).toMatchObject({ allowed: false })
    expect(told).toContain('back')
    for (const who of [locked, tried, fresh])
      await expect
        .poll(async () => (await attempt(two_, who, 'success')) !== 'let in', { timeout: 5_000 })
        .toBe(true)
  })

  test('one that hangs is waited for once, and no longer than a moment', async () => {
    // Ten turns are waited for: half a second.
    const [one, who] = [replica(throughRedis(PASSWORD, 50)), somebody()]
    await failTimes(one, who, 1)
    await redis.freeze()
    try {
      const waited = await timed(() => attempt(one, who, 'failure'))
      expect(await timed(() => attempt(one, who, 'failure'))).toBeLessThan(waited / 2)
      expect(waited).toBeLessThan(2_500)
      expect(await attempt(one, who, 'success')).toMatchObject({ allowed: false })
    } finally {
      await redis.thaw()
    }
  })

  test('one that is slow for a moment is not taken for away', async () => {
    const [one, two_, who] = [replica(throughRedis(PASSWORD, 10)), replica(throughRedis()), somebody()]
    await failTimes(one, who, 1)
    told.length = 0
    await redis.freeze()
    const slow = attempt(one, who, 'failure')
    await slow
    await redis.thaw()
    // What was counted alone meanwhile counts once, and at both.
    await expect.poll(() => attempt(one, who, 'failure'), { timeout: 5_000 }).not.toBe('let in')
    expect(await attempt(two_, who, 'success')).toMatchObject({ allowed: false, by: 'account' })
  })

  test('whoever is not let in counts alone', async () => {
    await redis.admit(other)
    const [one, who] = [replica(throughRedis()), somebody()]
    await failTimes(one, who, 3)
    expect(await attempt(one, who, 'success')).toMatchObject({ allowed: false })
    expect(await attempt(replica(throughRedis()), who, 'success')).toBe('let in')
  })

  test('a rotated password is another user: the connection of before ends, the new one counts', async () => {
    const before = await redis.as(shop)
    expect(await before.psetex(`${shop.prefix}a`, 60_000, '1')).toBe('OK')
    const rotated = counterAccess('shop', 'rotated')
    await redis.admit(rotated)
    await expect(before.get(`${shop.prefix}a`)).rejects.toThrow()
    await expect(redis.as(shop)).rejects.toThrow()
    const [one, two_] = [replica(throughRedis('rotated')), replica(throughRedis('rotated'))]
    const who = somebody()
    await failTimes(one, who, 3)
    expect(await attempt(two_, who, 'success')).toMatchObject({ allowed: false })
  })
})
