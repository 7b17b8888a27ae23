import { ProjectLimits, ProjectSettings } from '@cascata/shared/contract/projects'
import { beforeEach, expect, test } from 'vitest'
import type { ProjectRow } from '../../store/tables/projects.ts'
import { directEffects } from '../effects.ts'
import type { ReconcilerStore } from '../projects/store-port.ts'
import { type SleepDeps, sleepTask } from './task.ts'

const NOW = Date.parse('2026-06-01T12:00:00Z')
const HOUR = 3_600_000

let row: ProjectRow
let lastUse: number
let open: { id: string; ref: string; generation: number | null }[]
let told: string[]
let deps: SleepDeps

beforeEach(() => {
  row = {
    id: '00000000-0000-4000-8000-000000000001',
    ...{ ref: 'shop', name: 'Shop', template: 'empty', uid: 200_000, secrets: '' },
    ...{ desired: 'running', importing: null, generation: 3, restarts: 0, dbRestarts: 0, imageTag: null },
    limits: ProjectLimits.parse({}),
    settings: ProjectSettings.parse({}),
    ...{ observedGeneration: 3, observedState: 'running', lastProblem: null },
    ...{ lastActiveAt: null, asleepSince: null, wokenAt: null, wakeMs: null },
    createdAt: '2026-01-01T00:00:00Z',
    ...{ updatedAt: '2026-01-01T00:00:00Z', deletedAt: null, purgeAfter: null },
  }
  lastUse = NOW - HOUR
  open = []
  told = []
  const sleep: Pick<ReconcilerStore['sleep'], 'begin' | 'cancel' | 'recordActive'> = {
    begin: async (_ref, { lastActiveAt }) => {
      told.push('begin')
      Object.assign(row, { asleepSince: new Date(NOW).toISOString(), lastActiveAt })
      return row
    },
    cancel: async () => {
      told.push('cancel')
      row.asleepSince = null
    },
    recordActive: async (_ref, lastActiveAt) => {
      told.push('record')
      row.lastActiveAt = lastActiveAt
    },
  }
  deps = {
    store: {
      projects: { list: async () => [row] },
      operations: { listOpen: async () => open },
      sleep,
    } as unknown as SleepDeps['store'],
    activity: { lastActiveAt: async () => lastUse, touch: async () => {} },
    holds: { has: () => false },
    usual: 30,
    effects: directEffects(() => {}),
    changed: () => void told.push('changed'),
    clock: { now: () => NOW },
    log: { info: () => {}, warn: () => {}, error: () => {} },
  }
})

const run = () => sleepTask(deps).run(new AbortController().signal)

test('a project that nobody uses is said to sleep, with when it was last in use', async () => {
  const { applied } = await run()
  expect(applied).toEqual(['shop asleep'])
  expect(row).toMatchObject({
    asleepSince: '2026-06-01T12:00:00.000Z',
    lastActiveAt: '2026-06-01T11:00:00.000Z',
  })
  expect(told).toContain('changed')
})

test('a request that comes while that is written down takes it back', async () => {
  const { store } = deps
  deps.store = {
    ...store,
    sleep: {
      ...store.sleep,
      begin: (ref, seen) => {
        lastUse = NOW
        return store.sleep.begin(ref, seen)
      },
    },
  }
  const { applied } = await run()
  expect(applied).toEqual([])
  expect(row.asleepSince).toBeNull()
})

test('so does what control begins with it', async () => {
  let isHeld = false
  deps.holds = { has: () => isHeld }
  const { store } = deps
  deps.store = {
    ...store,
    sleep: {
      ...store.sleep,
      begin: (ref, seen) => {
        isHeld = true
        return store.sleep.begin(ref, seen)
      },
    },
  }
  await run()
  expect(told.slice(0, 2)).toEqual(['begin', 'cancel'])
})

test('an open operation keeps a project awake', async () => {
  open = [{ id: '1', ref: 'shop', generation: null }]
  expect((await run()).applied).toEqual([])
  expect(told).not.toContain('begin')
})

test('the last use of a busy project is written down once a minute', async () => {
  lastUse = NOW
  row.lastActiveAt = new Date(NOW - 30_000).toISOString()
  await run()
  expect(told).toEqual([])
  row.lastActiveAt = new Date(NOW - 61_000).toISOString()
  await run()
  expect(told).toEqual(['record'])
  expect(row.lastActiveAt).toBe('2026-06-01T12:00:00.000Z')
})
