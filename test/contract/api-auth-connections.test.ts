/** Applications and identity providers of a project by the control API and by the CLI, over the real runtime's socket. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import type { Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { askProjectAuth } from '@cascata/control/adapters/project-auth'
import { craftMetadata, makeIdpKey } from '@cascata/runtime/auth/saml/responses-harness'
import { AuthClient } from '@cascata/shared/contract/auth-clients'
import { AuthSsoProvider } from '@cascata/shared/contract/auth-sso'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { z } from 'zod'
import { type AuthRuntime, startAuthRuntime } from '../harness/auth-runtime.ts'
import { cliFor } from '../harness/cli.ts'
import { startPostgres, type TestPostgres } from '../harness/postgres.ts'
import { openTestControl, type TestControl } from './control.ts'
import { openRuntimeDoor, serveControl } from './control-doors.ts'

const NOBODY = '00000000-0000-4000-8000-000000000000'
const CLIENTS = '/v1/projects/shop/auth/clients'
const SSO = '/v1/projects/shop/auth/sso'
const CALLBACK = 'https://app.example.com/callback'
const ON = { oauthServer: { enabled: true }, saml: { enabled: true } }

let pg: TestPostgres
let runtime: AuthRuntime
let on: TestControl
let owner: string
let folder: string
let door: Server
let cli: Awaited<ReturnType<typeof serveControl>>

beforeAll(async () => {
  pg = await startPostgres()
  runtime = await startAuthRuntime(pg, ON)
  folder = await mkdtemp(join(tmpdir(), 'cascata-connections-'))
  const secrets = {
    ...{ jwtSecret: '', anonKey: '', serviceRoleKey: runtime.keys.service },
    passwords: pg.passwords,
  }
  const askAuth = askProjectAuth({ httpDirOf: () => folder, secretsOf: async () => secrets })
  on = await openTestControl({ askAuth })
  owner = await on.claim()
  await on.call('POST', '/v1/projects', { as: owner, body: { name: 'shop', ref: 'shop' } })
  await on.store.projects.recordObserved('shop', { generation: 1, state: 'running', problem: null })
  door = await openRuntimeDoor(folder, runtime.url)
  cli = await serveControl(on, { folder, owner })
})
afterAll(async () => {
  cli?.close()
  door?.close()
  await runtime?.stop()
  await on?.stop()
  await pg?.stop()
  await rm(folder, { recursive: true, force: true })
})

const call = (method: string, path: string, body?: object, headers = {}) =>
  on.call(method, path, { as: owner, headers, ...(body && { body }) })
const lastAudit = async () => (await call('GET', '/v1/audit')).body.items?.[0]

/** What the token endpoint says of the application itself: a code that nobody has is worth nothing to either. */
async function said(id: string, secret: string): Promise<unknown> {
  const form = { grant_type: 'authorization_code', code: 'none', code_verifier: 'none' }
  const { body } = await runtime.call('POST', '/oauth/token', {
    key: null,
    body: new URLSearchParams(form).toString(),
    headers: {
      'content-type': 'application/x-www-form-urlencoded',
      authorization: `Basic ${Buffer.from(`${id}:${secret}`).toString('base64')}`,
    },
  })
  return body.error
}

const { certificate } = makeIdpKey()
const metadata = (name: string) =>
  craftMetadata({
    ...{ entityId: `https://${name}.example`, signInUrl: 'https://idp.example/sso' },
    certificates: [certificate],
  })

