/** Projects and their settings, as the control API promises them. */
import { Project, ProjectChanged } from '@cascata/shared/contract/projects'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { openTestControl, type TestControl } from './control.ts'

let on: TestControl
let owner: string
beforeAll(async () => {
  on = await openTestControl()
  owner = await on.claim()
})
afterAll(() => on?.stop())

const post = (path: string, body?: unknown, headers = {}) =>
  on.call('POST', path, { as: owner, body: body ?? {}, headers })
const get = (path: string, as = owner) => on.call('GET', path, { as })

describe('projects', () => {
  test('one is created once, with its operation, and somebody is woken', async () => {
    const { status, headers, body } = await post('/v1/projects', { name: 'Blue Shop' })
    const made = ProjectChanged.parse(body)
    expect(status).toBe(202)
    expect(made).toMatchObject({ ref: 'blue-shop', status: 'creating', desired: 'running', generation: 1 })
    expect(headers.get('location')).toBe(`/v1/operations/${made.operation.id}`)
    expect(on.kicked.at(-1)).toMatchObject({ id: made.operation.id, ref: 'blue-shop' })
    expect((await get(`/v1/operations/${made.operation.id}`)).body).toMatchObject({ kind: 'project.create' })
    expect((await get('/v1/audit?target=blue-shop')).body.items).toMatchObject([
      { action: 'project.create', request_id: headers.get('x-request-id') },
    ])
  })

  test('the same name gets another ref, the same ref is refused', async () => {
    await post('/v1/projects', { name: 'Twice' })
    expect((await post('/v1/projects', { name: 'Twice' })).body.ref).toBe('twice-2')
    expect((await post('/v1/projects', { name: 'x', ref: 'twice' })).body).toMatchObject({
      status: 409,
      code: 'project-ref-taken',
      type: '/problems/project-ref-taken',
    })
  })

  test.each([
    ['a ref with a slash', { name: 'x', ref: 'a/b' }, 422, 'request-invalid'],
    ['no name', {}, 422, 'request-invalid'],
    ['an unknown template', { name: 'x', template: 'nope' }, 422, 'template-unknown'],
    ['a body that is no JSON', '{"name":', 400, 'body-malformed'],
  ])('%s is refused', async (_what, body, status, code) => {
    expect((await post('/v1/projects', body)).body).toMatchObject({ status, code })
  })

  test('pages show each project once', async () => {
    for (let at = 0; at < 5; at++) await post('/v1/projects', { name: `paged ${at}` })
    const seen: unknown[] = []
    let cursor = ''
    do {
      const { body } = await get(`/v1/projects?limit=2${cursor && `&cursor=${cursor}`}`)
      seen.push(...(body.items ?? []).map((item) => Project.parse(item).ref))
      cursor = String(body.next_cursor ?? '')
    } while (cursor)
    expect(seen).toHaveLength(new Set(seen).size)
    expect(seen).toEqual(expect.arrayContaining(['paged-0', 'paged-4', 'blue-shop']))
    expect((await get('/v1/projects?cursor=bm9uc2Vuc2U')).body.code).toBe('cursor-invalid')
  })

  test('its life: paused, refused a restart, resumed, deleted, brought back, until it is too late', async () => {
    await post('/v1/projects', { name: 'lively' })
    const act = async (what: string) => (await post(`/v1/projects/lively/${what}`)).body
    expect(await act('pause')).toMatchObject({ desired: 'paused', generation: 2 })
    expect(await act('restart')).toMatchObject({ code: 'project-paused' })
    expect(await act('resume')).toMatchObject({ desired: 'running', generation: 3 })
    expect(await act('undelete')).toMatchObject({ code: 'project-not-deleted' })
    const remove = () => on.call('DELETE', '/v1/projects/lively', { as: owner })
    const deleted = Project.parse((await remove()).body)
    expect(Date.parse(deleted.purge_after ?? '') - on.clock.ms).toBe(7 * 86_400_000)
    expect((await remove()).body.code).toBe('project-deleted')
    expect(await act('undelete')).toMatchObject({ desired: 'running', purge_after: null })
    await remove()
    on.clock.ms += 7 * 86_400_000
    expect(await act('undelete')).toMatchObject({ status: 410, code: 'project-purged' })
    on.clock.ms -= 7 * 86_400_000
  })

  test('a restart is of its runtimes, and of its database only when the body says so', async () => {
    await post('/v1/projects', { name: 'again' })
    const path = '/v1/projects/again/restart'
    const restart = async (options: { body?: unknown }) => {
      const { status } = await on.call('POST', path, { as: owner, ...options })
      const { restarts, dbRestarts } = await on.store.projects.get('again')
      return [status, restarts, dbRestarts]
    }
    expect(await restart({})).toEqual([202, 1, 0])
    expect(await restart({ body: {} })).toEqual([202, 2, 0])
    expect(await restart({ body: { database: true } })).toEqual([202, 3, 1])
    expect(await restart({ body: { database: 'yes' } })).toEqual([422, 3, 1])
    expect(await restart({ body: { everything: true } })).toEqual([422, 3, 1])
    const audited = (await get('/v1/audit?target=again')).body.items?.slice(0, 3)
    expect(audited).toMatchObject([
      ...[{ detail: { database: true } }, { detail: { database: false } }, { detail: { database: false } }],
    ])
  })

  test('limits change only where they are named', async () => {
    const before = Project.parse((await get('/v1/projects/blue-shop')).body).limits
    const { body } = await on.call('PATCH', '/v1/projects/blue-shop/limits', {
      as: owner,
      body: { db: { memory_mb: 1024 } },
    })
    expect(Project.parse(body).limits).toEqual({ ...before, db: { ...before.db, memory_mb: 1024 } })
  })

  test.each([
    ['a URL no edge would take', { url_bytes_max: 64 * 1024 }],
    ['a statement that outlives its answer', { statement_timeout_ms: 300_000 }],
    ['no embed at all', { embed_depth_max: 0 }],
    ['a limit nobody knows', { rows_max: 5 }],
  ])('a limit that cannot be is refused: %s', async (_what, body) => {
    const path = '/v1/projects/blue-shop/limits'
    expect((await on.call('PATCH', path, { as: owner, body })).body.code).toBe('request-invalid')
  })

  test('what a request may ask for is changed, and taken back', async () => {
    const limit = async (body: object) =>
      Project.parse((await on.call('PATCH', '/v1/projects/blue-shop/limits', { as: owner, body })).body)
        .limits
    const wanted = {
      url_bytes_max: 4096,
      statement_timeout_ms: 500,
      embed_depth_max: 2,
      embeds_max: 9,
      plan_cost_max: 1e5,
    }
    expect(await limit(wanted)).toMatchObject(wanted)
    expect(await limit({ plan_cost_max: null })).toMatchObject({ ...wanted, plan_cost_max: null })
  })

  test('rotating makes other keys', async () => {
    const before = (await get('/v1/projects/blue-shop/keys')).body
    await post('/v1/projects/blue-shop/rotate-keys')
    const after = (await get('/v1/projects/blue-shop/keys')).body
    expect(after.anon_key).toMatch(/^ey/)
    expect(after.anon_key).not.toBe(before.anon_key)
    expect(after.service_role_key).not.toBe(before.service_role_key)
  })
})

