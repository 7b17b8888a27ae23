/** What the authorization server refuses: each way around it, tried. */
import type { App } from '@cascata/runtime/auth/authorization/client-harness'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createPeople, refusal } from '../harness/auth-people.ts'
import { type AuthRuntime, startAuthRuntime } from '../harness/auth-runtime.ts'
import { CALLBACK, createApps, oauthRefusalOf } from '../harness/oauth-apps.ts'
import { startPostgres, type TestPostgres } from '../harness/postgres.ts'

const MINUTE_MS = 60_000

let pg: TestPostgres
let auth: AuthRuntime
const { signedUp, post } = createPeople(() => auth)
const { newApp, codeFor, askToken } = createApps(() => auth)

beforeAll(async () => {
  pg = await startPostgres()
  auth = await startAuthRuntime(pg, { oauthServer: { enabled: true }, manualLinking: true })
})
afterAll(async () => {
  await auth?.stop()
  await pg?.stop()
})

const basicOf = ({ app }: App) => ({ authorization: `Basic ${btoa(`${app.id}:${app.secret}`)}` })

/** As a client would spend it, but for what is given. */
const spend = (
  app: App,
  { departure, code }: Awaited<ReturnType<typeof codeFor>>,
  more: Record<string, string> = {},
) => {
  const form = { grant_type: 'authorization_code', code, redirect_uri: app.app.redirectUri }
  return askToken({ ...form, code_verifier: departure.verifier, ...more }, basicOf(app))
}

describe('the question of an application', () => {
  const query = (app: App, more: Record<string, string | null> = {}) => {
    const usual = {
      ...{ client_id: app.app.id, redirect_uri: app.app.redirectUri, response_type: 'code', scope: 'email' },
      ...{ state: 's', code_challenge: 'a'.repeat(43), code_challenge_method: 'S256' },
    }
    const all = Object.entries({ ...usual, ...more }).filter(
      (pair): pair is [string, string] => pair[1] !== null,
    )
    return new URLSearchParams(all)
  }
  const ask = (params: URLSearchParams) => auth.call('GET', `/oauth/authorize?${params}`, { key: null })

  test.each([
    [
      'an address that is not registered',
      { redirect_uri: 'https://evil.example/callback' },
      'validation_failed',
    ],
    ['one below a registered one', { redirect_uri: `${CALLBACK}/../evil` }, 'validation_failed'],
    [
      'one with a query of its own',
      { redirect_uri: `${CALLBACK}?next=https://evil.example` },
      'validation_failed',
    ],
    ['no address', { redirect_uri: null }, 'validation_failed'],
    [
      'a client that is none',
      { client_id: '00000000-0000-4000-8000-000000000000' },
      'oauth_client_not_found',
    ],
    ['a client by a name that is no id', { client_id: "x' or true --" }, 'oauth_client_not_found'],
    ['no client', { client_id: null }, 'validation_failed'],
  ])('with %s is answered here, and nobody is sent anywhere', async (_what, more, code) => {
    const answer = await ask(query(await newApp(), more))
    expect(refusal(answer)).toBe(`400 ${code}`)
    expect(answer.headers.get('location')).toBeNull()
  })

  test('with two addresses leads to neither', async () => {
    const params = query(await newApp())
    params.append('redirect_uri', 'https://evil.example/')
    const answer = await ask(params)
    expect([answer.status, answer.headers.get('location')]).toEqual([400, null])
  })

  test.each([
    ['no challenge', { code_challenge: null }, 'invalid_request'],
    ['the method plain', { code_challenge_method: 'plain' }, 'invalid_request'],
    ['no method, which is plain', { code_challenge_method: null }, 'invalid_request'],
    ['a challenge that is no SHA-256', { code_challenge: 'a'.repeat(44) }, 'invalid_request'],
    ['the implicit flow', { response_type: 'token' }, 'unsupported_response_type'],
    ['an answer in the fragment', { response_mode: 'fragment' }, 'invalid_request'],
    ['a scope that is none', { scope: 'email admin' }, 'invalid_scope'],
    ['a request object', { request: 'eyJ' }, 'request_not_supported'],
    ['no question to the user', { prompt: 'none' }, 'interaction_required'],
    ['a resource with a fragment', { resource: 'https://api.example/#x' }, 'invalid_request'],
    ['a nonce with NUL', { nonce: 'a\0b' }, 'invalid_request'],
    ['a nonce without end', { nonce: 'n'.repeat(256) }, 'invalid_request'],
  ])('with %s goes back to the client, with its state and who says so', async (_what, more, error) => {
    const answer = await ask(query(await newApp(), more))
    const back = new URL(answer.headers.get('location') ?? '')
    expect(answer.status).toBe(302)
    expect(`${back.origin}${back.pathname}`).toBe(CALLBACK)
    expect(Object.fromEntries(back.searchParams)).toMatchObject({
      error,
      state: 's',
      iss: `${auth.url}/auth/v1`,
    })
    expect(back.searchParams.has('code')).toBe(false)
  })

  test('with a parameter twice goes back as invalid_request', async () => {
    const params = query(await newApp())
    params.append('scope', 'phone')
    const back = new URL((await ask(params)).headers.get('location') ?? '')
    expect(back.searchParams.get('error')).toBe('invalid_request')
  })

  test('of a client that has gone is refused', async () => {
    const app = await newApp()
    await auth.admin().auth.admin.oauth.deleteClient(app.app.id)
    expect(refusal(await ask(query(app)))).toBe('400 oauth_client_not_found')
  })
})

