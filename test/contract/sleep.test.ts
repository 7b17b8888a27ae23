/** Sleep as the store keeps it and the control API promises it, on a real Postgres. */
import { Project } from '@cascata/shared/contract/projects'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { openTestControl, type TestControl } from './control.ts'

let on: TestControl
let owner: string
let ref: string
beforeAll(async () => {
  on = await openTestControl()
  owner = await on.claim()
})
afterAll(() => on?.stop())

const post = (path: string, body: unknown = {}) => on.call('POST', path, { as: owner, body })
const show = async () => Project.parse((await on.call('GET', `/v1/projects/${ref}`, { as: owner })).body)
const observed = (state: 'running' | 'asleep', generation: number) =>
  on.store.projects.recordObserved(ref, { generation, state, problem: null })
const LAST = '2026-01-01T00:00:00.000Z'

let count = 0
/** One that runs, as it should. */
beforeEach(async () => {
  ref = `sleeper-${++count}`
  await post('/v1/projects', { name: 'Sleeper', ref })
  await on.store.operations.completeLifecycle(ref, 1)
  await observed('running', 1)
})

describe('a project falls asleep', () => {
  test('without counting its generation up, and says since when', async () => {
    expect(await on.store.sleep.begin(ref, { generation: 1, lastActiveAt: LAST })).toBeDefined()
    expect(await show()).toMatchObject({
      desired: 'running',
      generation: 1,
      asleep_since: expect.any(String),
      last_active_at: LAST,
    })
  })

  test.each<[sentence: string, before: () => Promise<unknown>]>([
    ['changed meanwhile', () => on.store.projects.change(ref, { restarts: 1 })],
    ['is not seen running', () => observed('asleep', 1)],
    ['is paused', () => on.store.projects.change(ref, { desired: 'paused' })],
    ['has an open operation', () => post(`/v1/projects/${ref}/backups`)],
    ['sleeps', () => on.store.sleep.begin(ref, { generation: 1, lastActiveAt: LAST })],
  ])('but not one that %s', async (_sentence, before) => {
    await before()
    const { generation } = await on.store.projects.get(ref)
    expect(await on.store.sleep.begin(ref, { generation: 1, lastActiveAt: LAST })).toBeUndefined()
    expect((await on.store.projects.get(ref)).generation).toBe(generation)
  })

  test('and that can be taken back', async () => {
    await on.store.sleep.begin(ref, { generation: 1, lastActiveAt: LAST })
    await on.store.sleep.cancel(ref)
    expect(await show()).toMatchObject({ asleep_since: null, woken_at: null })
  })
})

describe('a project is woken', () => {
  beforeEach(async () => {
    await on.store.sleep.begin(ref, { generation: 1, lastActiveAt: LAST })
    await observed('asleep', 1)
  })

  test('once, and says when and how long it took', async () => {
    expect(await on.store.sleep.end(ref)).toMatchObject({ ref, asleepSince: null })
    await on.store.sleep.woken(ref, 321)
    expect(await show()).toMatchObject({
      ...{ status: 'running', asleep_since: null, wake_ms: 321 },
      ...{ woken_at: expect.any(String), last_active_at: expect.any(String) },
    })
    expect(await on.store.sleep.end(ref)).toBeUndefined()
  })

  test('again when the first wake was cut off', async () => {
    await on.store.sleep.end(ref)
    expect(await on.store.sleep.end(ref)).toBeDefined()
  })

  test.each([
    ['paused', { desired: 'paused' }],
    ['deleted', { desired: 'deleted' }],
    ['filled by an import', { importing: '00000000-0000-4000-8000-000000000000' }],
  ] as const)('but not one that is %s', async (_what, patch) => {
    await on.store.projects.change(ref, patch)
    expect(await on.store.sleep.end(ref)).toBeUndefined()
  })

  test('when an import or a restore has ended', async () => {
    await on.store.projects.change(ref, { importing: '00000000-0000-4000-8000-000000000000' })
    expect(await on.store.projects.clearImporting(ref)).toMatchObject({ asleepSince: null })
  })
})

describe('the API', () => {
  test('puts a project to sleep and wakes it, each an operation with an entry in the audit', async () => {
    const asleep = await post(`/v1/projects/${ref}/sleep`)
    expect([asleep.status, asleep.body]).toMatchObject([202, { asleep_since: expect.any(String) }])
    await observed('asleep', 2)
    expect((await show()).status).toBe('asleep')
    const awake = await post(`/v1/projects/${ref}/wake`)
    expect([awake.status, awake.body]).toMatchObject([202, { asleep_since: null, desired: 'running' }])
    const { body } = await on.call('GET', `/v1/audit?target=${ref}`, { as: owner })
    expect(body.items?.map(({ action }) => action)).toEqual([
      'project.wake',
      'project.sleep',
      'project.create',
    ])
  })

  test('does neither with a paused project, and puts none to sleep that was never seen running', async () => {
    const fresh = `${ref}-fresh`
    await post('/v1/projects', { name: 'Fresh', ref: fresh })
    expect((await post(`/v1/projects/${fresh}/sleep`)).body).toMatchObject({ code: 'project-not-ready' })
    await post(`/v1/projects/${ref}/pause`)
    for (const verb of ['sleep', 'wake'])
      expect((await post(`/v1/projects/${ref}/${verb}`)).body).toMatchObject({ code: 'project-paused' })
  })

  test('knows no sleep beside a pause', async () => {
    await post(`/v1/projects/${ref}/sleep`)
    await post(`/v1/projects/${ref}/pause`)
    expect(await show()).toMatchObject({ desired: 'paused', asleep_since: null })
  })

  test('tells how many sleep', async () => {
    await observed('asleep', 1)
    const { body } = await on.call('GET', '/v1/status', { as: owner })
    expect((body.projects as { asleep: number }).asleep).toBeGreaterThan(0)
  })
})