describe('an application', () => {
  test('is made with a secret that is good, shown without it, changed and taken away', async () => {
    const wish = { client_name: 'The shop', redirect_uris: [CALLBACK] }
    const { status, body, headers } = await call('POST', CLIENTS, wish)
    expect([status, headers.get('cache-control')]).toEqual([201, 'no-store'])
    const { client_id: id, client_secret: secret = '' } = AuthClient.parse(body)
    expect(await said(id, secret)).toBe('invalid_grant')
    expect(await said(id, `${secret}x`)).toBe('invalid_client')
    const shown = await call('GET', `${CLIENTS}/${id}`)
    expect(shown.body).toMatchObject(wish)
    expect(shown.text).not.toContain(secret)
    const changed = await call('PATCH', `${CLIENTS}/${id}`, { client_name: 'Shop' })
    expect(changed.body).toMatchObject({ client_name: 'Shop', redirect_uris: [CALLBACK] })
    expect((await call('DELETE', `${CLIENTS}/${id}`)).status).toBe(204)
    expect((await call('GET', `${CLIENTS}/${id}`)).body).toMatchObject({ code: 'auth-client-not-found' })
    expect(await said(id, secret)).toBe('invalid_client')
  })

  test('gets a new secret, and the one of before is void', async () => {
    const { body } = await call('POST', CLIENTS, { redirect_uris: [CALLBACK] })
    const { client_id: id, client_secret: before = '' } = AuthClient.parse(body)
    const renewed = await call('POST', `${CLIENTS}/${id}/secret`)
    const { client_secret: after = '' } = AuthClient.parse(renewed.body)
    expect([renewed.status, await said(id, before), await said(id, after)]).toEqual([
      ...[200, 'invalid_client', 'invalid_grant'],
    ])
  })

  test('is written down with where it may send people, and never with its secret', async () => {
    const { body } = await call('POST', CLIENTS, { client_name: 'Quiet', redirect_uris: [CALLBACK] })
    const { client_secret: secret = 'none' } = AuthClient.parse(body)
    expect(await lastAudit()).toMatchObject({
      ...{ action: 'auth.client.create', target: 'shop' },
      detail: { name: 'Quiet', redirect_uris: [CALLBACK] },
    })
    expect((await call('GET', '/v1/audit?limit=200')).text).not.toContain(secret)
    expect(on.logged.join('\n')).not.toContain(secret)
  })

  test('made with a key of idempotency is made once, and has one secret', async () => {
    const headers = { 'idempotency-key': 'register-once' }
    const [made, again] = [
      await call('POST', CLIENTS, { redirect_uris: [CALLBACK] }, headers),
      await call('POST', CLIENTS, { redirect_uris: [CALLBACK] }, headers),
    ]
    expect(again.body).toEqual(made.body)
  })

  test('is on one page of the list', async () => {
    const seen: unknown[] = []
    let cursor: unknown = ''
    do {
      const { body } = await call('GET', `${CLIENTS}?limit=1${cursor === '' ? '' : `&cursor=${cursor}`}`)
      expect(body.items).toHaveLength(1)
      seen.push(body.items?.[0]?.client_id)
      cursor = body.next_cursor
    } while (cursor !== null)
    expect(seen.length).toBeGreaterThan(1)
    expect(new Set(seen).size).toBe(seen.length)
  })

  test.each([
    ['that sends people to anybody', { redirect_uris: ['http://app.example.com/cb'] }, 'auth-refused'],
    ['that has nowhere to send people', { redirect_uris: [] }, 'request-invalid'],
    ['with a member of no name that is known', { redirect_uris: [CALLBACK], nmae: 'x' }, 'request-invalid'],
  ])('%s is refused', async (_what, wish, code) => {
    expect((await call('POST', CLIENTS, wish)).body).toMatchObject({ code })
  })

  test('is refused where the project is no OAuth server, in auth’s own words', async () => {
    await runtime.set({ oauthServer: { enabled: false } })
    const { status, body } = await call('GET', CLIENTS)
    await runtime.set({})
    expect([status, body.code, body.detail]).toEqual([
      ...[422, 'auth-refused', expect.stringContaining('feature_disabled')],
    ])
  })
})

describe('an identity provider', () => {
  test('is added, sends its people to itself, is changed and removed', async () => {
    const wish = { metadata_xml: metadata('one'), domains: ['one.example'], resource_id: 'crm' }
    const { status, body } = await call('POST', SSO, wish)
    const { id, saml } = AuthSsoProvider.parse(body)
    expect([status, saml.entity_id]).toEqual([201, 'https://one.example'])
    const { data } = await runtime.client().auth.signInWithSSO({ domain: 'one.example' })
    expect(data?.url).toMatch(/^https:\/\/idp\.example\/sso\?/)
    expect((await call('GET', `${SSO}/${id}`)).body).toMatchObject({
      saml: { metadata_xml: wish.metadata_xml },
    })
    const { text } = await call('GET', SSO)
    expect(text).toContain(id)
    expect(text).not.toContain('EntityDescriptor')
    const changed = await call('PATCH', `${SSO}/${id}`, { disabled: true })
    expect(changed.body).toMatchObject({ disabled: true, domains: [{ domain: 'one.example' }] })
    expect((await call('DELETE', `${SSO}/${id}`)).status).toBe(204)
    expect((await call('GET', SSO)).body).toEqual({ items: [] })
  })

  test('is written down by its domains, without its metadata', async () => {
    const { body } = await call('POST', SSO, { metadata_xml: metadata('quiet'), domains: ['quiet.example'] })
    expect(await lastAudit()).toMatchObject({
      ...{ action: 'auth.sso.create', detail: { domains: ['quiet.example'] } },
    })
    await call('DELETE', `${SSO}/${body.id}`)
    expect(await lastAudit()).toMatchObject({ action: 'auth.sso.delete', detail: { provider: body.id } })
    expect((await call('GET', '/v1/audit?limit=200')).text).not.toContain('EntityDescriptor')
  })

  test('that has what is another’s is refused, and says what', async () => {
    await call('POST', SSO, { metadata_xml: metadata('first'), domains: ['first.example'] })
    for (const [wish, words] of [
      [{ metadata_xml: metadata('first') }, 'entityID'],
      [{ metadata_xml: metadata('second'), domains: ['first.example'] }, 'first.example'],
    ] as const) {
      const { status, body } = await call('POST', SSO, wish)
      expect([status, body.code]).toEqual([409, 'auth-sso-provider-exists'])
      expect(body.detail).toContain(words)
    }
  })

  test('that is not there, or of which nothing is said, is refused', async () => {
    for (const [method, path, code] of [
      ['GET', `${SSO}/${NOBODY}`, 'auth-sso-provider-not-found'],
      ['DELETE', `${SSO}/${NOBODY}`, 'auth-sso-provider-not-found'],
      ['GET', `${SSO}/resource_crm`, 'request-invalid'],
    ] as const)
      expect((await call(method, path)).body, path).toMatchObject({ code })
    expect((await call('POST', SSO, {})).body).toMatchObject({ code: 'auth-refused' })
    expect((await call('PATCH', `${SSO}/${NOBODY}`, {})).body).toMatchObject({ code: 'auth-refused' })
  })
})

