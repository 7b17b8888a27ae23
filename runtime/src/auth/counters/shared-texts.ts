/**
 * Short texts by key in Redis, changed as one step without a script: watched, read, and written only if nobody else has
 * written meanwhile. Redis watches for a whole connection, so changes that come while one is under way go together in
 * the next: two trips for as many as there are.
 *
 * It never waits long: whoever asks counts alone then.
 */
import type { Clock } from '@cascata/shared/clock'
import type { Link, Written } from './redis-link.ts'

export type SharedTexts = {
  /** @throws CountersAway, within a moment. */
  change(key: string, change: TextChange): Promise<void>
  close(): void
}

/** Null takes it away. */
export type TextChange = (text: string | null) => { text: string; lastsMs: number } | null | 'as it is'

export class CountersAway extends Error {
  override readonly name = 'CountersAway'
}

type Order = { key: string; change: TextChange; turns: number; done: PromiseWithResolvers<void> }

/** Changes of one step. Others would wait for a longer one. */
const TOGETHER_MAX = 64
/** Somebody is always the quickest: many replicas at one key are no endless race. */
const TRIES_MAX = 8

/**
 * Waiting is counted in turns of our own: a process that was kept from its processor for a while finds the answers of
 * meanwhile first, and must not take Redis for away. Else whoever keeps it busy would be counted by each replica alone.
 */
const TURN_MS = 10
const TURNS_MAX = {
  /** Then whoever asked counts alone, and who asks meanwhile does so at once. */
  order: 10,
  /** Then Redis is away. */
  step: 100,
}
/** It is asked again so often while it is away: whoever asks first waits. */
const PAUSE_MS = { first: 1_000, max: 10_000 }
const LASTS_MS_MAX = 32 * 24 * 3_600_000

type Deps = {
  link: Link
  clock: Clock
  onAway: (cause: unknown) => void
  onBack: () => void
  turnMs?: number
}

export function createSharedTexts(deps: Deps): SharedTexts {
  const { link, clock, onAway, onBack, turnMs = TURN_MS } = deps
  const asking = new Set<Order>()
  const waiting: Order[] = []
  let step: { turns: number; giveUp: (cause: Error) => void } | undefined
  let isRunning = false
  let away: { untilMs: number; pauseMs: number } | undefined

  const refuse = (orders: Iterable<Order>, cause?: unknown): void => {
    for (const order of orders)
      if (asking.delete(order)) order.done.reject(new CountersAway('count alone', { cause }))
  }

  const fail = (cause: unknown): void => {
    const pauseMs = Math.min(PAUSE_MS.max, away ? away.pauseMs * 2 : PAUSE_MS.first)
    if (!away) onAway(cause)
    away = { untilMs: clock.now() + pauseMs, pauseMs }
    link.close()
    waiting.length = 0
    refuse([...asking], cause)
  }

  const turn = (): void => {
    for (const order of asking) order.turns += 1
    refuse([...asking].filter(({ turns }) => turns >= TURNS_MAX.order))
    if (step === undefined) return
    step.turns += 1
    if (step.turns >= TURNS_MAX.step) step.giveUp(new Error('Redis does not answer'))
  }

  const take = async (orders: readonly Order[]): Promise<void> => {
    const hung = Promise.withResolvers<never>()
    hung.promise.catch(() => {})
    step = { turns: 0, giveUp: hung.reject }
    try {
      await link.load()
      await Promise.race([changeTogether(link, orders), hung.promise])
      if (away) onBack()
      away = undefined
      for (const order of orders) if (asking.delete(order)) order.done.resolve()
    } catch (cause) {
      fail(cause)
    }
    step = undefined
  }

  const run = async (): Promise<void> => {
    isRunning = true
    const timer = setInterval(turn, turnMs)
    while (waiting.length > 0) {
      // Those who did not wait any longer have counted alone.
      const orders = waiting.splice(0, TOGETHER_MAX).filter((order) => asking.has(order))
      if (orders.length > 0) await take(orders)
    }
    clearInterval(timer)
    isRunning = false
  }

  return {
    change(key, change) {
      const isPaused = away !== undefined && clock.now() < away.untilMs
      if (isPaused || (step?.turns ?? 0) >= TURNS_MAX.order) return Promise.reject(new CountersAway())
      const order = { key, change, turns: 0, done: Promise.withResolvers<void>() }
      asking.add(order)
      waiting.push(order)
      if (!isRunning) void run()
      return order.done.promise
    },
    close: () => link.close(),
  }
}

async function changeTogether(link: Link, orders: readonly Order[]): Promise<void> {
  const redis = await link.open()
  const keys = [...new Set(orders.map(({ key }) => key))]
  for (let tries = 0; tries < TRIES_MAX; tries += 1) {
    const before = await redis.watchAndGet(keys)
    const written = changesOf(orders, before)
    if (written.size === 0) return redis.unwatch()
    if (await redis.write(written)) return
  }
  throw new Error(`others were quicker ${TRIES_MAX} times`)
}

/** One after the other: who comes second at a key sees what the first one made of it. */
function changesOf(orders: readonly Order[], before: ReadonlyMap<string, string | null>): Written {
  const now = new Map(before)
  const written = new Map<string, { text: string; lastsMs: number } | null>()
  for (const { key, change } of orders) {
    const outcome = change(now.get(key) ?? null)
    if (outcome === 'as it is') continue
    now.set(key, outcome?.text ?? null)
    const lastsMs = Math.ceil(Math.min(LASTS_MS_MAX, Math.max(1, outcome?.lastsMs ?? 1)))
    written.set(key, outcome && { text: outcome.text, lastsMs })
  }
  return written
}
