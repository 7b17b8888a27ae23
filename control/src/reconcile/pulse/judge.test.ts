import { describe, expect, test } from 'vitest'
import type { Look } from '../../adapters/readiness.ts'
import { isHung, isWorthALook, lookedAt, type Pulse, seenAs } from './judge.ts'

const well: Pulse = { silentLooks: 0, idleLooks: 0, isSuspect: false }
type Step = Look | 'strained'
/** The first silent look is the first to measure from. */
const after = (steps: readonly Step[]): Pulse =>
  steps.reduce((pulse, step, at) => {
    const cpus = step === 'strained' ? 0.1 : at === 0 ? null : 0.001
    return lookedAt(pulse, { look: step === 'strained' ? 'silent' : step, cpus })
  }, well)
const times = (count: number, step: Step): Step[] => Array.from({ length: count }, () => step)

describe('a runtime hangs', () => {
  test.each<[sentence: string, looks: Step[], hung: boolean]>([
    ['not after two looks that nobody answered', times(2, 'silent'), false],
    ['after three in a row', times(3, 'silent'), true],
    ['and goes on hanging', times(4, 'silent'), true],
    ['not when it answered in between', ['silent', 'silent', 'answered', 'silent'], false],
    ['not when nobody listens: it starts or has ended', ['silent', 'silent', 'absent'], false],
    ['not by looks that came late themselves', ['silent', 'silent', 'late', 'late'], false],
    ['all the same when a late look lies between', ['silent', 'late', 'silent', 'silent'], true],
    ['no more once it answers', ['silent', 'silent', 'silent', 'answered'], false],
    ['not when it works: it may only have too much to do', times(11, 'strained'), false],
    [
      'when it works for half a minute and answers nothing: that is a loop without an end',
      times(12, 'strained'),
      true,
    ],
    ['not before it was idle twice in a row', ['silent', 'silent', 'strained', 'silent'], false],
    ['after that', ['silent', 'silent', 'strained', 'silent', 'silent'], true],
  ])('%s', (_sentence, looks, hung) => {
    expect(isHung(after(looks))).toBe(hung)
  })

  test('no more once it says that it is ready, and on when it does not', () => {
    const hung = after(times(3, 'silent'))
    expect(isHung(seenAs(hung, true))).toBe(false)
    expect(isHung(seenAs(hung, false))).toBe(true)
  })
})

describe('a look is worth it', () => {
  const minute = 60_000
  test.each<[sentence: string, pulse: Pulse, lastActiveAt: number | null, worth: boolean]>([
    ['while the project is in use', well, 9 * minute + 55_000, true],
    ['not when it is idle', well, 9 * minute, false],
    ['not when it was never used', well, null, false],
    ['when a pass found it not ready, idle or not', seenAs(undefined, false), 0, true],
    ['as long as it is silent: who hangs writes down no use', after(['silent']), 0, true],
    [
      'not when it answered that it starts',
      lookedAt(seenAs(undefined, false), { look: 'answered', cpus: null }),
      0,
      false,
    ],
  ])('%s', (_sentence, pulse, lastActiveAt, worth) => {
    expect(isWorthALook(pulse, { now: 10 * minute, lastActiveAt })).toBe(worth)
  })
})
