import { describe, expect, test } from 'vitest'
import {
  attemptsLeft,
  type LockEvent,
  type LockoutSettings,
  type LockState,
  lockedForMs,
  stateAfter,
} from './state.ts'

const settings: LockoutSettings = { enabled: true, attempts: 3, windowS: 100, firstLockS: 10, maxLockS: 60 }
const S = 1_000

/** Events at seconds: `[['failure', 0], ['failure', 1]]`. */
function after(events: readonly (readonly [LockEvent, number])[]): LockState | undefined {
  let state: LockState | undefined
  for (const [event, atS] of events) state = stateAfter(state, event, { settings, nowMs: atS * S })
  return state
}
const failures = (...seconds: number[]) => seconds.map((second) => ['failure', second] as const)
const begins = (...seconds: number[]) => seconds.map((second) => ['begin', second] as const)

describe('stateAfter', () => {
  test.each([
    ['nobody is locked to begin with', [], 0, 0],
    ['two failures of three do not lock', failures(0, 1), 1, 0],
    ['the third within the window does, for the first time span', failures(0, 1, 2), 2, 10],
    ['the lock ends by itself', failures(0, 1, 2), 12, 0],
    ['failures outside of the window are forgotten', failures(0, 1, 101), 101, 0],
    ['after a lock the next failure locks for twice as long', failures(0, 1, 2, 12), 12, 20],
    ['and the next again', failures(0, 1, 2, 12, 32), 32, 40],
    ['never for longer than the longest', failures(0, 1, 2, 12, 32, 72, 132), 132, 60],
    ['waiting for the window does not start afresh', failures(0, 1, 2, 70), 70, 20],
    ['after the longest lock without failures it does', failures(0, 1, 2, 72), 72, 0],
    ['failures during a lock do not lengthen it', failures(0, 1, 2, 3, 4, 5), 5, 7],
    ['success forgets failures', [...failures(0, 1), ['success', 2], ...failures(3, 4)], 4, 0],
    ['success does not forget locks', [...failures(0, 1, 2), ['success', 12], ...failures(13)], 13, 20],
    ['unlocking forgets all', [...failures(0, 1, 2), ['unlock', 3], ...failures(4, 5)], 5, 0],
    ['lifting ends a lock', [...failures(0, 1, 2), ['lift', 3]], 3, 0],
    ['and forgets none', [...failures(0, 1, 2), ['lift', 3], ...failures(4)], 4, 20],
    ['what was under way counts once when it fails', [...begins(0, 0), ...failures(1, 1)], 1, 0],
    ['what was under way before a lock fails after it', [...begins(0, 0, 0), ...failures(1, 1, 1, 1)], 2, 9],
  ] as [string, [LockEvent, number][], number, number][])('%s', (_sentence, events, nowS, lockedS) => {
    expect(lockedForMs(after(events), nowS * S)).toBe(lockedS * S)
  })

  test('a thousand locks last no longer than the longest, and no number overflows', () => {
    let state: LockState | undefined
    let nowMs = 0
    for (let round = 0; round < 1_000; round += 1) {
      state = stateAfter(state, 'failure', { settings, nowMs })
      expect(lockedForMs(state, nowMs)).toBeLessThanOrEqual(60 * S)
      nowMs += lockedForMs(state, nowMs)
    }
  })
})

test.each([
  ['nothing failed', [], 0, 3],
  ['one failed', failures(0), 1, 2],
  ['one failed long ago', failures(0), 100, 3],
  ['a lock has ended: one more and they are locked again', failures(0, 1, 2), 12, 1],
  ['one failed and one is under way', [...failures(0), ...begins(1)], 1, 1],
  ['one that was under way has ended', [...begins(0), ['none', 1]], 1, 3],
  ['more want to begin than may', begins(0, 0, 0, 0, 0), 0, 0],
  ['whoever began has not been heard of for half a minute', begins(0, 0, 0), 30, 3],
] as [string, [LockEvent, number][], number, number][])(
  'attempts left when %s',
  (_sentence, events, nowS, left) => {
    expect(attemptsLeft(after(events), { settings, nowMs: nowS * S })).toBe(left)
  },
)

test('what was unlocked is told for as long as anybody may remember the lock, and no longer', () => {
  const unlocked = after([...failures(0, 1, 2), ['unlock', 3]])
  expect(unlocked).toMatchObject({ locks: 0, untilMs: 3 * S, liftedAtMs: 3 * S, keptUntilMs: 72 * S })
  expect(stateAfter(unlocked, 'none', { settings, nowMs: 72 * S })).toBeUndefined()
})

test.each([
  ['success', [...begins(0), ['success', 1]]],
  ['an attempt that said nothing', [...begins(0), ['none', 1]]],
  ['unlocking where nothing was', [['unlock', 0]]],
  ['unlocking a few failures', [...failures(0), ['unlock', 1]]],
] as [string, [LockEvent, number][]][])('nothing is kept after %s', (_sentence, events) => {
  expect(after(events)).toBeUndefined()
})
