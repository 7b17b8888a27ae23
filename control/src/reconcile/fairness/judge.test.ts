import { describe, expect, test } from 'vitest'
import { type Fairness, judgeFairness, nobodyConfined, part } from './judge.ts'

type Second = { busy: number; used: Record<string, number> }

/** Who is confined after each second. */
function follow(seconds: readonly Second[], processors = 2): string[][] {
  let state: Fairness = nobodyConfined
  return seconds.map(({ busy, used }, at) => {
    state = judgeFairness(state, { now: at * 1_000, processors, busy, used: new Map(Object.entries(used)) })
    return [...state.confined.keys()]
  })
}
const times = (count: number, second: Second) => Array.from({ length: count }, () => second)

const burning = { busy: 1, used: { rogue: 1.8, calm: 0.1 } }
const alone = { busy: 1, used: { rogue: 2 } }
const penned = { busy: 0.6, used: { rogue: 1, calm: 0.1 } }
const calm = { busy: 0.1, used: { rogue: 0.1, calm: 0.1 } }

describe('who is kept to half of the processors', () => {
  test.each<[sentence: string, seconds: Second[], last: string[]]>([
    ['one that takes more than its part while another is at work', times(2, burning), ['rogue']],
    ['nobody for a moment’s work', [burning, calm, burning], []],
    ['nobody who has the machine to itself', times(10, alone), []],
    ['nobody while there is room for all', times(10, { busy: 0.7, used: { rogue: 1.3, calm: 0.1 } }), []],
    ['who is at it still', [...times(2, burning), ...times(60, penned)], ['rogue']],
    ['who was quiet for a moment only', [...times(2, burning), ...times(3, calm), penned], ['rogue']],
    ['nobody who has been quiet for a while', [...times(2, burning), ...times(6, calm)], []],
    ['nobody any more when the others are gone', [...times(2, burning), ...times(6, alone)], []],
    [
      'one that takes most of the little that other work leaves',
      times(2, { busy: 1, used: { rogue: 0.4, calm: 0.05 } }),
      ['rogue'],
    ],
    [
      'one that fills half of them, though there is room: it loses nothing, and would take all by turns',
      times(2, { busy: 0.6, used: { rogue: 1, calm: 0.1 } }),
      ['rogue'],
    ],
    ['nobody who fills half of them for a moment', [{ busy: 0.6, used: { rogue: 1, calm: 0.1 } }, calm], []],
    ['nobody who fills half of them beside nobody', times(9, { busy: 0.5, used: { rogue: 1 } }), []],
    ['nobody who takes little', times(5, { busy: 1, used: { rogue: 0.2, calm: 0.05 } }), []],
    [
      'each of several that take more than their part',
      times(2, { busy: 1, used: { one: 0.9, two: 0.9, calm: 0.05, quiet: 0.05 } }),
      ['one', 'two'],
    ],
  ])('%s', (_sentence, seconds, last) => {
    expect(follow(seconds).at(-1)).toEqual(last)
  })

  test('nobody where there is one processor: there is none to keep free', () => {
    expect(follow(times(5, { busy: 1, used: { rogue: 0.9, calm: 0.1 } }), 1).at(-1)).toEqual([])
  })

  test.each([
    [1, null],
    [2, { first: 1, count: 1 }],
    [3, { first: 2, count: 1 }],
    [8, { first: 4, count: 4 }],
  ])('of %i processors that is %j', (processors, expected) => {
    expect(part(processors)).toEqual(expected)
  })
})
