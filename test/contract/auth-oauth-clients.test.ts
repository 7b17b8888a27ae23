/** Applications of a project: registered by an administrator, and what they find out of the server. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type AuthRuntime, startAuthRuntime } from '../harness/auth-runtime.ts'
import { CALLBACK, createApps } from '../harness/oauth-apps.ts'
import { startPostgres, type TestPostgres } from '../harness/postgres.ts'

let pg: TestPostgres
let auth: AuthRuntime
const { issuer, newApp, askToken } = createApps(() => auth)

const ON = { oauthServer: { enabled: true } }

beforeAll(async () => {
  pg = await startPostgres()
  auth = await startAuthRuntime(pg, ON)
})
afterAll(async () => {
  await auth?.stop()
  await pg?.stop()
})

describe('an application', () => {
  const admin = () => auth.admin().auth.admin.oauth

  test('is registered, read, changed and taken away by an administrator', async () => {
    const uris = { client_name: 'The shop', redirect_uris: [CALLBACK] }
    const { data: made, error } = await admin().createClient(uris)
    expect(error).toBeNull()
    expect(made).toMatchObject({
      ...{ ...uris, client_type: 'confidential', token_endpoint_auth_method: 'client_secret_basic' },
      ...{ registration_type: 'manual', response_types: ['code'] },
      grant_types: ['authorization_code', 'refresh_token'],
    })
    const id = made?.client_id ?? ''
    expect((await admin().getClient(id)).data).toMatchObject(uris)
    const changed = await admin().updateClient(id, {
      client_name: 'Shop',
      client_uri: 'https://shop.example',
    })
    expect(changed.data).toMatchObject({ client_name: 'Shop', client_uri: 'https://shop.example' })
    expect((await admin().deleteClient(id)).error).toBeNull()
    expect((await admin().getClient(id)).error).toMatchObject({ status: 404, code: 'oauth_client_not_found' })
  })

  test('is listed by pages', async () => {
    for (const name of ['one', 'two', 'three'])
      await admin().createClient({ client_name: name, redirect_uris: [CALLBACK] })
    const { data } = await admin().listClients({ page: 1, perPage: 2 })
    expect(data.clients.map(({ client_name: name }) => name)).toEqual(['three', 'two'])
    expect(data).toMatchObject({ nextPage: 2, aud: 'authenticated' })
  })

  test('has its secret shown where it was made, and kept as a digest alone', async () => {
    const { data: made } = await admin().createClient({ client_name: 'x', redirect_uris: [CALLBACK] })
    const id = made?.client_id ?? ''
    expect(made?.client_secret).toMatch(/^[\w-]{43}$/)
    expect((await admin().getClient(id)).data).not.toHaveProperty('client_secret')
    const [row] = await pg.admin()`select * from auth.oauth_clients where id = ${id}`
    expect(JSON.stringify(row)).not.toContain(made?.client_secret)
    const { data: renewed } = await admin().regenerateClientSecret(id)
    expect(renewed?.client_secret).toMatch(/^[\w-]{43}$/)
    expect(renewed?.client_secret).not.toBe(made?.client_secret)
    const form = { grant_type: 'refresh_token', refresh_token: 'x', client_id: id }
    const basic = (secret = '') => ({ authorization: `Basic ${btoa(`${id}:${secret}`)}` })
    expect((await askToken(form, basic(made?.client_secret))).body.error).toBe('invalid_client')
    expect((await askToken(form, basic(renewed?.client_secret))).body.error).toBe('invalid_grant')
  })

  test('without a secret has none to renew', async () => {
    const { data } = await admin().createClient({
      ...{ client_name: 'x', redirect_uris: [CALLBACK], token_endpoint_auth_method: 'none' },
    })
    expect(data).toMatchObject({ client_type: 'public' })
    expect(data).not.toHaveProperty('client_secret')
    const { error } = await admin().regenerateClientSecret(data?.client_id ?? '')
    expect(error).toMatchObject({ code: 'validation_failed' })
  })
})

describe('the server', () => {
  test('describes itself in all the places where clients look', async () => {
    const places = [
      '/auth/v1/.well-known/oauth-authorization-server',
      '/auth/v1/.well-known/openid-configuration',
      '/.well-known/oauth-authorization-server/auth/v1',
      '/.well-known/oauth-authorization-server',
    ]
    for (const place of places) {
      const answer = await fetch(`${auth.url}${place}`)
      expect(await answer.json(), place).toMatchObject({
        ...{ issuer: issuer(), authorization_endpoint: `${issuer()}/oauth/authorize` },
        ...{ token_endpoint: `${issuer()}/oauth/token`, code_challenge_methods_supported: ['S256'] },
        authorization_response_iss_parameter_supported: true,
      })
    }
  })

  test('is not there unless it is on', async () => {
    const app = await newApp()
    await auth.set({ oauthServer: { enabled: false } })
    const asked = [
      ['GET', '/.well-known/oauth-authorization-server'],
      ['GET', `/oauth/authorize?client_id=${app.app.id}`],
      ['POST', '/oauth/token'],
      ['POST', '/oauth/clients/register'],
      ['GET', '/oauth/authorizations/x'],
      ['GET', '/user/oauth/grants'],
    ] as const
    for (const [method, path] of asked) {
      const answer = await auth.call(method, path)
      expect([answer.status, answer.body.error_code], path).toEqual([404, 'feature_disabled'])
    }
    const { error } = await auth.admin().auth.admin.oauth.listClients()
    expect(error).toMatchObject({ status: 404, code: 'feature_disabled' })
    await auth.set({})
  })
})
