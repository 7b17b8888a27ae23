import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { planUndo, planUpgrade, type UpgradeSeen } from './plan.ts'

const fresh: UpgradeSeen = { held: false, kept: false, snapshot: 'none' }
const held: UpgradeSeen = { ...fresh, held: true }

describe('planUpgrade', () => {
  test.each<[sentence: string, seen: UpgradeSeen, steps: string]>([
    [
      'checks, holds, shuts, stops, copies, and only then lets the new release near the files',
      fresh,
      'check hold shut stop snapshot replace migrate probe keep start discard',
    ],
    [
      'does not check again what it holds already: the old containers may be gone',
      held,
      'hold shut stop snapshot replace migrate probe keep start discard',
    ],
    [
      'takes a copy anew that was cut off',
      { ...held, snapshot: 'partial' },
      'hold shut stop snapshot replace migrate probe keep start discard',
    ],
    [
      'never copies again once a copy is whole: the files may be the new release’s',
      { ...held, snapshot: 'whole' },
      'hold replace migrate probe keep start discard',
    ],
    [
      'has nothing but the clearing up left once it is kept',
      { held: false, kept: true, snapshot: 'whole' },
      'start discard',
    ],
    ['clears up a half removed copy', { held: false, kept: true, snapshot: 'partial' }, 'start discard'],
  ])('%s', (_sentence, seen, steps) => {
    expect(planUpgrade(seen).join(' ')).toBe(steps)
  })
})

describe('planUndo', () => {
  test.each<[sentence: string, seen: UpgradeSeen, steps: string]>([
    ['leaves alone what it never held', fresh, 'discard'],
    [
      'leaves alone what is kept, for it has been served',
      { held: false, kept: true, snapshot: 'whole' },
      'discard',
    ],
    ['gives back what was only held', held, 'release discard start'],
    ['does not put back half a copy', { ...held, snapshot: 'partial' }, 'release discard start'],
    [
      'puts a whole copy back once nobody can write, and only then serves',
      { ...held, snapshot: 'whole' },
      'clear aside back release discard start',
    ],
    ['puts nothing back twice', { ...held, snapshot: 'spent' }, 'release discard start'],
  ])('%s', (_sentence, seen, steps) => {
    expect(planUndo(seen).join(' ')).toBe(steps)
  })
})

/** A project in a few words: what is served, what is in the files, and what could be lost. */
type World = UpgradeSeen & {
  served: boolean
  files: 'old' | 'new' | 'none'
  copy: 'old' | 'none'
  accepted: boolean
}

function act(world: World, step: string): World {
  switch (step) {
    case 'hold':
      return { ...world, held: true }
    case 'shut':
      return { ...world, served: false }
    case 'snapshot':
      return { ...world, snapshot: 'whole', copy: world.files === 'new' ? 'none' : 'old' }
    case 'replace':
      return { ...world, files: 'new' }
    case 'keep':
      return { ...world, held: false, kept: true, served: true }
    case 'release':
      return { ...world, held: false, served: true }
    case 'aside':
      return { ...world, files: 'none' }
    case 'back':
      return { ...world, files: world.copy, copy: 'none', snapshot: 'spent' }
    case 'discard':
      return { ...world, snapshot: 'none', copy: 'none' }
    default:
      return world
  }
}

test('wherever it is killed, however often, it ends upgraded or as it was, and nothing accepted is dropped', () => {
  const kills = fc.array(fc.nat(12), { maxLength: 6 })
  fc.assert(
    fc.property(kills, fc.option(fc.nat(10)), (cuts, failsAt) => {
      let world: World = { ...fresh, served: true, files: 'old', copy: 'none', accepted: false }
      let verdict = false
      let done = false
      for (const cut of [...cuts, Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY]) {
        if (done) break
        const steps: readonly string[] = verdict ? planUndo(world) : planUpgrade(world)
        done = true
        for (const [at, step] of steps.entries()) {
          if (at >= cut) {
            done = false
            break
          }
          if (!verdict && at === failsAt && !world.kept) {
            verdict = true
            done = false
            break
          }
          world = act(world, step)
          // The new release is never served before it is kept, and the old files are always somewhere.
          expect(world.served && world.files === 'new' && !world.kept).toBe(false)
          expect(world.kept || world.files === 'old' || world.copy === 'old').toBe(true)
        }
      }
      expect({
        held: world.held,
        served: world.served,
        snapshot: world.snapshot,
        files: world.files,
      }).toEqual({
        held: false,
        served: true,
        snapshot: 'none',
        files: world.kept ? 'new' : 'old',
      })
      expect(world.kept).toBe(!verdict)
    }),
  )
})
