/** Several replicas: how they are made, replaced, added and taken away, told pass by pass as the edge follows. */
import { ProjectLimits, ProjectSettings } from '@cascata/shared/contract/projects'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Container, ContainerState } from '../../engine/engine.ts'
import { dbSpec, egressNetwork, runtimeSpec, type Site, specHash } from '../../engine/spec.ts'
import { pathsOf } from '../../paths.ts'
import { type Observed, planProject } from './plan.ts'
import { countOf, replicasOf, servedSlots } from './replicas.ts'
import { type Wanted, wantedOf } from './wanted.ts'

const site: Site = {
  instance: 'cascata',
  imageTag: '0.1.0',
  paths: pathsOf('/home'),
  bind: ['127.0.0.1'],
  httpPort: 8080,
  httpsPort: 8443,
  dbSessionPort: 15_432,
  dbTransactionPort: 16_543,
}
const OLD = 'made of something else'

function wanted(min: number, max = min, target?: number): Wanted {
  const row = {
    ...{
      ref: 'shop',
      uid: 200_000,
      generation: 1,
      desired: 'running' as const,
      importing: null,
      ...{ restarts: 0, dbRestarts: 0 },
    },
    limits: ProjectLimits.parse({}),
    settings: ProjectSettings.parse({ replicas: { min, max } }),
    ...{ template: 'empty', purgeAfter: null, imageTag: null, asleepSince: null },
  }
  const passwords = { supabase_admin: '1', authenticator: '2', postgres: '3' }
  const secrets = { jwtSecret: 'x'.repeat(40), anonKey: 'a', serviceRoleKey: 's', passwords }
  return wantedOf(row, {
    secrets,
    url: 'http://shop.localhost',
    paths: site.paths,
    now: 0,
    target,
    readOnly: false,
  })
}

const container = (name: string, role: 'db' | 'runtime', state: ContainerState, spec: string): Container => ({
  ...{ name, project: 'shop', role, state, health: 'none', spec, image: '', exitCode: null },
  networks: role === 'runtime' ? [egressNetwork(site)] : [],
})
const db = container('cascata-shop-db', 'db', 'running', specHash(dbSpec(site, wanted(1))))
const replica = (slot: number, state: ContainerState = 'running', spec?: string): Container =>
  container(
    `cascata-shop-runtime-${slot}`,
    'runtime',
    state,
    spec ?? specHash(runtimeSpec(site, wanted(1), slot)),
  )
const old = (slot: number, state: ContainerState = 'running') => replica(slot, state, OLD)

/** All of them running are ready, but for those that hang, and the edge serves these. */
function seen(
  runtimes: readonly Container[],
  served: Observed['served'],
  hung: readonly number[] = [],
): Observed {
  const answering = runtimes.filter(({ state, name }) => state === 'running' && !hung.includes(slotIn(name)))
  return {
    containers: [db, ...runtimes],
    unsound: [],
    document: wanted(1).document,
    ready: new Set(answering.map(({ name }) => slotIn(name))),
    hung: new Set(hung),
    prepared: wanted(1).preparation,
    served,
    files: true,
  }
}
const slotIn = (name: string) => Number(name.split('-').at(-1))
const as = (goal: Wanted, now: Observed): Observed => ({
  ...now,
  document: goal.document,
  prepared: goal.preparation,
})

function inWords(goal: Wanted, now: Observed): string {
  const { steps, complete } = planProject(site, goal, as(goal, now))
  const words = steps.flatMap(({ id }) =>
    id.startsWith('remove') ? [] : [id.replace('cascata-shop-runtime-', '')],
  )
  return [...words, ...(complete ? ['complete'] : [])].join(', ')
}

const servedOf = ({ served }: Observed): ReadonlySet<number> =>
  typeof served === 'string' ? new Set<number>() : served
const goalOf = (goal: Wanted, now: Observed) => ({
  count: countOf(goal.replicas, goal.replicas.target, now.containers),
  served: servedOf(now),
})
const edgeOf = (goal: Wanted, now: Observed): number[] =>
  servedSlots(replicasOf(site, goal, now), goalOf(goal, now))

