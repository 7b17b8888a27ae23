/** What holds of a plan whatever is seen of a project. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { ContainerState } from '../../engine/engine.ts'
import { specHash } from '../../engine/spec.ts'
import { type Observed, planProject } from './plan.ts'
import { db, OLD, parted, runtime, shop, site, wanted } from './plan-harness.ts'
import { countOf, replicasOf, servedSlots } from './replicas.ts'
import type { Mode, Wanted } from './wanted.ts'

describe('planProject', () => {
  test('a step comes only after steps that stand before it', () => {
    fc.assert(
      fc.property(worlds, modes, (seen, mode) => {
        const { steps } = planProject(site, wanted(mode, 'hello'), seen)
        steps.forEach((step, at) => {
          const later = new Set(steps.slice(at).map(({ id }) => id))
          expect(step.after.filter((id) => later.has(id))).toEqual([])
        })
        expect(new Set(steps.map(({ id }) => id)).size).toBe(steps.length)
      }),
    )
  })

  test('from any world, plan after plan comes to an end at which nothing is left to do', () => {
    fc.assert(
      fc.property(worlds, modes, (first, mode) => {
        const goal = wanted(mode)
        let seen = first
        for (let pass = 0; pass < 5; pass++) {
          const plan = planProject(site, goal, seen)
          if (plan.steps.length === 0 && plan.complete) return
          seen = edgeFollows(applied(goal, seen), goal)
        }
        // A purge removes the row: the project is not asked about again.
        expect(mode).toBe('purged')
      }),
    )
  })
})

const modes = fc.constantFrom<Mode>('running', 'asleep', 'database', 'held', 'paused', 'deleted', 'purged')
const states = fc.constantFrom<ContainerState>('created', 'running', 'paused', 'exited', 'dead')
const runtimes = fc.uniqueArray(
  fc.tuple(fc.constantFrom(1, 2, 7), states, fc.boolean(), fc.boolean()).map(([slot, state, old, joined]) => {
    const container = old ? runtime(slot, state, OLD) : runtime(slot, state)
    return joined ? container : parted(container)
  }),
  { selector: ({ name }) => name },
)
const databases = fc.option(
  fc.tuple(states, fc.boolean()).map(([state, old]) => (old ? db(state, OLD) : db(state))),
  { nil: undefined },
)
const worlds: fc.Arbitrary<Observed> = fc
  .record({
    runtimes,
    database: databases,
    unsound: fc.subarray([...shop.directories]),
    document: fc.constantFrom(null, '{}', shop.document),
    ready: fc.subarray([1, 2, 7]).map((slots) => new Set(slots)),
    hung: fc.subarray([1, 2, 7]).map((slots) => new Set(slots)),
    prepared: fc.constantFrom(null, shop.preparation),
    served: fc.oneof(
      fc.constantFrom<Observed['served']>('none', 'unknown'),
      fc.subarray([1, 2, 7], { minLength: 1 }).map((slots) => new Set(slots)),
    ),
    files: fc.boolean(),
  })
  .map(({ runtimes, database, ...rest }) => ({
    ...rest,
    containers: database ? [database, ...runtimes] : runtimes,
  }))

/** The world after all steps of the plan went well. */
function applied(goal: Wanted, seen: Observed): Observed {
  let { containers, unsound, document, prepared, files } = seen
  const ready = new Set(seen.ready)
  const set = (name: string, state: ContainerState) => {
    containers = containers.map((each) => (each.name === name ? { ...each, state } : each))
  }
  for (const step of planProject(site, goal, seen).steps) {
    switch (step.do) {
      case 'db.create':
        containers = [...containers, db('created')]
        break
      case 'runtime.create':
        containers = [...containers, { ...runtime(1, 'created', specHash(step.spec)), name: step.spec.name }]
        break
      case 'db.start':
      case 'runtime.start':
        set(step.name, 'running')
        break
      case 'db.stop':
      case 'runtime.stop':
      case 'runtime.kill':
        set(step.name, 'exited')
        break
      case 'db.remove':
      case 'runtime.remove':
        containers = containers.filter(({ name }) => name !== step.name)
        break
      case 'runtime.connect':
      case 'runtime.disconnect': {
        const networks = step.do === 'runtime.connect' ? [step.bridge] : []
        containers = containers.map((each) => (each.name === step.name ? { ...each, networks } : each))
        break
      }
      case 'runtime.ready':
        ready.add(step.slot)
        break
      case 'directories.ensure':
        unsound = []
        break
      case 'document.write':
        document = step.text
        break
      case 'db.bootstrap':
        prepared = goal.preparation
        break
      case 'files.remove':
        files = false
        break
    }
  }
  return { ...seen, containers, unsound, document, prepared, files, ready }
}

/** As the edge does it. */
function edgeFollows(seen: Observed, goal: Wanted): Observed {
  const served = typeof seen.served === 'string' ? new Set<number>() : seen.served
  const count = countOf(goal.replicas, undefined, seen.containers)
  return { ...seen, served: new Set(servedSlots(replicasOf(site, goal, seen), { count, served })) }
}
