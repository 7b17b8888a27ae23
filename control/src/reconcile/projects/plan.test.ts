import { ProjectLimits, ProjectSettings } from '@cascata/shared/contract/projects'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Container, ContainerState } from '../../engine/engine.ts'
import { dbSpec, runtimeSpec, type Site, specHash } from '../../engine/spec.ts'
import { pathsOf } from '../../paths.ts'
import { type Observed, planOrphan, planProject } from './plan.ts'
import { countOf, replicasOf, servedSlots } from './replicas.ts'
import { type Mode, type Wanted, wantedOf } from './wanted.ts'

const site: Site = {
  instance: 'cascata',
  imageTag: '0.1.0',
  paths: pathsOf('/home'),
  bind: '127.0.0.1',
  httpPort: 8080,
  httpsPort: 8443,
  dbSessionPort: 15_432,
  dbTransactionPort: 16_543,
}

const wanted = (mode: Mode = 'running', template = 'empty'): Wanted => ({
  ...wantedOf(
    {
      ref: 'shop',
      uid: 200_000,
      generation: 1,
      desired: 'running',
      importing: null,
      asleepSince: null,
      restarts: 0,
      imageTag: null,
      limits: ProjectLimits.parse({}),
      settings: ProjectSettings.parse({}),
      template,
      purgeAfter: null,
    },
    {
      secrets: {
        jwtSecret: 'x'.repeat(40),
        anonKey: 'a',
        serviceRoleKey: 's',
        passwords: { supabase_admin: '1', authenticator: '2', postgres: '3' },
      },
      url: 'http://shop.localhost:8080',
      paths: site.paths,
      now: 0,
      target: undefined,
      readOnly: false,
    },
  ),
  mode,
})
const shop = wanted()

const db = (state: ContainerState = 'running', spec = specHash(dbSpec(site, shop))): Container => ({
  name: 'cascata-shop-db',
  project: 'shop',
  role: 'db',
  state,
  health: 'none',
  spec,
  image: '',
  exitCode: null,
})
const runtime = (
  slot: number,
  state: ContainerState = 'running',
  spec = specHash(runtimeSpec(site, shop, slot)),
): Container => ({ ...db(state, spec), name: `cascata-shop-runtime-${slot}`, role: 'runtime' })
const OLD = 'made of something else'

const settled: Observed = {
  containers: [db(), runtime(1)],
  unsound: [],
  document: shop.document,
  ready: new Set([1]),
  prepared: shop.preparation,
  served: new Set([1]),
  files: true,
}
const nothing: Observed = {
  containers: [],
  unsound: shop.directories,
  document: null,
  ready: new Set(),
  prepared: null,
  served: new Set([1]),
  files: false,
}

const inWords = (seen: Observed, as = shop) => {
  const plan = planProject(site, as, seen)
  return [
    ...plan.steps.map(({ id }) => id.replace('cascata-shop-', '')),
    ...(plan.complete ? ['complete'] : []),
  ]
}

const CREATE_DB = ['create db', 'start db', 'db.ready', 'db.bootstrap']
const CREATE_ONE = ['create runtime-1', 'start runtime-1', 'ready 1']
const CREATE_TWO = ['create runtime-2', 'start runtime-2', 'ready 2']

