/** The control API over the wire: who may do what, once and only once, pages, live settings, events, the audit. */
import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import { z } from 'zod'
import { apiFor, eventsOf } from '../harness/api.ts'
import { cliFor } from '../harness/cli.ts'
import { inside, projectContainers } from '../harness/docker.ts'
import { eventually } from '../harness/eventually.ts'
import { Created } from './shapes.ts'

const { name: instance, profile, httpPort, home } = inject('instance')
const cli = cliFor(profile)
const { call, fetch, base, owner } = apiFor({ profile, httpPort })

let desk: Created

beforeAll(async () => {
  const create = (name: string) =>
    cli.json(Created, 'projects', 'create', name, '--ref', name, '--template', 'todo', '--wait')
  ;[desk] = await Promise.all([create('api-desk'), create('api-other')])
})

afterAll(async () => {
  for (const ref of ['api-desk', 'api-other', 'api-once', 'api-one', 'api-two', 'api-three'])
    await cli.run('projects', 'delete', ref, '--yes')
})

const Token = z.object({ id: z.string(), token: z.string() })
const makeToken = async (wish: object) =>
  Token.parse((await call('POST', '/v1/tokens', { body: { name: 'test', ...wish } })).body)

const Operation = z.object({ id: z.string(), kind: z.string(), ref: z.string(), status: z.string() })

/** Waits as a script would: follows the events until the stream ends. */
async function followed(path: string): Promise<{ event: string; data: z.infer<typeof Operation> }[]> {
  const answer = await fetch(`${base}${path}/events`, {
    headers: { authorization: `Bearer ${owner}` },
  })
  expect(answer.headers.get('content-type')).toContain('text/event-stream')
  return (await eventsOf(answer)).map(({ event, data }) => ({ event, data: Operation.parse(data) }))
}

describe('a token', () => {
  test('with the scope read looks and changes nothing, and sees no secret', async () => {
    const { token: as } = await makeToken({ scope: 'read' })
    for (const path of ['/v1/status', '/v1/projects', '/v1/projects/api-desk', '/v1/operations'])
      expect((await call('GET', path, { as })).status, path).toBe(200)
    const refused = [
      ['GET', '/v1/projects/api-desk/keys'],
      ['GET', '/v1/projects/api-desk/settings'],
      ['POST', '/v1/projects/api-desk/pause'],
      ['POST', '/v1/projects/api-desk/sql'],
      ['DELETE', '/v1/projects/api-desk'],
      ['POST', '/v1/projects'],
      ['GET', '/v1/tokens'],
      ['GET', '/v1/audit'],
    ] as const
    for (const [method, path] of refused) {
      const { status, body } = await call(method, path, { as, ...(method === 'POST' && { body: {} }) })
      expect([status, body.code], path).toEqual([403, 'scope-too-narrow'])
    }
    expect((await call('GET', '/v1/projects/api-desk')).body).toMatchObject({ desired: 'running' })
  })

  test('with the scope admin steers projects, and neither tokens nor the audit', async () => {
    const { token: as } = await makeToken({ scope: 'admin' })
    const sql = await call('POST', '/v1/projects/api-desk/sql', { as, body: { query: 'select 1 as one' } })
    expect(sql.body).toMatchObject({ results: [{ columns: ['one'], rows: [[1]] }] })
    expect((await call('GET', '/v1/projects/api-desk/keys', { as })).status).toBe(200)
    for (const path of ['/v1/tokens', '/v1/audit', '/v1/audit/verify'])
      expect((await call('GET', path, { as })).body.code, path).toBe('scope-too-narrow')
    const wish = { as, body: { name: 'mine', scope: 'owner' } }
    expect((await call('POST', '/v1/tokens', wish)).status).toBe(403)
  })

  test('tied to a project does that one; a foreign one and none at all look alike', async () => {
    const { token: as } = await makeToken({ scope: 'admin', project_ref: 'api-desk' })
    const { body } = await call('GET', '/v1/projects', { as })
    expect((body.items as { ref: string }[]).map(({ ref }) => ref)).toEqual(['api-desk'])
    expect((await call('GET', '/v1/projects/api-desk/keys', { as })).status).toBe(200)
    for (const [method, tail] of [
      ['GET', ''],
      ['GET', '/keys'],
      ['GET', '/settings'],
      ['POST', '/pause'],
      ['POST', '/sql'],
      ['DELETE', ''],
    ] as const) {
      const ask = async (ref: string) => {
        const options = method === 'POST' ? { as, body: { query: 'select 1' } } : { as }
        const answer = await call(method, `/v1/projects/${ref}${tail}`, options)
        return { status: answer.status, body: { ...answer.body, request_id: '' } }
      }
      const foreign = await ask('api-other')
      expect(foreign.status, `${method} ${tail}`).toBe(404)
      expect(foreign).toEqual(await ask('api-nobody'))
    }
    expect((await call('POST', '/v1/projects', { as, body: { name: 'x' } })).body.code).toBe('token-tied')
    expect((await call('GET', '/v1/projects/api-other')).body).toMatchObject({ desired: 'running' })
  })

  test('that is revoked is refused at once, like one that never was', async () => {
    const { id, token: as } = await makeToken({ scope: 'read' })
    expect((await call('GET', '/v1/projects', { as })).status).toBe(200)
    expect((await call('DELETE', `/v1/tokens/${id}`)).status).toBe(204)
    const [revoked, unknown] = [
      await call('GET', '/v1/projects', { as }),
      await call('GET', '/v1/projects', { as: 'cst_never' }),
    ]
    expect([revoked.status, revoked.body.code]).toEqual([401, 'api-token-invalid'])
    expect({ ...revoked.body, request_id: '' }).toEqual({ ...unknown.body, request_id: '' })
    expect((await call('GET', '/v1/projects', { as: null })).body.code).toBe('api-token-missing')
  })
})

