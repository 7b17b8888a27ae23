/**
 * A year of five hundred domains with an authority that holds to Let's Encrypt's limits, in seconds: nothing expires,
 * and nothing is asked for that would be refused. And a control that is killed at each of its effects.
 */
import { viewCertificates } from '@cascata/control/app/certificate-view'
import type { Effects } from '@cascata/control/reconcile/effects'
import { describe, expect, test } from 'vitest'
import { testConfig } from '../harness/config.ts'
import { chanceOf } from '../harness/seeded.ts'
import { type AuthorityRules, SimulatedAuthority } from '../harness/simulated-authority.ts'
import { SimulatedCertificates } from '../harness/simulated-certificates.ts'

const MINUTE = 60_000
const DAY = 24 * 60 * MINUTE
const START = Date.parse('2026-01-01T00:00:00Z')
const straight: Effects = { run: (_name, effect) => effect() }
const never = new AbortController().signal

function authorityFor(world: SimulatedCertificates, rules: Partial<AuthorityRules> = {}): SimulatedAuthority {
  return new SimulatedAuthority({
    now: () => world.now,
    proofAt: (_host, token) => world.challenge(token),
    lifeMs: () => 90 * DAY,
    windowOf: () => null,
    isAway: () => false,
    ...rules,
  })
}

describe('a year of five hundred domains', () => {
  const { next: random } = chanceOf(testConfig.seed ?? 42)
  /** Three hundred domains of their own at once, 150 below one, and fifty that come in time; ten with short lives. */
  const names = [
    ...Array.from({ length: 290 }, (_, at) => ({ name: `d${at}.own${at}.test`, from: 0 })),
    ...Array.from({ length: 10 }, (_, at) => ({ name: `short.s${at}.test`, from: 0 })),
    ...Array.from({ length: 150 }, (_, at) => ({ name: `n${at}.agency.test`, from: 0 })),
    ...Array.from({ length: 50 }, (_, at) => ({ name: `late${at}.l${at}.test`, from: random() * 200 * DAY })),
  ]
  /** Some cannot be reached for up to five days, now and then; the authority is away for three. */
  const outages = Array.from({ length: 120 }, () => ({
    name: names[Math.floor(random() * 290)]?.name ?? '',
    from: START + random() * 360 * DAY,
    ms: random() * 5 * DAY,
  }))

  test('nothing expires, nothing is refused, nobody is asked twice', { timeout: 120_000 }, async () => {
    const world = new SimulatedCertificates(START)
    const within = (from: number, ms: number) => world.now >= from && world.now < from + ms
    const authority = authorityFor(world, {
      proofAt: (host, token) =>
        outages.some(({ name, from, ms }) => name === host && within(from, ms))
          ? null
          : world.challenge(token),
      lifeMs: (name) => (name.startsWith('short') ? 160 * 60 * MINUTE : 90 * DAY),
      windowOf({ names: [name = ''], notBefore, notAfter }) {
        if (name.startsWith('short')) return null
        // On the 150th day it calls all of its certificates back.
        const isCalled = world.now > START + 150 * DAY && notBefore < START + 150 * DAY
        const ideal = isCalled ? START + 150 * DAY : notBefore + ((notAfter - notBefore) * 2) / 3
        return { startMs: ideal - DAY / 8, endMs: ideal + DAY / 8, retryAfterMs: DAY }
      },
      isAway: () => within(START + 100 * DAY, 3 * DAY),
    })
    const task = world.task(authority, straight)
    const arrived = new Set<string>()
    const expired = new Set<string>()
    let slowest = 0

    while (world.now < START + 365 * DAY) {
      for (const { name, from } of names) if (world.now >= START + from) world.attached.set(name, 'shop')
      const { againInMs } = await task.run(never)
      for (const row of world.held.values()) {
        if (row.source !== 'acme') continue
        arrived.add(row.name)
        if (row.notAfter.getTime() <= world.now) expired.add(row.name)
        slowest = Math.max(slowest, world.orders.get(row.name)?.failures ?? 0)
      }
      // A real pass comes each minute; here every four hours, or sooner while an order is under way.
      const isBusy = [...world.orders.values()].some(({ url }) => url !== null)
      world.now += isBusy ? MINUTE : Math.max(againInMs ?? 0, 240 * MINUTE)
    }
    expect([...expired]).toEqual([])
    expect(arrived.size).toBe(500)
    expect({ refused: authority.refused, doubled: authority.doubled }).toEqual({ refused: 0, doubled: 0 })
    // It was a year with failures in it, and with the call-back.
    expect(slowest).toBeGreaterThan(1)
    expect(authority.issued.size).toBeGreaterThan(500 * 5)
  })
})

