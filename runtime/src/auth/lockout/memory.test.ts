import { describe, expect, test } from 'vitest'
import { lockKind, mergeLocks } from './memory.ts'
import { type LockEvent, type LockState, lockedForMs, stateAfter } from './state.ts'

const settings = { enabled: true, attempts: 3, windowS: 100, firstLockS: 10, maxLockS: 60 }
const S = 1_000

function after(...events: [LockEvent, number][]): LockState | undefined {
  let state: LockState | undefined
  for (const [event, atS] of events) state = stateAfter(state, event, { settings, nowMs: atS * S })
  return state
}
const locked = after(['failure', 0], ['failure', 1], ['failure', 2])
const twice = after(['failure', 0], ['failure', 1], ['failure', 2], ['failure', 12])
const unlocked = after(['failure', 0], ['failure', 1], ['failure', 2], ['unlock', 3])
const failedOnce = after(['failure', 2])

describe('of two memories', () => {
  test.each<[string, Parameters<typeof mergeLocks>[0], LockState | undefined]>([
    ['the only one counts', { shared: locked, ours: undefined, isNews: false }, locked],
    ['a lock that Redis lost stays', { shared: undefined, ours: locked, isNews: false }, locked],
    [
      'failures that Redis let go are gone',
      { shared: undefined, ours: failedOnce, isNews: false },
      undefined,
    ],
    [
      'failures that Redis was never told of count',
      { shared: undefined, ours: failedOnce, isNews: true },
      failedOnce,
    ],
    [
      'nor does it go because another begins anew',
      { shared: failedOnce, ours: locked, isNews: false },
      locked,
    ],
    ['what others unlocked is open', { shared: unlocked, ours: locked, isNews: false }, unlocked],
    ['what others unlocked since is open', { shared: unlocked, ours: locked, isNews: true }, unlocked],
    [
      'what was unlocked here while Redis was away is open',
      { shared: locked, ours: unlocked, isNews: true },
      unlocked,
    ],
    [
      'what was unlocked before it was locked is locked',
      { shared: twice, ours: unlocked, isNews: true },
      twice,
    ],
    ['the longer lock counts', { shared: locked, ours: twice, isNews: true }, twice],
    ['whoever counted it', { shared: twice, ours: locked, isNews: true }, twice],
  ])('%s', (_sentence, memories, expected) => {
    expect(mergeLocks(memories)).toEqual(expected)
  })
})

describe('what stands in Redis', () => {
  const { parse } = lockKind(() => settings)

  test('is read as it was written', () => {
    expect(parse(JSON.parse(JSON.stringify(twice)))).toEqual(twice)
  })

  test('may lack what an earlier release did not know', () => {
    const state = parse({ failures: 0, sinceMs: 0, locks: 1, untilMs: 9 * S })
    expect(lockedForMs(state, 0)).toBe(9 * S)
  })

  test.each([[null], ['x'], [{ failures: '1' }], [{ failures: -1 }], [{ locks: null, untilMs: {} }]])(
    '%j is none',
    (value) => {
      expect(parse(value)).toBeUndefined()
    },
  )
})