describe('once and only once', () => {
  test('a POST sent again under its Idempotency-Key makes one project and gets the first answer', async () => {
    const headers = { 'idempotency-key': randomUUID() }
    const body = { name: 'Once', ref: 'api-once' }
    const first = await call('POST', '/v1/projects', { body, headers })
    const again = await call('POST', '/v1/projects', { body, headers })
    expect(first.status).toBe(202)
    expect([again.status, again.text]).toEqual([202, first.text])
    expect(again.headers.get('idempotency-replayed')).toBe('true')
    expect(again.headers.get('location')).toBe(first.headers.get('location'))
    const { body: made } = await call('GET', '/v1/operations?ref=api-once')
    expect(made.items).toHaveLength(1)
    const other = await call('POST', '/v1/projects', { body: { name: 'Another' }, headers })
    expect([other.status, other.body.code]).toEqual([422, 'idempotency-key-reused'])
    const without = await call('POST', '/v1/projects', { body })
    expect([without.status, without.body.code]).toEqual([409, 'project-ref-taken'])
  })
})

test('a list is read in pages by its cursor, each thing once', async () => {
  for (const ref of ['api-one', 'api-two', 'api-three'])
    expect((await call('POST', '/v1/projects', { body: { name: ref, ref } })).status).toBe(202)
  const Page = z.object({ items: z.array(z.object({ ref: z.string() })), next_cursor: z.string().nullable() })
  const whole = Page.parse((await call('GET', '/v1/projects?limit=200')).body).items.map(({ ref }) => ref)
  const seen: string[] = []
  let cursor: string | null = ''
  while (cursor !== null) {
    const query: string = cursor === '' ? '' : `&cursor=${encodeURIComponent(cursor)}`
    const page: z.infer<typeof Page> = Page.parse((await call('GET', `/v1/projects?limit=2${query}`)).body)
    expect(page.items.length).toBeLessThanOrEqual(2)
    seen.push(...page.items.map(({ ref }) => ref))
    cursor = page.next_cursor
  }
  expect(seen).toEqual(whole)
  expect(seen).toEqual(expect.arrayContaining(['api-one', 'api-two', 'api-three']))
  expect((await call('GET', '/v1/projects?cursor=nonsense')).body.code).toBe('cursor-invalid')
})

describe('settings', () => {
  const path = '/v1/projects/api-desk/settings'
  const rows = async () => {
    const answer = await fetch(`${desk.url}/rest/v1/todos?select=id`, {
      headers: { apikey: desk.service_role_key },
    })
    expect(answer.status).toBe(200)
    return ((await answer.json()) as unknown[]).length
  }

  test('change for whoever has read them, live and without a restart', async () => {
    const before = await projectContainers(instance, 'api-desk')
    expect(await rows()).toBeGreaterThan(1)
    const etag = (await call('GET', path)).headers.get('etag') ?? ''
    const body = { rest: { maxRows: 1 } }
    const blind = await call('PATCH', path, { body })
    expect([blind.status, blind.body.code]).toEqual([428, 'if-match-required'])
    const stale = await call('PATCH', path, { body, headers: { 'if-match': '"stale"' } })
    expect([stale.status, stale.body.code]).toEqual([412, 'settings-changed'])
    const changed = await call('PATCH', path, { body, headers: { 'if-match': etag } })
    expect(changed.status).toBe(202)
    await eventually(5_000, async () => expect(await rows()).toBe(1))
    const late = await call('PATCH', path, {
      body: { rest: { maxRows: null } },
      headers: { 'if-match': etag },
    })
    expect(late.status).toBe(412)
    const fresh = { 'if-match': changed.headers.get('etag') ?? '' }
    expect((await call('PATCH', path, { body: { rest: { maxRows: null } }, headers: fresh })).status).toBe(
      202,
    )
    await eventually(5_000, async () => expect(await rows()).toBeGreaterThan(1))
    const after = await projectContainers(instance, 'api-desk')
    expect(after.map(({ id }) => id)).toEqual(before.map(({ id }) => id))
  })
})