describe('consent', () => {
  test('that is refused goes back as access_denied, and no code comes of it', async () => {
    const { client } = await signedUp()
    const app = await newApp()
    const departure = await app.depart('email')
    await client.auth.oauth.getAuthorizationDetails(departure.authorizationId)
    const { data } = await client.auth.oauth.denyAuthorization(departure.authorizationId, {
      skipBrowserRedirect: true,
    })
    await expect(app.arrive(departure, data?.redirect_url ?? '')).rejects.toMatchObject({
      error: 'access_denied',
    })
    const { error } = await client.auth.oauth.approveAuthorization(departure.authorizationId, {
      skipBrowserRedirect: true,
    })
    expect(error).toMatchObject({ code: 'validation_failed' })
  })

  test('is the user’s who looked first, and nobody else’s', async () => {
    const [first, second] = [await signedUp(), await signedUp()]
    const { authorizationId: id } = await (await newApp()).depart('email')
    await first.client.auth.oauth.getAuthorizationDetails(id)
    const gone = { status: 404, code: 'oauth_authorization_not_found' }
    expect((await second.client.auth.oauth.getAuthorizationDetails(id)).error).toMatchObject(gone)
    expect((await second.client.auth.oauth.approveAuthorization(id)).error).toMatchObject(gone)
    expect((await second.client.auth.oauth.denyAuthorization(id)).error).toMatchObject(gone)
  })

  test('is given by nobody who has not looked', async () => {
    const { client } = await signedUp()
    const { authorizationId: id } = await (await newApp()).depart('email')
    expect((await client.auth.oauth.approveAuthorization(id)).error).toMatchObject({
      code: 'oauth_authorization_not_found',
    })
  })

  test('is not given in somebody’s name without being that person', async () => {
    const { authorizationId: id } = await (await newApp()).depart('email')
    expect(refusal(await auth.call('GET', `/oauth/authorizations/${id}`))).toBe('401 no_authorization')
    expect(refusal(await post(`/oauth/authorizations/${id}/consent`, undefined, { action: 'approve' }))).toBe(
      '401 no_authorization',
    )
  })

  test('for a question of another project, or that is none, is not found', async () => {
    const { client } = await signedUp()
    for (const id of ['A'.repeat(32), "x' or true --", '00000000-0000-4000-8000-000000000000']) {
      const { error } = await client.auth.oauth.getAuthorizationDetails(id)
      expect(error).toMatchObject({ status: 404, code: 'oauth_authorization_not_found' })
    }
  })

  test('comes too late after ten minutes', async () => {
    const { client } = await signedUp()
    const { authorizationId: id } = await (await newApp()).depart('email')
    await client.auth.oauth.getAuthorizationDetails(id)
    auth.clock.offsetMs = 10 * MINUTE_MS
    expect((await client.auth.oauth.approveAuthorization(id)).error).toMatchObject({
      code: 'oauth_authorization_not_found',
    })
    auth.clock.offsetMs = 0
  })

  test('is not taken from the page of another site', async () => {
    const { bearer } = await signedUp()
    const { authorizationId: id } = await (await newApp()).depart('email')
    const from = (origin: string) =>
      auth.call('GET', `/oauth/authorizations/${id}`, { bearer, headers: { origin } })
    expect(refusal(await from('https://evil.example'))).toBe('400 validation_failed')
    expect((await from('http://app.test')).status).toBe(200)
  })

  test('leads nowhere that is registered no more', async () => {
    const { client } = await signedUp()
    const app = await newApp()
    const { authorizationId: id } = await app.depart('email')
    await client.auth.oauth.getAuthorizationDetails(id)
    await auth.admin().auth.admin.oauth.updateClient(app.app.id, { redirect_uris: ['https://new.example/'] })
    expect((await client.auth.oauth.approveAuthorization(id)).error).toMatchObject({
      code: 'oauth_authorization_not_found',
    })
  })
})

