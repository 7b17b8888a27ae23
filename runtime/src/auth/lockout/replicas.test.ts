/** Two replicas and a Redis that goes away and forgets, in whatever order: what a replica has seen locked stays so. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { createCounters } from '../counters/counters.ts'
import { CountersAway, type SharedTexts } from '../counters/shared-texts.ts'
import { createLockout } from './lockout.ts'
import { LOCKS_MAX, lockKind } from './memory.ts'

const settings = { enabled: true, attempts: 3, windowS: 100, firstLockS: 10, maxLockS: 60 }
const ada = 'ada@example.com'

function world() {
  const clock = { time: 1_000_000, now: () => clock.time }
  const texts = new Map<string, { text: string; untilMs: number }>()
  const replica = (address: string) => {
    const redis = { isAway: false }
    const shared: SharedTexts = {
      async change(key, change) {
        if (redis.isAway) throw new CountersAway()
        const found = texts.get(key)
        const outcome = change(found && clock.time < found.untilMs ? found.text : null)
        if (outcome === null) texts.delete(key)
        else if (outcome !== 'as it is')
          texts.set(key, { text: outcome.text, untilMs: clock.time + outcome.lastsMs })
      },
      close: () => {},
    }
    const kind = lockKind(() => settings)
    const counters = createCounters({ kind, shared, clock, entriesMax: LOCKS_MAX })
    /** Until when it has seen the account locked. */
    const seen = { untilMs: 0 }
    const lockout = createLockout({
      ...{ settings: () => settings, counters, clock },
      onEvent: (event) => {
        if (event.type === 'locked' && event.lock.scope === 'account') seen.untilMs = event.lock.untilMs
      },
    })
    return { redis, lockout, seen, address }
  }
  return { clock, texts, replicas: [replica('10.0.0.1'), replica('10.0.0.2')] as const }
}
type World = ReturnType<typeof world>

type Move =
  | { do: 'fail' | 'succeed' | 'unlock' | 'away' | 'back'; at: 0 | 1 }
  | { do: 'lose' }
  | { do: 'wait'; seconds: number }

const at = fc.constantFrom(0 as const, 1 as const)
const move: fc.Arbitrary<Move> = fc.oneof(
  { weight: 8, arbitrary: fc.record({ do: fc.constant('fail' as const), at }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('succeed' as const), at }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('unlock' as const), at }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constantFrom('away' as const, 'back' as const), at }) },
  { weight: 1, arbitrary: fc.constant({ do: 'lose' as const }) },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constant('wait' as const), seconds: fc.integer({ min: 1, max: 30 }) }),
  },
)

async function play({ clock, texts, replicas }: World, move: Move): Promise<void> {
  if (move.do === 'lose') return texts.clear()
  if (move.do === 'wait') {
    clock.time += move.seconds * 1_000
    return
  }
  const { redis, lockout, seen, address } = replicas[move.at]
  if (move.do === 'away' || move.do === 'back') {
    redis.isAway = move.do === 'away'
    return
  }
  if (move.do === 'unlock') {
    await lockout.unlock(ada)
    for (const each of replicas) each.seen.untilMs = 0
    return
  }
  const attempt = await lockout.begin({ account: ada, address })
  if (seen.untilMs > clock.time) expect(attempt.allowed, 'let in where it was seen locked').toBe(false)
  if (attempt.allowed) return attempt.end(move.do === 'fail' ? 'failure' : 'success')
  if (attempt.by === 'account' && attempt.retryAfterS > 1)
    seen.untilMs = Math.max(seen.untilMs, clock.time + (attempt.retryAfterS - 1) * 1_000)
}

test('in any order of failures, unlocking, loss and absence', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(move, { maxLength: 60 }), async (moves) => {
      const one = world()
      for (const each of moves) await play(one, each)
    }),
    { numRuns: 2_000 },
  )
})

test('with Redis there, no order of attempts at both gives more tries than at one', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(at, { minLength: 10, maxLength: 30 }), async (places) => {
      const { replicas } = world()
      const begun = await Promise.all(
        places.map((place) =>
          replicas[place].lockout.begin({ account: ada, address: replicas[place].address }),
        ),
      )
      expect(begun.filter(({ allowed }) => allowed)).toHaveLength(settings.attempts)
    }),
    { numRuns: 300 },
  )
})
