import type { RuntimeLoad } from '@cascata/shared/runtime-load'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { decide, type History, noHistory } from './decide.ts'

const EVERY_MS = 3_000
const bounds = { min: 1, max: 8, calmSeconds: 120 }

const load = (utilization: number, delayMs = 0, cpus = 0): RuntimeLoad => ({
  event_loop_delay_ms_p99: delayMs,
  utilization,
  cpus,
  under_way: 0,
})

/** So much work, in what one replica can do, is there at each look; how many replicas there are after each. */
function counts(work: readonly number[], start = 1, settings: Partial<typeof bounds> = {}): number[] {
  let [count, history]: [number, History] = [start, noHistory]
  return work.map((each, at) => {
    const loads = Array.from({ length: count }, () => load(Math.min(1, each / count)))
    const decision = decide({ ...bounds, ...settings }, count, {
      history,
      look: { now: at * EVERY_MS, loads, cpus: 1 },
    })
    count = decision.count
    history = decision.history
    return count
  })
}

const looks = (work: number, minutes: number) =>
  Array.from({ length: (minutes * 60_000) / EVERY_MS }, () => work)

describe('how many replicas there are', () => {
  test.each<[sentence: string, work: number[], counts: number[]]>([
    ['one busy look adds none', [0.9, 0.1, 0.9, 0.1], [1, 1, 1, 1]],
    ['two in a row add one', [0.9, 0.9], [1, 2]],
    [
      'more than one can do adds as many as are lacking, as far as it can be seen',
      [5, 5, 5, 5, 5, 5],
      [1, 2, 2, 4, 4, 7],
    ],
    ['what is neither much nor little changes nothing', [0.7, 0.7, 0.7, 0.7], [1, 1, 1, 1]],
  ])('%s', (_sentence, work, expected) => {
    expect(counts(work)).toEqual(expected)
  })

  test('they go one by one, two minutes apart, when all is quiet', () => {
    const after = counts(looks(0, 7), 4)
    const perMinute = after.filter((_, at) => (at * EVERY_MS) % 60_000 === 57_000)
    expect(perMinute).toEqual([4, 4, 3, 3, 2, 2, 1])
  })

  test('they go sooner where a project says so', () => {
    const after = counts(looks(0, 1), 3, { calmSeconds: 15 })
    expect([after.indexOf(2) * EVERY_MS, after.indexOf(1) * EVERY_MS]).toEqual([15_000, 33_000])
  })

  test('one busy look among the quiet ones starts the two minutes anew', () => {
    const quiet = looks(0.1, 1.9)
    expect(counts([...quiet, 2, ...quiet], 2).at(-1)).toBe(2)
  })

  test('they keep within their bounds', () => {
    expect(counts(looks(9, 5), 1, { min: 1, max: 3 }).at(-1)).toBe(3)
    expect(counts(looks(0, 30), 3, { min: 2, max: 3 }).at(-1)).toBe(2)
  })

  test('late answers of a busy loop count, those of a busy machine do not', () => {
    const look = (loads: RuntimeLoad[]) => ({ now: 0, loads, cpus: 1 })
    const history = { hotLooks: 1, calmSince: null }
    expect(decide(bounds, 1, { history, look: look([load(0.55, 200)]) }).count).toBe(2)
    expect(decide(bounds, 1, { history, look: look([load(0.2, 200)]) }).count).toBe(1)
  })

  test('a replica that uses all the processor it may use is busy, however its loop looks', () => {
    const history = { hotLooks: 1, calmSince: null }
    const look = { now: 0, loads: [load(0.3, 0, 0.5)], cpus: 0.5 }
    expect(decide(bounds, 1, { history, look }).count).toBe(2)
  })

  test('nothing is decided while one of them does not answer', () => {
    const history = { hotLooks: 5, calmSince: 0 }
    const look = { now: 1e9, loads: [load(1)], cpus: 1 }
    expect(decide(bounds, 2, { history, look })).toEqual({ count: 2, history: noHistory })
  })

  test('the same work leads to one number, and stays with it', () => {
    fc.assert(
      fc.property(
        fc.double({ min: 0, max: 8, noNaN: true }),
        fc.integer({ min: 1, max: 8 }),
        (work, start) => {
          const after = counts(looks(work, 30), start)
          const steps = [start, ...after]
            .slice(1)
            .map((count, at) => Math.sign(count - ([start, ...after][at] ?? 0)))
          expect(new Set(steps.filter((step) => step !== 0)).size).toBeLessThanOrEqual(1)
          expect(new Set(after.slice(-20)).size).toBe(1)
        },
      ),
    )
  })
})
