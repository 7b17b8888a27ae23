/** Applications that users let in, added by an administrator or by themselves: by the methods of auth-js and a real OAuth client. */
import { decodeJwt } from 'jose'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createPeople } from '../harness/auth-people.ts'
import { type AuthPlace, USUAL } from '../harness/auth-place.ts'
import { CALLBACK, createApps, openApp, registerApp } from '../harness/oauth-apps.ts'
import { openAuth } from '../harness/open-auth.ts'

let auth: AuthPlace
const { signedUp } = createPeople(() => auth)
const { issuer, newApp, agree, signIn } = createApps(() => auth)

/** Only one test is about addresses: all of them come from one. */
const limits = { ...USUAL.rateLimits, trustedClientAddress: false }

beforeAll(async () => {
  auth = await openAuth({ oauthServer: { enabled: true }, rateLimits: limits })
})
afterAll(() => auth?.stop())

const admin = () => auth.admin().auth.admin

describe('admin.oauth', () => {
  const wish = { client_name: 'The shop', redirect_uris: [CALLBACK] }
  const made = async () => {
    const { data, error } = await admin().oauth.createClient(wish)
    if (error || !data) throw error ?? new Error('no client')
    return data
  }

  test('registers an application, and shows its secret then and at no other time', async () => {
    const client = await made()
    expect(client).toMatchObject({
      ...{ ...wish, client_type: 'confidential', token_endpoint_auth_method: 'client_secret_basic' },
      ...{ registration_type: 'manual', client_secret: expect.stringMatching(/^[\w-]{43}$/) },
      grant_types: ['authorization_code', 'refresh_token'],
    })
    const { data } = await admin().oauth.getClient(client.client_id)
    expect(data).toMatchObject({ ...wish, client_id: client.client_id })
    expect(data).not.toHaveProperty('client_secret')
  })

  test('lists applications by pages, the newest first', async () => {
    const [first, second] = [await made(), await made()]
    const { data } = await admin().oauth.listClients({ page: 1, perPage: 1 })
    expect(data.clients.map(({ client_id: id }) => id)).toEqual([second.client_id])
    expect(data).toMatchObject({ nextPage: 2, aud: 'authenticated' })
    const { data: next } = await admin().oauth.listClients({ page: 2, perPage: 1 })
    expect(next.clients.map(({ client_id: id }) => id)).toEqual([first.client_id])
  })

  test('changes an application, and gives it another secret', async () => {
    const client = await made()
    const change = { client_name: 'Shop', client_uri: 'https://shop.example' }
    const { data } = await admin().oauth.updateClient(client.client_id, change)
    expect(data).toMatchObject({ ...change, redirect_uris: [CALLBACK] })
    const { data: renewed } = await admin().oauth.regenerateClientSecret(client.client_id)
    expect(renewed?.client_secret).toMatch(/^[\w-]{43}$/)
    expect(renewed?.client_secret).not.toBe(client.client_secret)
  })

  test('takes an application away', async () => {
    const { client_id: id } = await made()
    expect((await admin().oauth.deleteClient(id)).error).toBeNull()
    const { error } = await admin().oauth.getClient(id)
    expect(error).toMatchObject({ status: 404, code: 'oauth_client_not_found' })
  })
})

