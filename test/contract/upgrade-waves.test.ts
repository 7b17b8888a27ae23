/** Waves over a real store, where some projects are busy with something else. What a project's upgrade does is not run. */
import type { JobDeps } from '@cascata/control/jobs/deps'
import { type RunOutcome, runOperation } from '@cascata/control/jobs/run'
import { Problem } from '@cascata/shared/problem'
import { ProjectLimits, ProjectSettings } from '@cascata/shared/contract/projects'
import { newBackupId, newOperationId } from '@cascata/shared/ids'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { openTestStore, type TestStore } from './store.ts'

const HOUR_MS = 3_600_000

let on: TestStore
let now = Date.now()

beforeAll(async () => {
  on = await openTestStore()
})
afterAll(() => on?.stop())
beforeEach(async () => {
  now = Date.now()
  await on.sql`delete from operations`
  await on.sql`delete from projects`
  for (const ref of ['a-first', 'b-next', 'c-last']) await project(ref)
})

async function project(ref: string): Promise<void> {
  const row = await on.store.projects.insert({
    ...{ ref, name: ref, template: 'empty', desired: 'running', imageTag: '0.0.9', secrets: 'sealed' },
    ...{ limits: ProjectLimits.parse({}), settings: ProjectSettings.parse({}) },
  })
  await on.store.projects.recordObserved(ref, {
    ...{ generation: row?.generation ?? 1, state: 'running', problem: null },
  })
}

const insert = (kind: 'projects.upgrade' | 'backup.create', ref: string, input: object) =>
  on.store.operations.insert({
    ...{ id: newOperationId(), kind, ref, actor: 'test', input: input as Record<string, unknown> },
  })
const all = (wave: number) => insert('projects.upgrade', '_all', { image_tag: '0.1.0', wave })
const backup = (ref: string) => insert('backup.create', ref, { backup_id: newBackupId() })

function look(id: string): Promise<RunOutcome> {
  const deps = {
    store: on.store,
    effects: { run: (_name: string, effect: () => Promise<unknown>) => effect() },
    clock: { now: () => now },
    hold: () => () => {},
    upgrade: { site: { imageTag: '0.1.0' } },
  } as unknown as JobDeps
  const onFailure = (_operation: unknown, error: unknown) => {
    if (!(error instanceof Problem)) throw error
  }
  return runOperation(id, { deps, signal: new AbortController().signal, onFailure })
}

/** What was begun is done: the project is at the new release. */
async function done(): Promise<string[]> {
  const begun = (await on.store.operations.listOpen()).filter(({ kind }) => kind === 'project.upgrade')
  for (const { id, ref } of begun) {
    await on.store.projects.change(ref, { imageTag: '0.1.0' })
    await on.store.operations.succeed(id)
  }
  return begun.map(({ ref }) => ref)
}

test('a busy project holds nobody else up: it is told with what it waits for, and comes last', async () => {
  const busy = await backup('a-first')
  const { id } = await all(1)
  const order: string[][] = []
  for (let looks = 0; looks < 4; looks += 1) {
    expect(await look(id)).toBe('waiting')
    order.push(await done())
  }
  expect(order).toEqual([['b-next'], ['c-last'], [], []])
  const step = (await on.store.operations.get(id)).steps.find(({ name }) => name === 'a-first')
  expect(step).toMatchObject({ status: 'running', detail: expect.stringContaining('backup.create') })

  await on.store.operations.succeed(busy.id)
  expect(await look(id)).toBe('waiting')
  expect(await done()).toEqual(['a-first'])
  expect(await look(id)).toBe('succeeded')
  const ended = await on.store.operations.get(id)
  expect(ended.steps.map(({ name, status, detail }) => [name, status, detail])).toEqual([
    ['a-first', 'done', undefined],
    ['b-next', 'done', undefined],
    ['c-last', 'done', undefined],
  ])
})

test('a wave is filled with those that can be begun', async () => {
  await backup('b-next')
  const { id } = await all(2)
  await look(id)
  expect(await done()).toEqual(['a-first', 'c-last'])
})

test('who is brought to the release by somebody else meanwhile is waited for no more', async () => {
  const busy = await backup('a-first')
  const { id } = await all(5)
  await look(id)
  await done()
  await on.store.operations.succeed(busy.id)
  await on.store.projects.change('a-first', { imageTag: '0.1.0' })
  expect(await look(id)).toBe('succeeded')
  expect((await on.store.operations.get(id)).steps.map(({ status }) => status)).toEqual([
    'done',
    'done',
    'done',
  ])
})

test('who is busy for more than an hour is named, and the operation ends', async () => {
  await Promise.all([backup('a-first'), backup('c-last')])
  const { id } = await all(5)
  await look(id)
  await done()
  now += HOUR_MS - 1_000
  expect(await look(id)).toBe('waiting')
  now += 60_000
  expect(await look(id)).toBe('failed')
  const { problem, steps } = await on.store.operations.get(id)
  expect(problem?.code).toBe('projects-busy')
  expect(problem?.detail).toMatch(/a-first.*c-last/)
  expect(steps.map(({ name, status }) => [name, status]).toSorted()).toEqual([
    ['a-first', 'failed'],
    ['b-next', 'done'],
    ['c-last', 'failed'],
  ])
})
