import { describe, expect, test } from 'vitest'
import { createCounters, type Kind } from './counters.ts'
import { CountersAway, type SharedTexts } from './shared-texts.ts'

/** Counts up; what was counted alone adds to what Redis has. */
const kind: Kind<{ count: number }> = {
  name: 'test',
  parse: (value) => (typeof value === 'object' ? (value as { count: number }) : undefined),
  endsAtMs: () => 60_000,
  merge: ({ shared, ours, isNews }) =>
    isNews ? { count: (shared?.count ?? 0) + (ours?.count ?? 0) } : shared,
}
const up = (before: { count: number } | undefined) => ({ count: (before?.count ?? 0) + 1 })
const same = (before: { count: number } | undefined) => before

/** Redis, as far as it is needed, and away when told so. */
function start(entriesMax = 10) {
  const texts = new Map<string, string>()
  const redis = { isAway: false, texts }
  const shared: SharedTexts = {
    async change(key, change) {
      if (redis.isAway) throw new CountersAway()
      const outcome = change(texts.get(key) ?? null)
      if (outcome === null) texts.delete(key)
      else if (outcome !== 'as it is') texts.set(key, outcome.text)
    },
    close: () => {},
  }
  const counters = createCounters({ kind, shared, clock: { now: () => 0 }, entriesMax })
  return { redis, counters }
}

describe('counters', () => {
  test('forget what was quiet longest when they are full', async () => {
    const counters = createCounters({ kind, clock: { now: () => 0 }, entriesMax: 2 })
    for (const key of ['a', 'b', 'a', 'c']) await counters.update(key, up)
    const counts = await Promise.all(['a', 'b', 'c'].map((key) => counters.update(key, same)))
    expect(counts.map(({ before }) => before?.count)).toEqual([2, undefined, 1])
  })

  test('write nothing where nothing changes', async () => {
    const { redis, counters } = start()
    await counters.update('a', up)
    redis.texts.set('test:a', '{"count":1,"more":true}')
    await counters.update('a', same)
    expect(redis.texts.get('test:a')).toBe('{"count":1,"more":true}')
  })

  test('go on from what was seen when Redis goes away', async () => {
    const { redis, counters } = start()
    redis.texts.set('test:a', '{"count":4}')
    await counters.update('a', up)
    redis.isAway = true
    expect(await counters.update('a', up)).toEqual({ before: { count: 5 }, after: { count: 6 } })
  })

  test('tell what they counted alone once Redis is back, all of it and once', async () => {
    const { redis, counters } = start()
    redis.isAway = true
    for (const key of ['a', 'b', 'b']) await counters.update(key, up)
    redis.isAway = false
    redis.texts.set('test:b', '{"count":10}')
    await counters.update('a', same)
    await counters.update('a', same)
    expect(Object.fromEntries(redis.texts)).toEqual({ 'test:a': '{"count":1}', 'test:b': '{"count":12}' })
  })

  test.each(['', 'no JSON', '7', 'null'])('take %j in Redis for nothing', async (text) => {
    const { redis, counters } = start()
    redis.texts.set('test:a', text)
    expect(await counters.update('a', up)).toMatchObject({ after: { count: 1 } })
  })
})