describe('by the CLI', () => {
  const run = (...argv: string[]) => cliFor(cli.profile).run('auth', ...argv)
  const clients = (...argv: string[]) => cliFor(cli.profile).json(AuthClient, 'auth', 'clients', ...argv)
  const sso = (...argv: string[]) => cliFor(cli.profile).json(AuthSsoProvider, 'auth', 'sso', ...argv)

  test('an application is made, shown, changed, given a new secret and deleted', async () => {
    const made = await clients('create', 'shop', '--name', 'By hand', '--redirect-uri', CALLBACK)
    const { client_id: id } = made
    expect(await said(id, made.client_secret ?? '')).toBe('invalid_grant')
    expect(await clients('get', 'shop', id)).toMatchObject({ client_name: 'By hand' })
    const changed = await clients('update', 'shop', id, '--method', 'client_secret_post')
    expect(changed).toMatchObject({ token_endpoint_auth_method: 'client_secret_post' })
    const { stdout } = await run('clients', 'list', 'shop')
    expect(stdout).toMatch(/^ID +NAME +TYPE/)
    expect(stdout).toMatch(new RegExp(`${id} +By hand +confidential +manual +${CALLBACK}`))
    const careless = await run('clients', 'regenerate-secret', 'shop', id)
    expect(careless).toMatchObject({ code: 2, stderr: expect.stringContaining('--yes') })
    const renewed = await clients('regenerate-secret', 'shop', id, '--yes')
    expect(renewed.client_secret).not.toBe(made.client_secret)
    expect(await run('clients', 'delete', 'shop', id)).toMatchObject({ code: 2 })
    expect((await run('clients', 'delete', 'shop', id, '--yes')).code).toBe(0)
    expect((await run('clients', 'get', 'shop', id)).code).toBe(4)
  })

  test('an application without a secret is made for a phone', async () => {
    const made = await clients('create', 'shop', '--redirect-uri', 'com.example.app:/cb', '--method', 'none')
    expect([made.client_type, made.client_secret]).toEqual(['public', undefined])
    expect((await run('clients', 'create', 'shop')).stderr).toContain('--redirect-uri')
  })

  test('an identity provider is added, found by its domain, changed and removed', async () => {
    const file = join(folder, 'metadata.xml')
    await writeFile(file, metadata('cli'))
    const more = ['--domain', 'cli.example', '--domain', 'cli.test', '--resource-id', 'cli']
    const made = await sso('add', 'shop', '--metadata-file', file, ...more)
    expect(made.domains).toMatchObject([{ domain: 'cli.example' }, { domain: 'cli.test' }])
    for (const name of [made.id, 'CLI.example', 'cli', 'https://cli.example'])
      expect((await sso('get', 'shop', name)).id, name).toBe(made.id)
    const mapping = '{"keys":{"name":{"name":"displayName"}}}'
    const changed = await sso('update', 'shop', 'cli', '--attribute-mapping', mapping, '--disabled')
    expect(changed).toMatchObject({ disabled: true, saml: { attribute_mapping: JSON.parse(mapping) } })
    expect(await sso('update', 'shop', 'cli', '--enabled')).toMatchObject({ disabled: false })
    const listed = await cliFor(cli.profile).json(z.array(AuthSsoProvider), 'auth', 'sso', 'list', 'shop')
    expect(listed.map(({ id }) => id)).toContain(made.id)
    expect((await run('sso', 'list', 'shop')).stdout).toMatch(
      /on +cli\.example cli\.test +https:\/\/cli\.example/,
    )
    expect((await run('sso', 'get', 'shop', 'cli')).stdout).toMatch(/metadata_xml +\d+ characters/)
    expect(await run('sso', 'remove', 'shop', 'cli')).toMatchObject({ code: 2 })
    expect((await run('sso', 'remove', 'shop', 'cli', '--yes')).code).toBe(0)
    expect(await run('sso', 'get', 'shop', 'cli')).toMatchObject({
      ...{ code: 4, stderr: expect.stringContaining('no identity provider cli') },
    })
    expect((await run('sso', 'add', 'shop')).stderr).toContain('--metadata-url or --metadata-file')
  })
})