describe('a project of several replicas', () => {
  test.each<[sentence: string, goal: Wanted, now: Observed, steps: string, edge: number[]]>([
    [
      'begins with all of them at once',
      wanted(3),
      seen([], 'none'),
      'create 1, start 1, ready 1, create 2, start 2, ready 2, create 3, start 3, ready 3',
      [1, 2, 3],
    ],
    [
      'has those that are lacking made at once, and serves the others meanwhile',
      wanted(3),
      seen([replica(1)], new Set([1])),
      'create 2, start 2, ready 2, create 3, start 3, ready 3',
      [1],
    ],
    [
      'is complete when the edge sends requests to each of them',
      wanted(3),
      seen([replica(1), replica(2), replica(3)], new Set([1, 2, 3])),
      'complete',
      [1, 2, 3],
    ],
    [
      'is not complete before',
      wanted(3),
      seen([replica(1), replica(2), replica(3)], new Set([1, 2])),
      '',
      [1, 2, 3],
    ],
    [
      'has one made beside the old ones',
      wanted(3),
      seen([old(1), old(2), old(3)], new Set([1, 2, 3])),
      'create 4, start 4, ready 4',
      [1, 2, 3],
    ],
    [
      'ends no old one that the edge still serves',
      wanted(3),
      seen([old(1), old(2), old(3), replica(4)], new Set([1, 2, 3])),
      '',
      [1, 2, 4],
    ],
    [
      'ends the old one that the edge let go of, and makes none before it is gone',
      wanted(3),
      seen([old(1), old(2), old(3), replica(4)], new Set([1, 2, 4])),
      'stop 3',
      [1, 2, 4],
    ],
    [
      'goes on with the next one then, in the slot that became free',
      wanted(3),
      seen([old(1), old(2), replica(4)], new Set([1, 2, 4])),
      'create 3, start 3, ready 3',
      [1, 2, 4],
    ],
    [
      'starts one that died in its place, and the edge keeps it: it refuses at once',
      wanted(3),
      seen([replica(1), replica(2, 'exited'), replica(3)], new Set([1, 2, 3])),
      'start 2, ready 2',
      [1, 2, 3],
    ],
    [
      'ends one that hangs and starts it in its place, and the edge keeps it: once it is dead it refuses at once',
      wanted(3),
      seen([replica(1), replica(2), replica(3)], new Set([1, 2, 3]), [2]),
      'kill 2, start 2, ready 2',
      [1, 2, 3],
    ],
    [
      'does so with one that is alone, too',
      wanted(1),
      seen([replica(1)], new Set([1]), [1]),
      'kill 1, start 1, ready 1',
      [1],
    ],
    [
      'leaves one alone that was said to hang and says that it is ready',
      wanted(1),
      { ...seen([replica(1)], new Set([1])), hung: new Set([1]) },
      'complete',
      [1],
    ],
    [
      'does not ask one that hangs to end first, when it is to go anyway',
      wanted(1),
      seen([old(1), replica(2)], new Set([2]), [1]),
      'complete',
      [2],
    ],
    [
      'makes one anew that was removed, and the edge lets go of it',
      wanted(3),
      seen([replica(1), replica(3)], new Set([1, 2, 3])),
      'create 2, start 2, ready 2',
      [1, 3],
    ],
    [
      'gives up the later slots when fewer are wanted, first at the edge',
      wanted(1),
      seen([replica(1), replica(2), replica(3)], new Set([1, 2, 3])),
      '',
      [1],
    ],
    [
      'and then the containers',
      wanted(1),
      seen([replica(1), replica(2), replica(3)], new Set([1])),
      'stop 2, stop 3, complete',
      [1],
    ],
    [
      'keeps what runs as long as nothing was decided, within its bounds',
      wanted(1, 4),
      seen([replica(1), replica(2)], new Set([1, 2])),
      'complete',
      [1, 2],
    ],
    [
      'follows what its load asks for',
      wanted(1, 4, 3),
      seen([replica(1), replica(2)], new Set([1, 2])),
      'create 3, start 3, ready 3',
      [1, 2],
    ],
  ])('%s', (_sentence, goal, now, steps, edge) => {
    expect(inWords(goal, now)).toBe(steps)
    expect(edgeOf(goal, now)).toEqual(edge)
  })

  test('is replaced one by one without ever having fewer that answer, or more than one too many', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 8 }), fc.integer({ min: 1, max: 8 }), (before, count) => {
        const slots = Array.from({ length: before }, (_, at) => at + 1)
        let now = seen(
          slots.map((slot) => old(slot)),
          new Set(slots),
        )
        const goal = wanted(count)
        for (let pass = 0; pass < 40; pass++) {
          const { steps, complete } = planProject(site, goal, as(goal, now))
          if (complete && steps.length === 0) {
            expect(now.containers.slice(1).map(({ spec }) => spec)).not.toContain(OLD)
            expect(now.containers.length - 1).toBe(count)
            return
          }
          // Nothing that is served is ever ended.
          const ended = steps.flatMap((step) => (step.do === 'runtime.stop' ? [slotIn(step.name)] : []))
          expect(ended.filter((slot) => servedOf(now).has(slot))).toEqual([])
          now = after(goal, now, planProject(site, goal, as(goal, now)).steps)
          const edge = edgeOf(goal, now)
          now = { ...now, served: new Set(edge) }
          expect(edge.filter((slot) => now.ready.has(slot)).length).toBeGreaterThanOrEqual(
            Math.min(before, count),
          )
          expect(now.containers.length - 1).toBeLessThanOrEqual(Math.max(before, count) + 1)
        }
        throw new Error('no end')
      }),
    )
  })
})

/** All steps went well. */
function after(goal: Wanted, now: Observed, steps: ReturnType<typeof planProject>['steps']): Observed {
  const gone = new Set(steps.flatMap((step) => (step.do === 'runtime.remove' ? [step.name] : [])))
  const made = steps.flatMap((step) =>
    step.do === 'runtime.create'
      ? [
          replica(
            slotIn(step.spec.name),
            'running',
            specHash(runtimeSpec(site, goal, slotIn(step.spec.name))),
          ),
        ]
      : [],
  )
  const runtimes = now.containers.filter(({ role, name }) => role === 'runtime' && !gone.has(name))
  return seen([...runtimes, ...made], now.served)
}