test('an operation is followed by its events until it has ended', async () => {
  const paused = await call('POST', '/v1/projects/api-other/pause', { body: {} })
  const location = paused.headers.get('location') ?? ''
  expect(location).toMatch(/^\/v1\/operations\/[0-9a-f-]{36}$/)
  const events = await followed(location)
  expect(new Set(events.map(({ event }) => event))).toEqual(new Set(['operation']))
  expect(events.at(-1)?.data).toMatchObject({ kind: 'project.pause', ref: 'api-other', status: 'succeeded' })
  expect((await call('GET', location)).body).toMatchObject({ status: 'succeeded', progress: 1 })
  const resumed = await call('POST', '/v1/projects/api-other/resume', { body: {} })
  const { token: as } = await makeToken({ scope: 'read', project_ref: 'api-desk' })
  const foreign = await call('GET', resumed.headers.get('location') ?? '', { as })
  expect([foreign.status, foreign.body.code]).toEqual([404, 'operation-not-found'])
  expect((await followed(resumed.headers.get('location') ?? '')).at(-1)?.data.status).toBe('succeeded')
})

describe('the audit', () => {
  const Entry = z.object({ seq: z.number(), actor: z.string(), action: z.string(), target: z.string() })
  const Verdict = z.object({
    intact: z.boolean(),
    entries: z.number(),
    broken_at: z.null(),
    last_hash: z.string(),
  })

  test('has an entry for each change and none for what was refused, and its chain verifies', async () => {
    const { id, token: as } = await makeToken({ scope: 'admin' })
    const actor = `token:${id}`
    const changes = [
      ['POST', '/v1/projects/api-desk/restart', {}, 'project.restart'],
      ['POST', '/v1/projects/api-desk/rotate-keys', {}, 'project.rotate-keys'],
      ['PATCH', '/v1/projects/api-desk/limits', { db: { pids: 200 } }, 'project.update'],
    ] as const
    for (const [method, path, body] of changes)
      expect((await call(method, path, { as, body })).status, path).toBe(202)
    expect((await call('POST', '/v1/projects/api-nobody/pause', { as, body: {} })).status).toBe(404)
    expect((await call('POST', '/v1/tokens', { as, body: { name: 'x', scope: 'read' } })).status).toBe(403)
    const { body } = await call('GET', '/v1/audit?limit=200')
    const entries = z.array(Entry).parse(body.items)
    const own = entries.filter((entry) => entry.actor === actor).map(({ action }) => action)
    expect(own.toReversed()).toEqual(changes.map(([, , , action]) => action))
    expect(entries).toContainEqual(expect.objectContaining({ action: 'token.create', target: id }))
    const verdict = Verdict.parse((await call('GET', '/v1/audit/verify')).body)
    expect(verdict).toMatchObject({ intact: true })
    expect(verdict.entries).toBeGreaterThanOrEqual(entries[0]?.seq ?? Number.POSITIVE_INFINITY)
  })

  test.each([
    "update audit set actor = 'nobody' where seq = 1",
    'delete from audit where seq = 1',
    'truncate audit',
    "set session_replication_role = replica; update audit set actor = 'nobody' where seq = 1",
  ])('cannot be changed even by its database’s superuser: %s', async (sql) => {
    const before = Verdict.parse((await call('GET', '/v1/audit/verify')).body)
    // From control's container: nobody else gets to that socket.
    const psql = ['psql', '-h', `${home}/run/_meta/db`, '-U', 'supabase_admin', '-d', 'cascata']
    const refused = await inside(
      `${instance}-control`,
      ...psql,
      '-v',
      'ON_ERROR_STOP=1',
      '-c',
      `set search_path = public; ${sql}`,
    )
    expect(refused.code).not.toBe(0)
    expect(refused.stderr).toContain('the audit trail may only grow')
    const after = Verdict.parse((await call('GET', '/v1/audit/verify')).body)
    expect(after.intact).toBe(true)
    expect(after.entries).toBeGreaterThanOrEqual(before.entries)
  })
})
