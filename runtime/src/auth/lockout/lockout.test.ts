import type { Clock } from '@cascata/shared/clock'
import { describe, expect, test } from 'vitest'
import { type Counters, createCounters } from '../counters/counters.ts'
import { createLockout, type Lockout, type LockoutEvent } from './lockout.ts'
import { LOCKS_MAX, lockKind } from './memory.ts'
import type { LockState } from './state.ts'

const settings = { enabled: true, attempts: 3, windowS: 900, firstLockS: 60, maxLockS: 86_400 }
const ada = { account: 'ada@example.com', address: '203.0.113.7' }

const clockOf = (time = 1_000_000) => ({
  time,
  now() {
    return this.time
  },
})
const memoryOf = (clock: Clock, entriesMax = LOCKS_MAX) =>
  createCounters({ kind: lockKind(() => settings), clock, entriesMax })

function start(given: { counters?: Counters<LockState>; enabled?: boolean } = {}) {
  const events: LockoutEvent[] = []
  const clock = clockOf()
  const lockout = createLockout({
    settings: () => ({ ...settings, enabled: given.enabled ?? true }),
    counters: given.counters ?? memoryOf(clock),
    clock,
    onEvent: (event) => events.push(event),
  })
  return { lockout, events, clock }
}

type Who = { account: string; address: string | null }

async function attempt(lockout: Lockout, who: Who, outcome: 'failure' | 'success' | 'none') {
  const begun = await lockout.begin(who)
  if (!begun.allowed) return begun
  await begun.end(outcome)
  return 'let in'
}
const failures = async (lockout: Lockout, count: number, who: Who = ada) => {
  for (let each = 0; each < count; each += 1) await attempt(lockout, who, 'failure')
}

describe('an account', () => {
  test('is locked after three failures, for everybody, and tells for how long', async () => {
    const { lockout } = start()
    await failures(lockout, 3)
    const elsewhere = { ...ada, address: '198.51.100.1' }
    expect(await attempt(lockout, elsewhere, 'success')).toEqual({
      allowed: false,
      retryAfterS: 60,
      by: 'account',
    })
  })

  test('is the same however it is written', async () => {
    const { lockout } = start()
    await failures(lockout, 3, { ...ada, account: ' ADA@Example.com' })
    expect(await attempt(lockout, ada, 'success')).toMatchObject({ allowed: false })
  })

  test('opens by itself after a time, and by being unlocked', async () => {
    const { lockout, clock } = start()
    await failures(lockout, 3)
    clock.time += 60_000
    expect(await attempt(lockout, ada, 'failure')).toBe('let in')
    expect(await attempt(lockout, ada, 'success')).toMatchObject({ retryAfterS: 120 })
    await lockout.unlock('ADA@example.com')
    expect(await attempt(lockout, ada, 'success')).toBe('let in')
  })

  test('is not locked by attempts that ended for another reason', async () => {
    const { lockout } = start()
    for (let each = 0; each < 10; each += 1) await attempt(lockout, ada, 'none')
    expect(await attempt(lockout, ada, 'success')).toBe('let in')
  })

  test('gives a hundred guesses sent at once no more tries than it has', async () => {
    const { lockout } = start()
    const all = await Promise.all(Array.from({ length: 100 }, () => lockout.begin(ada)))
    const allowed = all.filter((one) => one.allowed)
    expect(allowed).toHaveLength(3)
    expect(all.find((one) => !one.allowed)).toEqual({ allowed: false, retryAfterS: 1, by: 'account' })
    for (const one of allowed) await one.end('failure')
    expect(await attempt(lockout, ada, 'success')).toMatchObject({ retryAfterS: 60 })
  })
})

const at = (account: number, address = ada.address) => ({ account: `user-${account}@example.com`, address })