describe('auth.oauth', () => {
  test.each(['basic', 'post', 'none'] as const)(
    'lets an application in that authenticates by %s, and it gets a token for that user',
    async (by) => {
      const { client, user } = await signedUp()
      const app = await newApp({ by })
      const { tokens, location } = await signIn(app, client, 'email profile')
      expect(new URL(location).searchParams.get('iss')).toBe(issuer())
      expect(decodeJwt(tokens.access_token)).toMatchObject({
        ...{ sub: user.id, client_id: app.app.id, scope: 'email profile', role: 'authenticated' },
      })
      const told = await app.userinfo(tokens.access_token, user.id)
      expect(told).toMatchObject({ sub: user.id, email: user.email })
      const next = await app.refresh(tokens.refresh_token ?? '')
      expect(next.refresh_token).not.toBe(tokens.refresh_token)
    },
  )

  test('shows who asks, for what, and where it leads', async () => {
    const { client, user, email } = await signedUp()
    const app = await newApp()
    const { location, authorizationId } = await app.depart('email phone')
    expect(location).toBe(`http://app.test/oauth/consent?authorization_id=${authorizationId}`)
    const { data } = await client.auth.oauth.getAuthorizationDetails(authorizationId)
    expect(data).toEqual({
      ...{ authorization_id: authorizationId, redirect_uri: CALLBACK, scope: 'email phone' },
      client: { id: app.app.id, name: 'The shop', uri: 'https://shop.example', logo_uri: '' },
      user: { id: user.id, email },
    })
  })

  test('does not ask again for what was agreed to', async () => {
    const { client } = await signedUp()
    const app = await newApp()
    await signIn(app, client, 'email')
    const again = await app.depart('email')
    const { data } = await client.auth.oauth.getAuthorizationDetails(again.authorizationId)
    if (!data || !('redirect_url' in data)) throw new Error('asked again')
    expect((await app.arrive(again, data.redirect_url)).access_token).toBeTruthy()
  })

  test('tells the application that the user refused', async () => {
    const { client } = await signedUp()
    const app = await newApp()
    const departure = await app.depart('email')
    const { authorizationId: id } = departure
    await client.auth.oauth.getAuthorizationDetails(id)
    const { data } = await client.auth.oauth.denyAuthorization(id, { skipBrowserRedirect: true })
    await expect(app.arrive(departure, data?.redirect_url ?? '')).rejects.toMatchObject({
      error: 'access_denied',
    })
    const { error } = await client.auth.oauth.approveAuthorization(id, { skipBrowserRedirect: true })
    expect(error).toMatchObject({ status: 400, code: 'validation_failed' })
  })

  test('leaves a question to the user who looked at it first', async () => {
    const [first, second] = [await signedUp(), await signedUp()]
    const { authorizationId: id } = await (await newApp()).depart('email')
    await first.client.auth.oauth.getAuthorizationDetails(id)
    const refused = [
      await second.client.auth.oauth.getAuthorizationDetails(id),
      await second.client.auth.oauth.approveAuthorization(id, { skipBrowserRedirect: true }),
      await second.client.auth.oauth.denyAuthorization(id, { skipBrowserRedirect: true }),
    ]
    for (const { error } of refused)
      expect(error).toMatchObject({ status: 404, code: 'oauth_authorization_not_found' })
  })

  test('lists what was granted, and takes it back with all that came of it', async () => {
    const { client, bearer } = await signedUp()
    const app = await newApp()
    const { tokens } = await signIn(app, client, 'email phone')
    const pending = await app.depart('email')
    const location = await agree(client, pending.authorizationId)
    const { data } = await client.auth.oauth.listGrants()
    expect(data).toMatchObject([
      {
        client: { id: app.app.id, name: 'The shop' },
        ...{ scopes: ['email', 'phone'], granted_at: expect.any(String) },
      },
    ])
    expect((await client.auth.oauth.revokeGrant({ clientId: app.app.id })).error).toBeNull()
    expect((await client.auth.oauth.listGrants()).data).toEqual([])
    await expect(app.refresh(tokens.refresh_token ?? '')).rejects.toMatchObject({ error: 'invalid_grant' })
    await expect(app.arrive(pending, location)).rejects.toMatchObject({ error: 'invalid_grant' })
    const asked = (token: string) => auth.call('GET', '/user', { bearer: token })
    expect([(await asked(tokens.access_token)).status, (await asked(bearer)).status]).toEqual([403, 200])
  })

  test('is not for applications themselves', async () => {
    const { client } = await signedUp()
    const { tokens } = await signIn(await newApp(), client, 'email')
    const answer = await auth.call('GET', '/user/oauth/grants', { bearer: tokens.access_token })
    expect([answer.status, answer.body.error_code]).toEqual([403, 'no_authorization'])
  })
})

