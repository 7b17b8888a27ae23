/** The task over an engine as Docker shows it: what is asked of whom, what becomes of the answers. */
import { ProjectLimits, ProjectSettings } from '@cascata/shared/contract/projects'
import type { RuntimeLoad } from '@cascata/shared/runtime-load'
import { beforeEach, describe, expect, test } from 'vitest'
import type { Container, ContainerState } from '../../engine/engine.ts'
import { dbName, runtimeName } from '../../engine/spec.ts'
import { pathsOf } from '../../paths.ts'
import type { ProjectRow } from '../../store/tables/projects.ts'
import { createTargets, type Targets } from './targets.ts'
import { scaleTask } from './task.ts'

const site = {
  ...{ instance: 'cascata', imageTag: '0.1.0', paths: pathsOf('/home'), bind: ['127.0.0.1'] },
  ...{ httpPort: 8080, httpsPort: 8443, dbSessionPort: 15_432, dbTransactionPort: 16_543 },
}
const EVERY_MS = 3_000
const SILENT_MS = 2_000

let rows: ProjectRow[]
let containers: Container[]
let targets: Targets
/** How busy each socket says it is. */
let busy: Map<string, number>
/** Of those that leave the question lying, processors used meanwhile. */
let silent: Map<string, number>
let cpuNs: Map<string, number>
/** Whose use the engine does not tell. */
let broken: Set<string>
let asked: string[]
let lists: number
let changes: number
let nowMs: number
let askedAt: number
let look: () => Promise<readonly string[]>

beforeEach(() => {
  rows = [rowOf('shop')]
  containers = [container(dbName(site, 'shop'), 'db'), runtime('shop', 1)]
  targets = createTargets()
  busy = new Map()
  silent = new Map()
  cpuNs = new Map()
  broken = new Set()
  asked = []
  lists = 0
  changes = 0
  nowMs = 0
  askedAt = 0
  const task = scaleTask({
    store: { projects: { list: async () => rows } } as unknown as Parameters<typeof scaleTask>[0]['store'],
    engine: {
      list: async () => {
        lists += 1
        return containers
      },
      async cpuNs(name) {
        if (broken.has(name)) throw new Error('the engine is busy')
        return cpuNs.get(name) ?? 0
      },
    },
    ...{ site, targets, clock: { now: () => nowMs } },
    loadOf: async (socket) => {
      asked.push(socket)
      const used = silent.get(socket)
      if (used !== undefined) {
        const name = nameOf(socket)
        cpuNs.set(name, (cpuNs.get(name) ?? 0) + used * SILENT_MS * 1e6)
        // All wait at the same time.
        nowMs = Math.max(nowMs, askedAt + SILENT_MS)
        return { silentMs: SILENT_MS }
      }
      const utilization = busy.get(socket)
      return utilization === undefined ? null : load(utilization)
    },
    changed: () => {
      changes += 1
    },
  })
  look = async () => {
    nowMs += EVERY_MS
    askedAt = nowMs
    return (await task.run(new AbortController().signal)).applied
  }
})

function rowOf(ref: string, more: Partial<ProjectRow> = {}): ProjectRow {
  return {
    id: '00000000-0000-4000-8000-000000000001',
    ...{ ref, name: ref, template: 'empty', uid: 200_000, secrets: '' },
    ...{ desired: 'running', importing: null, generation: 3, restarts: 0, dbRestarts: 0, imageTag: null },
    limits: ProjectLimits.parse({}),
    settings: ProjectSettings.parse({ replicas: { min: 1, max: 3, calmSeconds: 9 } }),
    ...{ observedGeneration: 3, observedState: 'running', lastProblem: null },
    ...{ lastActiveAt: null, asleepSince: null, wokenAt: null, wakeMs: null },
    createdAt: '2026-01-01T00:00:00Z',
    ...{ updatedAt: '2026-01-01T00:00:00Z', deletedAt: null, purgeAfter: null },
    ...more,
  }
}

const container = (
  name: string,
  role: 'db' | 'runtime',
  state: ContainerState = 'running',
  project = 'shop',
): Container => ({
  name,
  project,
  role,
  state,
  health: 'none',
  spec: '',
  image: '',
  networks: [],
  exitCode: null,
})
const runtime = (ref: string, slot: number, state: ContainerState = 'running') =>
  container(runtimeName(site, ref, slot), 'runtime', state, ref)
