/** The control API against a real store: what its callers may rely on. */
import { createHash } from 'node:crypto'
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { BackupChanged, ImportStarted } from '@cascata/shared/contract/backups'
import { Operation } from '@cascata/shared/contract/operations'
import { Project, ProjectChanged } from '@cascata/shared/contract/projects'
import { Status } from '@cascata/shared/contract/status'
import { CreatedToken } from '@cascata/shared/contract/tokens'
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

  test('limits change only where they are named', async () => {
    const before = Project.parse((await get('/v1/projects/blue-shop')).body).limits
    const { body } = await on.call('PATCH', '/v1/projects/blue-shop/limits', {
      as: owner,
      body: { db: { memory_mb: 1024 } },
    })
    expect(Project.parse(body).limits).toEqual({ ...before, db: { ...before.db, memory_mb: 1024 } })
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

describe('Idempotency-Key', () => {
  const key = (name: string) => ({ 'idempotency-key': name })
  const count = async () => (await on.store.projects.list()).length

  test('a request sent again is answered again, and done once', async () => {
    const before = await count()
    const first = await post('/v1/projects', { name: 'once' }, key('k1'))
    const again = await post('/v1/projects', { name: 'once' }, key('k1'))
    expect(again.text).toBe(first.text)
    expect(again.headers.get('location')).toBe(first.headers.get('location'))
    expect(again.headers.get('idempotency-replayed')).toBe('true')
    expect(await count()).toBe(before + 1)
  })

  test('of many at once one is done', async () => {
    const before = await count()
    const all = await Promise.all(
      Array.from({ length: 10 }, () => post('/v1/projects', { name: 'rush' }, key('k2'))),
    )
    expect(await count()).toBe(before + 1)
    expect(new Set(all.map(({ status }) => status))).toEqual(new Set([202, 409]))
  })

  test('another request with the same key is refused', async () => {
    await post('/v1/projects', { name: 'mine' }, key('k3'))
    expect((await post('/v1/projects', { name: 'other' }, key('k3'))).body.code).toBe(
      'idempotency-key-reused',
    )
  })

  test('after a refusal the key may be used again', async () => {
    const headers = key('k4')
    expect((await post('/v1/projects', { name: 'x', ref: 'late', template: 'nope' }, headers)).status).toBe(
      422,
    )
    expect((await post('/v1/projects', { name: 'x', ref: 'late', template: 'nope' }, headers)).status).toBe(
      422,
    )
  })

  test('what a killed process left: done or not is told by the audit', async () => {
    const { id: tokenId } = (await on.store.tokens.listOwners())[0] ?? { id: '' }
    const request = createHash('sha256')
      .update(JSON.stringify(['POST', '/v1/projects', '', '{"name":"killed"}']))
      .digest('hex')
    await on.store.idempotency.begin({ tokenId, key: 'k5', request, requestId: 'never-committed' })
    on.restart()
    expect((await post('/v1/projects', { name: 'killed' }, key('k5'))).status).toBe(202)

    const done = await post('/v1/projects', { name: 'done' }, { 'x-request-id': 'was-committed' })
    expect(done.headers.get('x-request-id')).toBe('was-committed')
    await on.store.idempotency.begin({ tokenId, key: 'k6', request, requestId: 'was-committed' })
    expect((await post('/v1/projects', { name: 'killed' }, key('k6'))).body.code).toBe(
      'idempotency-answer-lost',
    )
  })
})

describe('tokens', () => {
  test('a new one is shown once, works, and is void when revoked', async () => {
    const made = CreatedToken.parse((await post('/v1/tokens', { name: 'ci', scope: 'read' })).body)
    expect((await get('/v1/projects', made.token)).status).toBe(200)
    expect(JSON.stringify((await get('/v1/tokens')).body)).not.toContain(made.token)
    expect((await on.call('DELETE', `/v1/tokens/${made.id}`, { as: owner })).status).toBe(204)
    expect((await get('/v1/projects', made.token)).status).toBe(401)
  })

  test('the last owner cannot lock everybody out', async () => {
    const { id } = (await on.store.tokens.listOwners())[0] ?? { id: '' }
    expect((await on.call('DELETE', `/v1/tokens/${id}`, { as: owner })).body.code).toBe('last-owner-token')
  })

  test('the tokens of a purged project do not open the next of its ref', async () => {
    await post('/v1/projects', { name: 'fleeting' })
    const { body } = await post('/v1/tokens', { name: 't', scope: 'admin', project_ref: 'fleeting' })
    await on.store.projects.remove('fleeting')
    await post('/v1/projects', { name: 'fleeting' })
    expect((await get('/v1/projects/fleeting', String(body.token))).status).toBe(401)
  })

  test('wrong tokens are counted by address, and other addresses are not hindered', async () => {
    const from = { 'x-forwarded-for': '192.0.2.7' }
    const statuses: number[] = []
    for (let at = 0; at < 22; at++) {
      statuses.push((await on.call('GET', '/v1/projects', { as: 'cst_wrong', headers: from })).status)
    }
    expect(new Set(statuses)).toEqual(new Set([401, 429]))
    expect((await get('/v1/projects')).status).toBe(200)
  })
})

describe('backups and imports', () => {
  test('a backup is asked for, downloaded in ranges once ready, and deleted with its file', async () => {
    await post('/v1/projects', { name: 'kept' })
    const { body } = await post('/v1/projects/kept/backups', { passphrase: 'correct horse battery' })
    const { id, operation } = BackupChanged.parse(body)
    expect((await post('/v1/projects/kept/backups')).body.code).toBe('operation-under-way')
    expect((await get(`/v1/backups/${id}/file`)).body.code).toBe('backup-not-ready')

    const directory = join(on.home, 'backups', 'kept')
    await mkdir(directory, { recursive: true })
    await writeFile(join(directory, `${id}.caf`), '0123456789')
    await on.store.backups.ready(id, { bytes: 10, sha256: 'abc', summary: {} })
    await on.store.operations.succeed(operation.id)

    const whole = await get(`/v1/backups/${id}/file`)
    expect([whole.status, whole.text, whole.headers.get('etag')]).toEqual([200, '0123456789', '"abc"'])
    const ranged = (range: string, more = {}) =>
      on.call('GET', `/v1/backups/${id}/file`, { as: owner, headers: { range, ...more } })
    const part = await ranged('bytes=4-6')
    expect([part.status, part.text, part.headers.get('content-range')]).toEqual([206, '456', 'bytes 4-6/10'])
    expect((await ranged('bytes=10-')).body.code).toBe('range-invalid')
    expect((await ranged('bytes=4-6', { 'if-range': '"other"' })).text).toBe('0123456789')

    expect((await post(`/v1/backups/${id}/restore`)).status).toBe(202)
    expect((await post('/v1/projects/kept/pause')).body.code).toBe('operation-under-way')
    const open = (await on.store.operations.listOpenOf('kept')).find(({ kind }) => kind === 'backup.restore')
    await on.store.operations.succeed(open?.id ?? '')

    expect((await on.call('DELETE', `/v1/backups/${id}`, { as: owner })).status).toBe(204)
    expect(await readdir(directory)).toEqual([])
    expect((await get(`/v1/backups/${id}`)).body.code).toBe('backup-not-found')
  })

  const upload = (query: string, bytes: string, headers: Record<string, string> = {}) =>
    on.call('POST', `/v1/projects/import?${query}`, {
      as: owner,
      body: bytes,
      headers: { 'content-type': 'application/octet-stream', ...headers },
    })

  test('an upload becomes a file and an operation; its passphrase is sealed', async () => {
    const { status, body } = await upload('ref=brought&name=Brought', 'bytes of an archive', {
      'x-cascata-passphrase': 'open sesame please',
    })
    const { operation } = ImportStarted.parse(body)
    expect(status).toBe(202)
    expect(await readFile(join(on.home, 'imports', `${operation.id}.caf`), 'utf8')).toBe(
      'bytes of an archive',
    )
    const row = await on.store.operations.get(operation.id)
    expect(row.input).toMatchObject({ name: 'Brought', keys: 'fresh', bytes: 19 })
    expect(JSON.stringify(row)).not.toContain('sesame')
    expect((await upload('ref=brought', 'again')).body.code).toBe('operation-under-way')
    expect((await post('/v1/projects', { name: 'x', ref: 'brought' })).body.code).toBe('operation-under-way')
    expect(await readdir(join(on.home, 'imports'))).toEqual([`${operation.id}.caf`])
  })

  test('one that is cut off, or for a ref that is taken, leaves nothing', async () => {
    const before = await readdir(join(on.home, 'imports'))
    expect((await upload('ref=cut', 'short', { 'content-length': '99' })).body.code).toBe('upload-incomplete')
    expect((await upload('ref=kept', 'bytes')).body.code).toBe('project-ref-taken')
    expect((await upload('ref=UPPER', 'bytes')).status).toBe(422)
    expect(await readdir(join(on.home, 'imports'))).toEqual(before)
  })

  test('at start, uploads that no open operation needs are swept away', async () => {
    await writeFile(join(on.home, 'imports', 'left.caf.part'), 'x')
    await writeFile(join(on.home, 'imports', `${crypto.randomUUID()}.caf`), 'x')
    expect(await on.app.imports.sweep()).toBe(2)
    expect(await readdir(join(on.home, 'imports'))).toHaveLength(1)
  })
})

describe('operations', () => {
  test('followed, one is shown at each change until it ends', async () => {
    const { operation } = ProjectChanged.parse((await post('/v1/projects', { name: 'followed' })).body)
    const stream = await on.http.request(`/v1/operations/${operation.id}/events`, {
      headers: { authorization: `Bearer ${owner}` },
    })
    expect(stream.headers.get('content-type')).toContain('text/event-stream')
    const reader = stream.body?.pipeThrough(new TextDecoderStream()).getReader()
    let text = (await reader?.read())?.value ?? ''
    await on.store.operations.step(operation.id, 'db.create', 'running')
    text += (await reader?.read())?.value ?? ''
    await on.store.operations.completeLifecycle('followed', 1)
    for (let chunk = await reader?.read(); chunk && !chunk.done; chunk = await reader?.read())
      text += chunk.value
    const states = [...text.matchAll(/^data: (.*)$/gm)].map(([, data]) =>
      Operation.parse(JSON.parse(data ?? '')),
    )
    expect(states.map(({ status }) => status)).toEqual(['pending', 'running', 'succeeded'])
  })

  test('one that is not there is a problem, not a stream', async () => {
    const { status, body } = await get(`/v1/operations/${crypto.randomUUID()}/events`)
    expect([status, body.code]).toEqual([404, 'operation-not-found'])
  })
})

describe('SQL, logs, status, pages', () => {
  test('SQL waits for its database, then runs, and the audit knows its hash', async () => {
    expect((await post('/v1/projects/followed/sql', { query: 'select 1' })).body.code).toBe(
      'project-not-ready',
    )
    await on.store.projects.recordObserved('followed', { generation: 1, state: 'running', problem: null })
    expect((await post('/v1/projects/followed/sql', { query: 'select 1' })).body.results).toHaveLength(1)
    const migration = { version: '20260101000000', name: 'first', sql: 'create table a ()' }
    expect((await post('/v1/projects/followed/migrations', migration)).body).toMatchObject({ applied: true })
    const entries = (await get('/v1/audit?target=followed')).body.items ?? []
    expect(entries.map(({ action }) => action)).toEqual(['sql.migrate', 'sql.run', 'project.create'])
    expect(JSON.stringify(entries)).not.toContain('select 1')
  })

  test('logs come as text, or as events', async () => {
    expect((await get('/v1/projects/followed/logs')).text).toBe('one\ntwo\n')
    expect((await get('/v1/projects/followed/logs?follow=true')).text).toContain('event: log\ndata: two\n')
  })

  test('the status says where things are', async () => {
    expect(Status.parse((await get('/v1/status')).body)).toMatchObject({ edge_url: 'http://127.0.0.1:8080' })
  })

  test.each(['/', '/claim', '/console/console.js', '/reference', '/reference/swagger-ui-bundle.js'])(
    '%s is served under a policy that lets nothing else in',
    async (path) => {
      const { status, headers } = await on.call('GET', path)
      expect(status).toBe(200)
      expect(headers.get('content-security-policy')).toContain("script-src 'self'")
    },
  )

  test.each(['/console/..%2Fpackage.json', '/reference/package.json', '/problems/..%2F..%2FREADME', '/nope'])(
    '%s is not served',
    async (path) => {
      expect((await on.call('GET', path)).body.code).toBe('route-not-found')
    },
  )

  test('the description of the API names every route, and each problem has a page', async () => {
    const { body } = await on.call('GET', '/openapi.json')
    expect(body.openapi).toBe('3.1.0')
    const text = JSON.stringify(body)
    const codes = new Set([...text.matchAll(/\/problems\/([a-z-]+)"/g)].map(([, code]) => code))
    expect(codes.size).toBeGreaterThan(30)
    for (const code of codes) expect((await on.call('GET', `/problems/${code}`)).status, code).toBe(200)
  })
})

describe('the audit trail', () => {
  test('is intact after all of this', async () => {
    expect((await get('/v1/audit/verify')).body).toMatchObject({ intact: true, broken_at: null })
  })
})

describe('secrets', () => {
  test('none stands in clear in any table or in the log', async () => {
    const keys = (await get('/v1/projects/blue-shop/keys')).body
    const made = await post('/v1/tokens', { name: 'seen', scope: 'read' }, { 'idempotency-key': 'sealed' })
    const { link } = (await post('/v1/claims', {}, { 'idempotency-key': 'sealed-link' })).body
    const secrets = [
      owner,
      made.body.token,
      String(link).split('=')[1],
      keys.anon_key,
      keys.service_role_key,
      'correct horse battery',
      'open sesame please',
    ].map(String)
    const tables =
      await on.sql`select table_name as name from information_schema.tables where table_schema = 'public'`
    expect(tables.length).toBeGreaterThanOrEqual(8)
    for (const { name } of tables) {
      const rows = JSON.stringify(await on.sql`select t::text from ${on.sql(name)} t`)
      for (const secret of secrets) expect(rows.includes(secret), `${name} holds a secret`).toBe(false)
    }
    expect(on.logged.length).toBeGreaterThan(50)
    for (const secret of secrets)
      expect(on.logged.join('').includes(secret), 'the log holds a secret').toBe(false)
  })
})