describe('a DNS provider that takes no record down', () => {
  const DOMAIN = 'cascata.test'
  const worldOf = () => {
    const world = new SimulatedCertificates(START)
    Object.assign(world, { domain: DOMAIN, canCleanUp: false })
    const authority = authorityFor(world, {
      proofAt: (host, token) =>
        world.records.has(`_acme-challenge.${host} ${token}.thumbprint`) ? `${token}.thumbprint` : null,
    })
    return { world, authority, task: world.task(authority, straight) }
  }

  test('lets nothing expire in a year, and is asked a handful of times for each order', async () => {
    const { world, task } = worldOf()
    let [lived, expired, failed] = [0, 0, 0]
    while (world.now < START + 365 * DAY) {
      const pass = await task.run(never)
      failed += pass.failed.length
      const row = world.held.get(`*.${DOMAIN} acme`)
      if (row) lived += 1
      if (row && row.notAfter.getTime() <= world.now) expired += 1
      world.now += Math.min(pass.againInMs ?? MINUTE, 240 * MINUTE)
    }
    expect({ expired, isThere: lived > 0 }).toEqual({ expired: 0, isThere: true })
    // Sixty days each: the first and six successors; each had four tries that are told and a last one.
    expect(world.records.size).toBe(7)
    expect(failed).toBe(7 * 4)
    expect(world.warned.length).toBe(7)
    expect(JSON.stringify(world.warned)).toContain(`_acme-challenge.${DOMAIN}`)
  })

  test('is told of, with its next try; and what stands goes when it can', async () => {
    const { world, task } = worldOf()
    const pass = async () => {
      const { againInMs = MINUTE } = await task.run(never)
      world.now += Math.min(againInMs, MINUTE)
    }
    for (let passes = 0; passes < 12; passes += 1) await pass()
    const shown = () => {
      const rows = { held: [...world.held.values()], orders: [...world.orders.values()] }
      const [view] = viewCertificates(
        { ...rows, damaged: [], attached: [] },
        { now: world.now, isAcmeOn: true },
      )
      return [view?.state, view?.last_error?.code, view?.next_try_at === null]
    }
    expect(shown()).toEqual(['valid', 'proof-left', false])
    world.canCleanUp = true
    for (let passes = 0; passes < 130; passes += 1) await pass()
    expect(shown()).toEqual(['valid', undefined, true])
    expect([world.records.size, world.orders.size, world.warned]).toEqual([0, 0, []])
  })
})

describe('a control that is killed', () => {
  /** All the effects of one certificate, in order. */
  async function effectsOfOne(): Promise<string[]> {
    const names: string[] = []
    const world = new SimulatedCertificates(START)
    world.attached.set('shop.test', 'shop')
    const task = world.task(authorityFor(world), {
      run(name, effect) {
        names.push(name)
        return effect()
      },
    })
    await settle(world, () => task.run(never))
    return names
  }

  test('at each of its effects, before and after, never makes a second order for the same names', async () => {
    const effects = await effectsOfOne()
    expect(new Set(effects).size).toBeGreaterThan(12)
    for (const [at, name] of effects.entries()) {
      for (const when of ['before', 'after'] as const) {
        const world = new SimulatedCertificates(START)
        world.attached.set('shop.test', 'shop')
        const authority = authorityFor(world)
        await dieAt(world, authority, { at, when })
        const task = world.task(authority, straight)
        await settle(world, () => task.run(never))
        const what = `${when} ${name} (${at})`
        expect([what, authority.ordersOf.get('shop.test')]).toEqual([what, 1])
        expect([what, world.held.get('shop.test acme')?.names]).toEqual([what, ['shop.test']])
        expect([
          what,
          world.orders.size,
          [...world.files.keys()].filter((path) => path.includes('challenges')),
        ]).toEqual([what, 0, []])
      }
    }
  })

  async function dieAt(
    world: SimulatedCertificates,
    authority: SimulatedAuthority,
    { at, when }: { at: number; when: 'before' | 'after' },
  ): Promise<void> {
    let count = 0
    const { promise: dead, resolve: die } = Promise.withResolvers<'dead'>()
    const task = world.task(authority, {
      async run(_name, effect) {
        if (count++ !== at) return effect()
        if (when === 'after') await effect()
        die('dead')
        // A killed process does nothing any more, not even fail.
        return new Promise(() => {})
      },
    })
    for (;;) {
      const pass = await Promise.race([dead, task.run(never)])
      if (pass === 'dead') return
      world.now += pass.againInMs ?? MINUTE
    }
  }

  async function settle(
    world: SimulatedCertificates,
    pass: () => Promise<{ applied: readonly string[]; againInMs?: number }>,
  ): Promise<void> {
    for (let passes = 0; passes < 60; passes++) {
      const { againInMs = MINUTE } = await pass()
      world.now += Math.min(againInMs, MINUTE)
    }
  }
})

test('a configuration of the edge whose manifest was cut keeps nobody from a certificate', async () => {
  const world = new SimulatedCertificates(START)
  world.attached.set('shop.test', 'shop')
  world.files.set(`${world.paths.edge}/current/manifest.json`, '{"dig')
  const task = world.task(authorityFor(world), straight)
  for (let passes = 0; passes < 20; passes += 1) {
    expect((await task.run(never)).failed).toEqual([])
    world.now += MINUTE
  }
  expect([...world.held.values()].map(({ name, source }) => [name, source])).toEqual([['shop.test', 'acme']])
})