const load = (utilization: number): RuntimeLoad => ({
  ...{ event_loop_delay_ms_p99: 0, utilization, cpus: 0, under_way: 0 },
})
const nameOf = (path: string) =>
  containers.find(({ name, project }) =>
    [1, 2, 3].some((slot) => socket(slot, project) === path && runtimeName(site, project, slot) === name),
  )?.name ?? ''
const socket = (slot: number, ref = 'shop') => site.paths.project(ref).socket(slot)

describe('the number of replicas', () => {
  test('follows what they say: up at the second busy look, down one by one when it has been calm', async () => {
    busy.set(socket(1), 0.9)
    expect([await look(), await look()]).toEqual([[], ['shop: 1 -> 2 replicas']])
    expect([targets.of('shop'), changes]).toEqual([2, 1])

    containers.push(runtime('shop', 2))
    for (const slot of [1, 2]) busy.set(socket(slot), 0.1)
    const calm = [await look(), await look(), await look(), await look()]
    expect(calm).toEqual([[], [], [], ['shop: 2 -> 1 replicas']])
    expect(targets.of('shop')).toBe(1)
  })

  test('stays while one that was decided on is not there yet, or one does not answer', async () => {
    busy.set(socket(1), 0.9)
    await look()
    await look()
    for (let left = 3; left > 0; left--) expect(await look()).toEqual([])
    containers.push(runtime('shop', 2))
    for (let left = 3; left > 0; left--) expect(await look()).toEqual([])
    expect([targets.of('shop'), changes]).toEqual([2, 1])
  })

  test('follows what one uses that is too busy to say anything', async () => {
    const usual = ProjectLimits.parse({})
    rows = [rowOf('shop', { limits: { ...usual, runtime: { ...usual.runtime, cpus: 0.2 } } })]
    silent.set(socket(1), 0.19)
    expect([await look(), await look()]).toEqual([[], ['shop: 1 -> 2 replicas']])
  })

  test('follows what one uses of the one processor that an event loop can use', async () => {
    const usual = ProjectLimits.parse({})
    rows = [rowOf('shop', { limits: { ...usual, runtime: { ...usual.runtime, cpus: 4 } } })]
    containers.push(runtime('shop', 2))
    for (const slot of [1, 2]) silent.set(socket(slot), 0.97)
    expect([await look(), await look()]).toEqual([[], ['shop: 2 -> 3 replicas']])
    containers.push(runtime('shop', 3))
    silent.set(socket(3), 0.97)
    // None of them is idle, for as long as it may be.
    for (let left = 8; left > 0; left--) expect(await look()).toEqual([])
  })

  test.each([1, 2])('stays where one of %i says nothing and does nothing', async (count) => {
    if (count === 2) containers.push(runtime('shop', 2))
    silent.set(socket(1), 0.001)
    busy.set(socket(2), 0.1)
    for (let left = 8; left > 0; left--) expect(await look()).toEqual([])
  })

  test('stays where the engine does not say what a silent one uses, and follows another project all the same', async () => {
    rows = [rowOf('shop'), rowOf('blog')]
    containers.push(runtime('blog', 1))
    silent.set(socket(1), 0.9)
    busy.set(socket(1, 'blog'), 0.9)
    broken.add(runtimeName(site, 'shop', 1))
    expect([await look(), await look()]).toEqual([[], ['blog: 1 -> 2 replicas']])
  })

  test('stays where one began anew while it was asked', async () => {
    silent.set(socket(1), -0.5)
    for (let left = 5; left > 0; left--) expect(await look()).toEqual([])
  })

  test('is asked of running runtimes alone', async () => {
    containers.push(runtime('shop', 2, 'exited'), runtime('blog', 1))
    await look()
    expect(asked).toEqual([socket(1)])
  })

  test.each<[sentence: string, more: Partial<ProjectRow>]>([
    ['its number is fixed', { settings: ProjectSettings.parse({ replicas: { min: 2, max: 2 } }) }],
    ['it sleeps', { asleepSince: '2026-01-01T00:00:00Z' }],
    ['it is paused', { desired: 'paused' }],
  ])('costs neither the engine nor a runtime a question where %s', async (_sentence, more) => {
    rows = [rowOf('shop', more)]
    expect(await look()).toEqual([])
    expect([lists, asked]).toEqual([0, []])
  })

  test('of a project that is gone is not left to the next one of its name', async () => {
    busy.set(socket(1), 0.9)
    await look()
    await look()
    rows = []
    await look()
    expect(targets.of('shop')).toBeUndefined()
    rows = [rowOf('shop')]
    expect(await look()).toEqual([])
  })
})