describe('an address', () => {
  test('that is not known locks nobody out, while accounts are counted on', async () => {
    const { lockout } = start()
    const from = (account: number) => ({ ...at(account), address: null })
    for (let each = 0; each < 20; each += 1) await failures(lockout, 1, from(each))
    expect(await attempt(lockout, from(99), 'success')).toBe('let in')
    await failures(lockout, 3, from(99))
    expect(await attempt(lockout, from(99), 'success')).toMatchObject({ by: 'account' })
  })

  test('is locked after five times as many failures, whatever accounts they were at', async () => {
    const { lockout } = start()
    for (let each = 0; each < 15; each += 1) await attempt(lockout, at(each), 'failure')
    expect(await attempt(lockout, at(99), 'success')).toMatchObject({ allowed: false, by: 'address' })
    expect(await attempt(lockout, at(99, '198.51.100.1'), 'success')).toBe('let in')
  })

  test('is not cleared by signing in to an account of its own', async () => {
    const { lockout } = start()
    for (let each = 0; each < 14; each += 1) await attempt(lockout, at(each), 'failure')
    await attempt(lockout, at(50), 'success')
    await attempt(lockout, at(51), 'failure')
    expect(await attempt(lockout, at(52), 'success')).toMatchObject({ by: 'address' })
  })
})

describe('events', () => {
  test('tell each lock once, with a digest that tells nobody whose it is', async () => {
    const { lockout, events, clock } = start()
    await failures(lockout, 5)
    const lock = { ...ada, scope: 'account', key: expect.any(String), untilMs: clock.time + 60_000, locks: 1 }
    expect(events).toEqual([{ type: 'locked', lock }])
    expect(JSON.stringify(events.map((each) => 'lock' in each && each.lock.key))).not.toContain('ada')
  })
})

describe('a store that fails', () => {
  const broken: Counters<LockState> = { update: () => Promise.reject(new Error('away')) }

  test('lets nobody in', async () => {
    const { lockout, events } = start({ counters: broken })
    expect(await attempt(lockout, ada, 'success')).toEqual({ allowed: false, retryAfterS: 5, by: 'store' })
    expect(events).toMatchObject([{ type: 'store-failed' }])
  })

  test('in the middle of an attempt fails it', async () => {
    const memory = memoryOf(clockOf())
    let isAway = false
    const counters: Counters<LockState> = {
      update: (...order) => (isAway ? broken : memory).update(...order),
    }
    const { lockout } = start({ counters })
    const begun = await lockout.begin(ada)
    if (!begun.allowed) throw new Error('not let in')
    isAway = true
    await expect(begun.end('success')).rejects.toThrow('away')
  })
})

describe('lifting', () => {
  test('ends the very lock it is meant for; the next failure locks for twice as long', async () => {
    const { lockout, clock } = start()
    await failures(lockout, 3)
    const untilMs = clock.time + 60_000
    expect(await lockout.lift(ada.account, untilMs - 1)).toBe(false)
    expect(await lockout.lift(ada.account, untilMs)).toBe(true)
    expect(await lockout.lift(ada.account, untilMs)).toBe(false)
    expect(await attempt(lockout, ada, 'failure')).toBe('let in')
    expect(await attempt(lockout, ada, 'success')).toMatchObject({ retryAfterS: 120 })
    expect(await lockout.lift(ada.account, untilMs)).toBe(false)
  })

  test('is for accounts: of an address nobody can prove to be the owner', async () => {
    const { lockout, clock } = start()
    for (let each = 0; each < 15; each += 1) await attempt(lockout, at(each), 'failure')
    expect(await lockout.lift(ada.address, clock.time + 60_000)).toBe(false)
    expect(await lockout.unlock(ada.address)).toBe(false)
    expect(await attempt(lockout, at(99), 'success')).toMatchObject({ by: 'address' })
  })
})

test('switched off, nothing is counted', async () => {
  const { lockout } = start({ enabled: false })
  await failures(lockout, 50)
  expect(await attempt(lockout, ada, 'success')).toBe('let in')
})