describe('a code', () => {
  test.each([
    ['without the verifier', { code_verifier: '' }],
    ['with another verifier', { code_verifier: 'b'.repeat(43) }],
    ['with the challenge for a verifier', { code_verifier: 'x' }],
    ['with another address', { redirect_uri: 'https://evil.example/' }],
    ['for another resource', { resource: 'https://other.example/' }],
  ])('is refused %s, and is spent by that', async (_what, more) => {
    const { client } = await signedUp()
    const app = await newApp()
    const got = await codeFor(app, client)
    expect(oauthRefusalOf(await spend(app, got, more))).toBe('400 invalid_grant')
    expect(oauthRefusalOf(await spend(app, got))).toBe('400 invalid_grant')
  })

  test('of another client is refused, and stays that client’s', async () => {
    const { client } = await signedUp()
    const [app, thief] = [await newApp(), await newApp()]
    const got = await codeFor(app, client)
    expect(oauthRefusalOf(await spend(thief, got))).toBe('400 invalid_grant')
    expect((await spend(app, got)).status).toBe(200)
  })

  test('that comes twice ends what came of it', async () => {
    const { client } = await signedUp()
    const app = await newApp()
    const got = await codeFor(app, client)
    const { body } = await spend(app, got)
    const bearer = String(body.access_token)
    expect((await auth.call('GET', '/user', { bearer })).status).toBe(200)
    expect(oauthRefusalOf(await spend(app, got))).toBe('400 invalid_grant')
    expect(refusal(await auth.call('GET', '/user', { bearer }))).toBe('403 session_not_found')
    await expect(app.refresh(String(body.refresh_token))).rejects.toMatchObject({ error: 'invalid_grant' })
  })

  test('that comes ten times at once is spent once', async () => {
    const { client } = await signedUp()
    const app = await newApp()
    const got = await codeFor(app, client)
    const answers = await Promise.all(Array.from({ length: 10 }, () => spend(app, got)))
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1)
  })

  test('has run out after ten minutes', async () => {
    const { client } = await signedUp()
    const app = await newApp()
    const got = await codeFor(app, client)
    auth.clock.offsetMs = 10 * MINUTE_MS
    expect(oauthRefusalOf(await spend(app, got))).toBe('400 invalid_grant')
    auth.clock.offsetMs = 0
  })

  test('of a user who is banned meanwhile is refused', async () => {
    const { client, user } = await signedUp()
    const app = await newApp()
    const got = await codeFor(app, client)
    await auth.admin().auth.admin.updateUserById(user.id, { ban_duration: '1h' })
    expect(oauthRefusalOf(await spend(app, got))).toBe('400 invalid_grant')
  })

  test('stands nowhere as it is', async () => {
    const { client } = await signedUp()
    const { code } = await codeFor(await newApp(), client)
    const rows = await pg.admin()`select * from auth.oauth_authorizations`
    expect(code).toHaveLength(43)
    expect(JSON.stringify(rows)).not.toContain(code)
    expect(auth.log.join('\n')).not.toContain(code)
  })

  test('that nobody gave is refused', async () => {
    const app = await newApp()
    const got = { departure: await app.depart('email'), code: 'sha256:x' }
    expect(oauthRefusalOf(await spend(app, got))).toBe('400 invalid_grant')
  })
})