describe('planProject', () => {
  test.each<[string, Observed, string[]]>([
    [
      'makes everything when there is nothing',
      nothing,
      ['directories', 'document', ...CREATE_DB, ...CREATE_ONE],
    ],
    ['rests when all is as it should be', settled, ['complete']],
    ['makes a removed runtime anew', { ...settled, containers: [db()], ready: new Set() }, CREATE_ONE],
    ['makes a removed database anew', { ...settled, containers: [runtime(1)] }, [...CREATE_DB, 'complete']],
    [
      'starts what was stopped',
      { ...settled, containers: [db(), runtime(1, 'exited')] },
      ['start runtime-1', 'ready 1'],
    ],
    [
      'starts both at once when both were stopped, and prepares nothing again that was',
      { ...settled, containers: [db('exited'), runtime(1, 'exited')], ready: new Set() },
      ['start db', 'db.ready', 'start runtime-1', 'ready 1'],
    ],
    [
      'prepares a database that is made anew, whatever is known of the one before',
      { ...settled, containers: [db('dead'), runtime(1)] },
      ['remove db', ...CREATE_DB, 'complete'],
    ],
    [
      'replaces what is dead',
      { ...settled, containers: [db(), runtime(1, 'dead')] },
      [...CREATE_TWO, 'remove runtime-1'],
    ],
    ['waits for a runtime that is not ready', { ...settled, ready: new Set() }, ['ready 1']],
    ['writes a stale document', { ...settled, document: '{}' }, ['document', 'complete']],
    ['mends directories', { ...settled, unsound: shop.directories.slice(0, 1) }, ['directories', 'complete']],
    [
      'asks a database it knows nothing of',
      { ...settled, prepared: null },
      ['db.ready', 'db.bootstrap', 'complete'],
    ],
    [
      'replaces a database of another spec in place',
      { ...settled, containers: [db('running', OLD), runtime(1)] },
      ['stop db', 'remove db', ...CREATE_DB, 'complete'],
    ],
    [
      'starts a new runtime beside the old one',
      { ...settled, containers: [db(), runtime(1, 'running', OLD)] },
      CREATE_TWO,
    ],
    [
      'lets the old runtime answer until the edge has turned to the new one',
      { ...settled, containers: [db(), runtime(1, 'running', OLD), runtime(2)], ready: new Set([1, 2]) },
      [],
    ],
    [
      'stops the old runtime once nobody is sent to it',
      {
        ...settled,
        containers: [db(), runtime(1, 'running', OLD), runtime(2)],
        ready: new Set([1, 2]),
        served: new Set([2]),
      },
      ['stop runtime-1', 'remove runtime-1', 'complete'],
    ],
    [
      'keeps the old runtime while the edge does not say whom it serves',
      {
        ...settled,
        containers: [db(), runtime(1, 'running', OLD), runtime(2)],
        ready: new Set([1, 2]),
        served: 'unknown',
      },
      [],
    ],
    [
      'ends one of two old runtimes, the one that is not served, before it makes another',
      {
        ...settled,
        containers: [db(), runtime(1, 'running', OLD), runtime(2, 'running', OLD)],
        ready: new Set([1, 2]),
        served: new Set([2]),
      },
      ['stop runtime-1', 'remove runtime-1'],
    ],
    [
      'keeps one of two good runtimes: the one that is served',
      {
        ...settled,
        containers: [db(), runtime(1), runtime(2)],
        ready: new Set([1, 2]),
        served: new Set([2]),
      },
      ['stop runtime-1', 'remove runtime-1', 'complete'],
    ],
    ['is not complete before the edge knows of it', { ...settled, served: 'none' }, []],
    [
      'keeps no more than are wanted, however many run',
      { ...settled, containers: [db(), runtime(1), runtime(7)] },
      ['stop runtime-7', 'remove runtime-7', 'complete'],
    ],
  ])('%s', (_sentence, seen, expected) => {
    expect(inWords(seen)).toEqual(expected)
  })

  test.each<[string, Mode, Observed, string[]]>([
    [
      'a pause stops the runtime, then the database',
      'paused',
      settled,
      ['stop runtime-1', 'stop db', 'complete'],
    ],
    [
      'a project that falls asleep is stopped like a paused one',
      'asleep',
      settled,
      ['stop runtime-1', 'stop db', 'complete'],
    ],
    [
      'what sleeps is kept ready to start: its document is written, nothing is started',
      'asleep',
      { ...settled, containers: [db('exited'), runtime(1, 'exited')], document: '{}' },
      ['document', 'complete'],
    ],
    [
      'what is paused is left alone',
      'paused',
      { ...settled, containers: [db('exited'), runtime(1, 'exited')] },
      ['complete'],
    ],
    [
      'a deletion removes containers and keeps files',
      'deleted',
      settled,
      ['stop runtime-1', 'remove runtime-1', 'stop db', 'remove db', 'complete'],
    ],
    [
      'a purge leaves nothing, the row last',
      'purged',
      { ...settled, containers: [db('exited')] },
      ['remove db', 'files', 'row', 'complete'],
    ],
    [
      'an import has a database and no runtime',
      'database',
      nothing,
      ['directories', 'document', ...CREATE_DB, 'complete'],
    ],
    [
      'what an upgrade has in hand is left alone, whatever is missing or made from other images',
      'held',
      { ...nothing, containers: [db('running', OLD)] },
      ['complete'],
    ],
  ])('%s', (_sentence, mode, seen, expected) => {
    expect(inWords(seen, wanted(mode))).toEqual(expected)
  })

  test('applies the starter template only to a project that asks for one', () => {
    expect(inWords(nothing, wanted('running', 'hello'))).toContain('db.starter')
    expect(inWords(nothing)).not.toContain('db.starter')
  })

  test('a start waits for nothing but what it needs: database and runtime start side by side', () => {
    const asleep = { ...settled, containers: [db('exited'), runtime(1, 'exited')], ready: new Set<number>() }
    const { steps } = planProject(site, shop, asleep)
    const present = new Set(steps.map(({ id }) => id))
    const starts = steps.filter(({ do: what }) => what === 'db.start' || what === 'runtime.start')
    expect(starts.map(({ after }) => after.filter((id) => present.has(id)))).toEqual([[], []])
  })

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

test('an orphan is stopped and removed, its runtime first', () => {
  const { steps } = planOrphan([db(), runtime(1)])
  expect(steps.map((step) => `${step.do} after ${step.after.length}`)).toEqual([
    'runtime.stop after 0',
    'runtime.remove after 1',
    'db.stop after 1',
    'db.remove after 2',
  ])
})

const modes = fc.constantFrom<Mode>('running', 'asleep', 'database', 'held', 'paused', 'deleted', 'purged')
const states = fc.constantFrom<ContainerState>('created', 'running', 'paused', 'exited', 'dead')
const runtimes = fc.uniqueArray(
  fc
    .tuple(fc.constantFrom(1, 2, 7), states, fc.boolean())
    .map(([slot, state, old]) => (old ? runtime(slot, state, OLD) : runtime(slot, state))),
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
        set(step.name, 'exited')
        break
      case 'db.remove':
      case 'runtime.remove':
        containers = containers.filter(({ name }) => name !== step.name)
        break
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