describe('settings', () => {
  const path = '/v1/projects/blue-shop/settings'
  const patch = (body: unknown, ifMatch?: string) =>
    on.call('PATCH', path, { as: owner, body, headers: ifMatch === undefined ? {} : { 'if-match': ifMatch } })

  test('change only for whoever read the ones that are there', async () => {
    const etag = (await get(path)).headers.get('etag') ?? ''
    expect((await patch({ rest: { maxRows: 5 } })).status).toBe(428)
    expect((await patch({ rest: { maxRows: 5 } }, '"other"')).status).toBe(412)
    const changed = await patch({ rest: { maxRows: 5 } }, etag)
    expect(changed.status).toBe(202)
    expect(changed.body).toMatchObject({ rest: { maxRows: 5, anonRole: 'anon' } })
    expect((await patch({ rest: { maxRows: 6 } }, etag)).status).toBe(412)
    expect((await get(path)).headers.get('etag')).toBe(changed.headers.get('etag'))
  })

  test('what is not known or not allowed is refused', async () => {
    const etag = (await get(path)).headers.get('etag') ?? ''
    expect((await patch({ rest: { maxRow: 5 } }, etag)).status).toBe(422)
    expect((await patch({ rest: { maxRows: -5 } }, etag)).status).toBe(422)
    expect((await get(path)).headers.get('etag')).toBe(etag)
  })

  test('of concurrent changes by the same reading one wins', async () => {
    const etag = (await get(path)).headers.get('etag') ?? ''
    const all = await Promise.all([1, 2, 3, 4, 5].map((n) => patch({ rest: { maxRows: 100 + n } }, etag)))
    expect(all.map(({ status }) => status).sort()).toEqual([202, 412, 412, 412, 412])
  })
})
