/** The control API over a real store: tokens, operations, SQL, pages, and what it must never show. */
import { Operation } from '@cascata/shared/contract/operations'
import { ProjectChanged } from '@cascata/shared/contract/projects'
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
    expect((await on.call('GET', '/v1/projects', { as: owner, headers: from })).status).toBe(200)
  })
})

test('wrong claims are counted by address; a good one passes all the same', async () => {
  const from = { 'x-forwarded-for': '192.0.2.8' }
  const redeem = async (token: string) =>
    (await on.call('POST', '/v1/claim', { body: { token }, headers: from })).status
  const statuses: number[] = []
  for (let at = 0; at < 22; at++) statuses.push(await redeem('ccl_wrong'))
  expect(new Set(statuses)).toEqual(new Set([410, 429]))
  const { body } = await post('/v1/claims')
  expect(await redeem(new URL(String(body.link)).hash.slice(1))).toBe(201)
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

  test('types are a file of TypeScript, of the schemas that were asked for and exist', async () => {
    const ask = (query: string) => get(`/v1/projects/followed/types/typescript${query}`)
    expect((await ask('')).body.types).toContain('\n  public: {\n    Tables: {\n      [_ in never]: never')
    expect((await ask('?included_schemas=public,%20shop')).body.types).toContain('\n  shop: {')
    expect((await ask('?included_schemas=public,absent')).body).toMatchObject({
      code: 'schema-unknown',
      detail: 'Not in the database of this project: absent.',
    })
    expect((await ask('?included_schemas=,')).body.code).toBe('request-invalid')
  })

  test('the API of a project is described for a role', async () => {
    const ask = async (query: string) => (await get(`/v1/projects/followed/openapi${query}`)).body
    expect(await ask('')).toMatchObject({ info: { title: 'followed as anon' } })
    expect(await ask('?role=service_role')).toMatchObject({ info: { title: 'followed as service_role' } })
    expect((await ask('?role=postgres')).code).toBe('request-invalid')
  })

  test('logs come at once, or as events', async () => {
    expect((await get('/v1/projects/followed/logs')).body).toEqual({ lines: ['one', 'two'] })
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
      expect((await on.call('GET', path)).body.code).toBe('path-not-found')
    },
  )

  test('the type of a problem is a page about it: text for a program, a page for a person', async () => {
    const { body } = await get('/v1/projects/nowhere')
    const text = await on.call('GET', String(body.type))
    expect([text.status, text.headers.get('content-type')]).toEqual([200, 'text/markdown; charset=utf-8'])
    const page = await on.call('GET', String(body.type), { headers: { accept: 'text/html' } })
    expect(page.headers.get('content-type')).toBe('text/html; charset=utf-8')
    expect(page.text).toContain('How to mend it')
  })
})

describe('the audit trail', () => {
  test('is intact after all of this', async () => {
    expect((await get('/v1/audit/verify')).body).toMatchObject({ intact: true, broken_at: null })
  })
})

describe('secrets', () => {
  test('none stands in clear in any table or in the log', async () => {
    await post('/v1/projects', { name: 'Blue Shop' })
    await post('/v1/projects/blue-shop/backups', { passphrase: 'correct horse battery' })
    const keys = (await get('/v1/projects/blue-shop/keys')).body
    const made = await post('/v1/tokens', { name: 'seen', scope: 'read' }, { 'idempotency-key': 'sealed' })
    const { link } = (await post('/v1/claims', {}, { 'idempotency-key': 'sealed-link' })).body
    const secrets = [
      owner,
      made.body.token,
      String(link).split('#')[1],
      keys.anon_key,
      keys.service_role_key,
      'correct horse battery',
    ].map(String)
    const tables =
      await on.sql`select table_name as name from information_schema.tables where table_schema = 'public'`
    expect(tables.length).toBeGreaterThanOrEqual(8)
    for (const { name } of tables) {
      const rows = JSON.stringify(await on.sql`select t::text from ${on.sql(name)} t`)
      for (const secret of secrets) expect(rows.includes(secret), `${name} holds a secret`).toBe(false)
    }
    expect(on.logged.length).toBeGreaterThan(30)
    for (const secret of secrets)
      expect(on.logged.join('').includes(secret), 'the log holds a secret').toBe(false)
  })
})