describe('an application that registers itself', () => {
  const open = { oauthServer: { enabled: true, allowDynamicRegistration: true } }
  const LOCAL = 'http://127.0.0.1/cb'
  const register = (more: object) =>
    registerApp(issuer(), { client_name: 'Agent', redirect_uris: [LOCAL], ...more }, auth.fetch)
  const idOf = ({ client_id: id }: { client_id: string }) => id

  beforeAll(() => auth.set(open))
  afterAll(() => auth.set({}))

  test.each([
    ['none', undefined],
    ['client_secret_basic', 'basic'],
    ['client_secret_post', 'post'],
  ] as const)('by %s signs in whoever agrees', async (method, by) => {
    const made = await register({ token_endpoint_auth_method: method })
    const type = by === undefined ? 'public' : 'confidential'
    expect(made).toMatchObject({
      ...{ client_name: 'Agent', redirect_uris: [LOCAL], token_endpoint_auth_method: method },
      ...{ response_types: ['code'], grant_types: ['authorization_code', 'refresh_token'] },
    })
    const secret = made.client_secret as string | undefined
    expect(secret ?? null).toEqual(by === undefined ? null : expect.stringMatching(/^[\w-]{43}$/))
    const shown = await admin().oauth.getClient(idOf(made))
    expect(shown.data).toMatchObject({
      registration_type: 'dynamic',
      client_type: type,
      client_name: 'Agent',
    })

    // An app on somebody's machine takes whichever port is free.
    const settings = { id: idOf(made), redirectUri: 'http://127.0.0.1:51004/cb', secret, ...(by && { by }) }
    const app = await openApp(issuer(), settings, auth.fetch)
    const { client, user } = await signedUp()
    const departure = await app.depart('email')
    const { data: asked } = await client.auth.oauth.getAuthorizationDetails(departure.authorizationId)
    expect(asked).toMatchObject({ client: { id: idOf(made), name: 'Agent' }, scope: 'email' })
    const tokens = await app.arrive(departure, await agree(client, departure.authorizationId))
    expect(decodeJwt(tokens.access_token)).toMatchObject({ sub: user.id, client_id: idOf(made) })
    expect(await app.userinfo(tokens.access_token, user.id)).toMatchObject({ email: user.email })
    expect((await app.refresh(tokens.refresh_token ?? '')).access_token).toBeTruthy()
    const { data: grants } = await client.auth.oauth.listGrants()
    expect(grants).toMatchObject([{ client: { id: idOf(made) }, scopes: ['email'] }])
  })

  test('is let in by its own secret, and not by another’s', async () => {
    const posting = { token_endpoint_auth_method: 'client_secret_post' }
    const [one, other] = [await register(posting), await register(posting)]
    const secret = String(other.client_secret)
    const settings = { id: idOf(one), redirectUri: LOCAL, secret, by: 'post' as const }
    const app = await openApp(issuer(), settings, auth.fetch)
    const departure = await app.depart('email')
    const { client } = await signedUp()
    const location = await agree(client, departure.authorizationId)
    await expect(app.arrive(departure, location)).rejects.toMatchObject({ error: 'invalid_client' })
  })

  test('is told what of its metadata cannot be', async () => {
    const body = { redirect_uris: ['javascript:alert(1)'] }
    const answer = await auth.call('POST', '/oauth/clients/register', { body, key: null })
    expect(answer).toMatchObject({ status: 400, body: { error: 'invalid_redirect_uri' } })
  })

  test('does so ten times from one address, and no more for a while', async () => {
    await auth.set({ ...open, rateLimits: { ...limits, trustedClientAddress: true } })
    const body = { client_name: 'Agent', redirect_uris: [LOCAL] }
    // An edge puts the address there that it sees; where none is, it is taken from whoever asks.
    const headers = { 'x-real-ip': '203.0.113.78' }
    const ask = () => auth.call('POST', '/oauth/clients/register', { body, headers, key: null })
    for (let count = 1; count <= 10; count += 1) expect((await ask()).status, `${count}`).toBe(201)
    let last = await ask()
    // Each half minute there is room for one more.
    for (let count = 1; last.status === 201 && count <= 10; count += 1) last = await ask()
    expect([last.status, last.body.error_code]).toEqual([429, 'over_request_rate_limit'])
    expect(Number(last.headers.get('retry-after'))).toBeGreaterThan(0)
    await auth.set(open)
    expect((await ask()).status).toBe(201)
  })

  test('is refused where that is off, and what registered before goes on', async () => {
    const made = await register({ token_endpoint_auth_method: 'none' })
    await auth.set({})
    const body = { client_name: 'Agent', redirect_uris: [LOCAL] }
    const answer = await auth.call('POST', '/oauth/clients/register', { body, key: null })
    expect([answer.status, answer.body.error_code]).toEqual([
      403,
      'oauth_dynamic_client_registration_disabled',
    ])
    const app = await openApp(issuer(), { id: idOf(made), redirectUri: LOCAL }, auth.fetch)
    expect(app.server).not.toHaveProperty('registration_endpoint')
    const { client } = await signedUp()
    expect((await signIn(app, client, 'email')).tokens.access_token).toBeTruthy()
    await auth.set(open)
  })
})
