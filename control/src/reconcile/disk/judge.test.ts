import { describe, expect, test } from 'vitest'
import { type DiskState, holdsMs, judge } from './judge.ts'

const MiB = 1024 * 1024

describe('the disk of a project', () => {
  test.each<[sentence: string, usedMb: number, limitMb: number | null, before: DiskState, state: DiskState]>([
    ['is fine below four fifths of the limit', 79, 100, 'ok', 'ok'],
    ['is nearly full from there', 80, 100, 'ok', 'nearly-full'],
    ['is full at the limit', 100, 100, 'nearly-full', 'full'],
    ['stays full just below it', 96, 100, 'full', 'full'],
    ['is let go at nineteen twentieths', 94, 100, 'full', 'nearly-full'],
    ['is not full there on the way up', 96, 100, 'ok', 'nearly-full'],
    ['is never full without a limit', 1e9, null, 'full', 'ok'],
  ])('%s', (_sentence, used, limit, before, state) => {
    expect(judge(used * MiB, limit === null ? null : limit * MiB, before)).toBe(state)
  })

  test.each<[sentence: string, usedMb: number, growthMbPerS: number, seconds: number]>([
    ['that does not grow is looked at every five minutes', 10, 0, 300],
    ['that shrinks, too', 10, -5, 300],
    ['that will be full in a minute, after a quarter of it', 40, 1, 15],
    ['that will be full in a second, as soon as can be', 90, 10, 2],
    ['that is full, as soon as can be: somebody may make room', 100, 0, 2],
  ])('%s', (_sentence, used, growth, seconds) => {
    const measured = { usedBytes: used * MiB, at: 0, growthPerMs: (growth * MiB) / 1_000 }
    expect(holdsMs(measured, 100 * MiB) / 1_000).toBe(seconds)
  })

  test('without a limit it is looked at now and then, for those who ask', () => {
    expect(holdsMs({ usedBytes: 1e12, at: 0, growthPerMs: 1e6 }, null)).toBe(300_000)
  })
})
