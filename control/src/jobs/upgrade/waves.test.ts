import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { idOf, type Member, planWaves, type Waves } from './waves.ts'

const at = (ref: string, status?: Member['status'], behind = true): Member => ({ ref, behind, status })

const waiting = (ref: string, since: number): Member => ({
  ...at(ref),
  waits: { since, detail: 'busy' },
})

describe('planWaves', () => {
  test.each<[sentence: string, members: Member[], expected: Waves]>([
    ['has nothing to do where nobody is behind', [at('a', undefined, false)], { do: 'finish', upgraded: [] }],
    ['begins in order', [at('a'), at('b'), at('c')], { do: 'begin', refs: ['a', 'b', 'c'] }],
    [
      'asks those last that were busy, the latest of them at the end',
      [waiting('a', 20), waiting('b', 10), at('c')],
      { do: 'begin', refs: ['c', 'b', 'a'] },
    ],
    ['waits for all of a wave', [at('a', 'succeeded', false), at('b', 'running'), at('c')], { do: 'wait' }],
    ['waits even when one has failed', [at('a', 'failed'), at('b', 'pending'), at('c')], { do: 'wait' }],
    [
      'stops after a wave in which one failed, and says how many it left',
      [at('a', 'failed'), at('b', 'succeeded', false), at('c'), at('d')],
      { do: 'stop', failed: ['a'], left: 2 },
    ],
    [
      'goes on with the next wave',
      [at('a', 'succeeded', false), at('b', 'succeeded', false), at('c')],
      { do: 'begin', refs: ['c'] },
    ],
    [
      'is done when all are there, and names those it moved',
      [at('a', 'succeeded', false), at('new', undefined, false)],
      { do: 'finish', upgraded: ['a'] },
    ],
  ])('%s', (_sentence, members, expected) => {
    expect(planWaves(members)).toEqual(expected)
  })
})

test('a project gets one id in one operation, and another in the next', () => {
  const [one, two] = ['5e0f2a4c-6f5f-4f0e-8f57-2f3f7a8f0f11', '6e0f2a4c-6f5f-4f0e-8f57-2f3f7a8f0f11']
  expect(idOf(one, { id: two })).toBe(idOf(one, { id: two }))
  expect(idOf(one, { id: two })).not.toBe(idOf(two, { id: one }))
  expect(z.uuid().parse(idOf(one, { id: two }))).toBe(idOf(one, { id: two }))
})
