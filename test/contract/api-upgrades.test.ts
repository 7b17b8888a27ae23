/** Upgrades, as the control API promises them. The job that carries them out is shown on real containers elsewhere. */
import { ProjectChanged } from '@cascata/shared/contract/projects'
import { UpgradeStarted } from '@cascata/shared/contract/upgrade'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { openTestControl, type TestControl } from './control.ts'

let on: TestControl
let owner: string
beforeAll(async () => {
  on = await openTestControl()
  owner = await on.claim()
})
afterAll(() => on?.stop())

const post = (path: string, body: object = {}) => on.call('POST', path, { as: owner, body })
const get = (path: string) => on.call('GET', path, { as: owner })

/** As it is once its reconciler has seen it run. */
async function standing(name: string): Promise<string> {
  const { body } = await post('/v1/projects', { name })
  const { ref, generation, operation } = ProjectChanged.parse(body)
  await on.store.projects.recordObserved(ref, { generation, state: 'running', problem: null })
  await on.store.operations.completeLifecycle(ref, generation)
  expect(operation.kind).toBe('project.create')
  return ref
}

describe('one project', () => {
  test('is of the instance’s release when it is made, and not behind', async () => {
    const ref = await standing('At home')
    expect((await get(`/v1/projects/${ref}`)).body).toMatchObject({ image_tag: '0.1.0', behind: false })
    const asked = await post(`/v1/projects/${ref}/upgrade`)
    expect([asked.status, asked.body.code]).toEqual([409, 'project-at-release'])
  })

  test('is behind, and counted so, where it names another release', async () => {
    const ref = await standing('Left behind')
    const before = (await get('/v1/status')).body
    await on.store.projects.change(ref, { imageTag: '0.0.9' })
    expect((await get(`/v1/projects/${ref}`)).body).toMatchObject({ image_tag: '0.0.9', behind: true })
    const behind = (body: Record<string, unknown>) => (body.projects as { behind: number }).behind
    expect(behind((await get('/v1/status')).body) - behind(before)).toBe(1)
  })

  test('is upgraded by an operation of its own, once, and nothing else may change it meanwhile', async () => {
    const ref = await standing('On its way')
    const { status, headers, body } = await post(`/v1/projects/${ref}/upgrade`, { image_tag: '0.2.0' })
    const { operation } = ProjectChanged.parse(body)
    expect(status).toBe(202)
    expect(headers.get('location')).toBe(`/v1/operations/${operation.id}`)
    expect(operation).toMatchObject({ kind: 'project.upgrade', ref, status: 'pending' })
    expect(on.kicked.at(-1)).toMatchObject({ id: operation.id, kind: 'project.upgrade' })
    expect((await on.store.operations.get(operation.id)).input).toEqual({ image_tag: '0.2.0', from: '0.1.0' })
    for (const path of ['upgrade', 'pause', 'restart', 'backups', 'rotate-keys'])
      expect((await post(`/v1/projects/${ref}/${path}`, {})).body.code, path).toBe('operation-under-way')
    expect((await get(`/v1/audit?target=${ref}`)).body.items?.[0]).toMatchObject({
      action: 'project.upgrade',
      detail: { image_tag: '0.2.0', from: '0.1.0' },
    })
  })

  test('says what holds it, and not that it is imported, while an upgrade has it in hand', async () => {
    const ref = await standing('In hand')
    const { operation } = ProjectChanged.parse(
      (await post(`/v1/projects/${ref}/upgrade`, { image_tag: '0.2.0' })).body,
    )
    await on.store.projects.change(ref, { importing: operation.id })
    const asked = await post(`/v1/projects/${ref}/sql`, { query: 'select 1' })
    expect(asked.body).toMatchObject({ status: 409, code: 'operation-under-way' })
    expect(String(asked.body.detail)).toContain('project.upgrade')
  })

  test('that is being made waits until it is', async () => {
    const { body } = await post('/v1/projects', { name: 'Half made' })
    const asked = await post(`/v1/projects/${ProjectChanged.parse(body).ref}/upgrade`, { image_tag: '0.2.0' })
    expect(asked.body.code).toBe('project-not-ready')
  })

  test.each([
    ['a tag that is none', { image_tag: 'a/b:c' }],
    ['a field nobody knows', { to: '0.2.0' }],
  ])('%s is refused', async (_what, body) => {
    expect((await post('/v1/projects/at-home/upgrade', body)).body.code).toBe('request-invalid')
  })
})

describe('all projects', () => {
  test('are upgraded by one operation at a time', async () => {
    const { status, body } = await post('/v1/projects/upgrade', { wave: 3 })
    const { operation } = UpgradeStarted.parse(body)
    expect(status).toBe(202)
    expect(operation).toMatchObject({ kind: 'projects.upgrade', status: 'pending' })
    expect((await on.store.operations.get(operation.id)).input).toEqual({ image_tag: '0.1.0', wave: 3 })
    expect((await post('/v1/projects/upgrade')).body.code).toBe('operation-under-way')
    await on.store.operations.succeed(operation.id, {})
    expect((await post('/v1/projects/upgrade')).status).toBe(202)
  })

  test.each([[0], [101], [1.5]])('a wave of %s is refused', async (wave) => {
    expect((await post('/v1/projects/upgrade', { wave })).body.code).toBe('request-invalid')
  })
})
