/** A project as the authorization server of applications: judged by a real OAuth client library and by auth-js. */
import type { App } from '@cascata/runtime/auth/authorization/client-harness'
import { createRemoteJWKSet, decodeJwt, exportJWK, generateKeyPair, jwtVerify } from 'jose'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createPeople } from '../harness/auth-people.ts'
import { type AuthRuntime, startAuthRuntime } from '../harness/auth-runtime.ts'
import { CALLBACK, createApps } from '../harness/oauth-apps.ts'
import { startPostgres, type TestPostgres } from '../harness/postgres.ts'

let pg: TestPostgres
let auth: AuthRuntime
const { signedUp, signedIn, enrolled, nextCode } = createPeople(() => auth)
const { issuer, newApp, agree, signIn } = createApps(() => auth)

const ON = { oauthServer: { enabled: true } }

beforeAll(async () => {
  pg = await startPostgres()
  auth = await startAuthRuntime(pg, ON)
})
afterAll(async () => {
  await auth?.stop()
  await pg?.stop()
})

const signingKey = async () => {
  const { privateKey } = await generateKeyPair('ES256', { extractable: true })
  return { ...(await exportJWK(privateKey)), kid: 'now', alg: 'ES256', key_ops: ['sign', 'verify'] }
}

describe('a sign-in with this project', () => {
  test.each(['basic', 'post', 'none'] as const)(
    'of a client that authenticates by %s ends with tokens for that user and that client',
    async (by) => {
      const { client, user } = await signedUp()
      const app = await newApp({ by })
      const { tokens, location } = await signIn(app, client, 'email profile')
      expect(new URL(location).searchParams.get('iss')).toBe(issuer())
      expect(tokens).toMatchObject({ token_type: 'bearer', expires_in: 3600, scope: 'email profile' })
      const claims = decodeJwt(tokens.access_token)
      expect(claims).toMatchObject({
        ...{
          sub: user.id,
          client_id: app.app.id,
          scope: 'email profile',
          role: 'authenticated',
          aal: 'aal1',
        },
        amr: [{ method: 'oauth_provider/authorization_code' }],
      })
      const [session] = await pg.admin()`select * from auth.sessions where id = ${String(claims.session_id)}`
      expect(session).toMatchObject({ oauth_client_id: app.app.id, scopes: 'email profile' })
      const who = await auth.call('GET', '/user', { bearer: tokens.access_token })
      expect(who).toMatchObject({ status: 200, body: { id: user.id } })
    },
  )

  test('shows the user who asks, for what, and where it leads', async () => {
    const { client, user, email } = await signedUp()
    const app = await newApp()
    const departure = await app.depart('email phone')
    expect(departure.location).toBe(
      `http://app.test/oauth/consent?authorization_id=${departure.authorizationId}`,
    )
    const { data } = await client.auth.oauth.getAuthorizationDetails(departure.authorizationId)
    expect(data).toEqual({
      ...{ authorization_id: departure.authorizationId, redirect_uri: CALLBACK, scope: 'email phone' },
      client: { id: app.app.id, name: 'The shop', uri: 'https://shop.example', logo_uri: '' },
      user: { id: user.id, email },
    })
  })

  test('is not asked for again what was agreed to, but for more', async () => {
    const { client } = await signedUp()
    const app = await newApp()
    await signIn(app, client, 'email')
    const again = await app.depart('email')
    const { data } = await client.auth.oauth.getAuthorizationDetails(again.authorizationId)
    if (!data || !('redirect_url' in data)) throw new Error('asked again')
    expect((await app.arrive(again, data.redirect_url)).access_token).toBeTruthy()
    const more = await app.depart('email phone')
    const { data: asked } = await client.auth.oauth.getAuthorizationDetails(more.authorizationId)
    expect(asked).toHaveProperty('authorization_id')
  })

  test('is asked for each time on the loopback, where any program could be the client', async () => {
    const { client } = await signedUp()
    const app = await newApp({ by: 'none', redirectUri: 'http://127.0.0.1:51004/cb' })
    await signIn(app, client, 'email')
    const again = await app.depart('email')
    const { data } = await client.auth.oauth.getAuthorizationDetails(again.authorizationId)
    expect(data).toHaveProperty('authorization_id')
  })

  test('gives the scope that is set where none is asked for', async () => {
    const { client } = await signedUp()
    const app = await newApp()
    const departure = await app.depart('', { scope: null })
    const tokens = await app.arrive(departure, await agree(client, departure.authorizationId))
    expect(tokens.scope).toBe('email')
  })

  test('leaves the user’s own sessions alone where there is one per user', async () => {
    await auth.set({ ...ON, sessions: { singlePerUser: true } })
    const { client, bearer, email } = await signedUp()
    const { tokens } = await signIn(await newApp(), client, 'email')
    expect((await auth.call('GET', '/user', { bearer })).status).toBe(200)
    await auth.client().auth.signInWithPassword({ email, password: 'a long enough passphrase 4711' })
    expect((await auth.call('GET', '/user', { bearer })).status).toBe(403)
    expect((await auth.call('GET', '/user', { bearer: tokens.access_token })).status).toBe(200)
    await auth.set({})
  })
})

describe('an ID token', () => {
  const signedFor = async (scope: string, by: 'basic' | 'none' = 'basic') => {
    const person = await signedUp()
    const app = await newApp({ by })
    return { person, app, ...(await signIn(app, person.client, scope)) }
  }

  test('is signed with the project’s key, and says of the user what was asked for', async () => {
    await auth.set({ ...ON, jwt: { keys: [await signingKey()] } })
    const { tokens, app, person, departure } = await signedFor('openid email', 'none')
    const keys = createRemoteJWKSet(new URL(app.server.jwks_uri ?? ''))
    const { payload } = await jwtVerify(tokens.id_token ?? '', keys, {
      ...{ issuer: issuer(), audience: app.app.id, subject: person.user.id },
    })
    expect(payload).toMatchObject({ email: person.email, email_verified: true, nonce: departure.nonce })
    expect(payload).not.toHaveProperty('phone_number')
    expect(payload.auth_time).toBeTypeOf('number')
    await auth.set({})
  })

  test('is signed with the client’s secret where the project has no key that others could check', async () => {
    const { tokens, app } = await signedFor('openid profile')
    const secret = new TextEncoder().encode(app.app.secret)
    const { payload } = await jwtVerify(tokens.id_token ?? '', secret, { audience: app.app.id })
    expect(payload).not.toHaveProperty('email')
    await expect(jwtVerify(tokens.id_token ?? '', new TextEncoder().encode(auth.secret))).rejects.toThrow()
  })

  test('is not promised to a client that has neither', async () => {
    const person = await signedUp()
    const app = await newApp({ by: 'none' })
    const departure = await app.depart('openid email')
    const location = await agree(person.client, departure.authorizationId)
    const tokens = await app.arrive({ ...departure, scope: 'email' }, location)
    expect(tokens.scope).toBe('email')
    expect(tokens).not.toHaveProperty('id_token')
  })

  test('is no access token, neither of REST nor of auth', async () => {
    await auth.set({ ...ON, jwt: { keys: [await signingKey()] } })
    const { tokens } = await signedFor('openid email')
    const bearer = tokens.id_token ?? ''
    expect((await auth.call('GET', '/user', { bearer })).status).toBe(403)
    const headers = { apikey: auth.keys.anon, authorization: `Bearer ${bearer}` }
    expect((await fetch(`${auth.url}/rest/v1/`, { headers })).status).toBe(401)
    const usual = { ...headers, authorization: `Bearer ${tokens.access_token}` }
    expect((await fetch(`${auth.url}/rest/v1/`, { headers: usual })).status).toBe(200)
    await auth.set({})
  })
})

describe('the userinfo endpoint', () => {
  const told = async (scope: string) => {
    const { client, user } = await signedUp()
    await client.auth.updateUser({ data: { name: 'Ada', avatar_url: 'https://a.example/a.png' } })
    const app = await newApp()
    const { tokens } = await signIn(app, client, scope)
    return { user, said: await app.userinfo(tokens.access_token, user.id) }
  }

  test('says what was granted', async () => {
    const { said, user } = await told('openid email profile')
    expect(said).toMatchObject({
      ...{ sub: user.id, email: user.email, email_verified: true, name: 'Ada' },
      picture: 'https://a.example/a.png',
    })
    expect(said).not.toHaveProperty('phone_number')
  })

  test('says nothing that was not', async () => {
    const { said, user } = await told('phone')
    expect(said).toEqual({ sub: user.id, phone_number_verified: false, phone_verified: false })
  })

  test('says no more than who it is to a token of the user’s own', async () => {
    const { bearer, user } = await signedUp()
    expect((await auth.call('GET', '/oauth/userinfo', { bearer })).body).toEqual({ sub: user.id })
  })
})

describe('a refresh token of a client', () => {
  const begun = async (app: App, scope = 'email phone') => {
    const { client } = await signedUp()
    return (await signIn(app, client, scope)).tokens
  }

  test('is rotated, whatever the settings of the users’ own are', async () => {
    await auth.set({ ...ON, sessions: { refreshRotation: false } })
    const app = await newApp({ by: 'none' })
    const first = await begun(app)
    const second = await app.refresh(first.refresh_token ?? '')
    expect(second.refresh_token).not.toBe(first.refresh_token)
    expect(decodeJwt(second.access_token)).toMatchObject({ client_id: app.app.id, scope: 'email phone' })
    await auth.set({})
  })

  test('used again after its time ends the session', async () => {
    const app = await newApp()
    const first = await begun(app)
    const second = await app.refresh(first.refresh_token ?? '')
    auth.clock.offsetMs += 11_000
    await expect(app.refresh(first.refresh_token ?? '')).rejects.toMatchObject({ error: 'invalid_grant' })
    await expect(app.refresh(second.refresh_token ?? '')).rejects.toMatchObject({ error: 'invalid_grant' })
    auth.clock.offsetMs = 0
  })

  test('gives a token of less, if that is asked for, and of all the next time', async () => {
    const app = await newApp()
    const first = await begun(app)
    const less = await app.refresh(first.refresh_token ?? '', { scope: 'phone' })
    expect(less.scope).toBe('phone')
    const sub = String(decodeJwt(less.access_token).sub)
    expect(await app.userinfo(less.access_token, sub)).not.toHaveProperty('email')
    const all = await app.refresh(less.refresh_token ?? '')
    expect(all.scope).toBe('email phone')
  })

  test('is not given to a client that may not use one', async () => {
    const tokens = await begun(await newApp({ grantTypes: ['authorization_code'] }))
    expect(tokens).not.toHaveProperty('refresh_token')
  })
})

describe('what users granted', () => {
  test('is theirs to see and to take back, with all that came of it', async () => {
    const { client, bearer } = await signedUp()
    const app = await newApp()
    const { tokens } = await signIn(app, client, 'email phone')
    const pending = await app.depart('email')
    const location = await agree(client, pending.authorizationId)
    const { data: grants } = await client.auth.oauth.listGrants()
    expect(grants).toMatchObject([
      {
        client: { id: app.app.id, name: 'The shop' },
        scopes: ['email', 'phone'],
        granted_at: expect.any(String),
      },
    ])
    expect((await client.auth.oauth.revokeGrant({ clientId: app.app.id })).error).toBeNull()
    expect((await client.auth.oauth.listGrants()).data).toEqual([])
    expect((await auth.call('GET', '/user', { bearer: tokens.access_token })).body).toMatchObject({
      error_code: 'session_not_found',
    })
    await expect(app.refresh(tokens.refresh_token ?? '')).rejects.toMatchObject({ error: 'invalid_grant' })
    await expect(app.arrive(pending, location)).rejects.toMatchObject({ error: 'invalid_grant' })
    expect((await auth.call('GET', '/user', { bearer })).status).toBe(200)
    const { error } = await client.auth.oauth.revokeGrant({ clientId: app.app.id })
    expect(error).toMatchObject({ status: 404, code: 'oauth_consent_not_found' })
  })

  test('ends with the client', async () => {
    const { client } = await signedUp()
    const app = await newApp()
    const { tokens } = await signIn(app, client, 'email')
    await auth.admin().auth.admin.oauth.deleteClient(app.app.id)
    expect((await auth.call('GET', '/user', { bearer: tokens.access_token })).status).toBe(403)
    expect((await client.auth.oauth.listGrants()).data).toEqual([])
  })

  test('ends when the user changes the password', async () => {
    const { client } = await signedUp()
    const app = await newApp()
    const { tokens } = await signIn(app, client, 'email')
    expect((await client.auth.updateUser({ password: 'another passphrase 4712' })).error).toBeNull()
    await expect(app.refresh(tokens.refresh_token ?? '')).rejects.toMatchObject({ error: 'invalid_grant' })
  })
})

describe('a session of a client', () => {
  test('ends with a new second factor, and not each time that it is shown', async () => {
    const { client, email } = await signedUp()
    const app = await newApp()
    const before = (await signIn(app, client, 'email')).tokens
    const factor = await enrolled(client)
    const show = async (person: typeof client) => {
      const answer = { factorId: factor.id, code: await nextCode(factor.secret) }
      expect((await person.auth.mfa.challengeAndVerify(answer)).error).toBeNull()
    }
    await show(client)
    expect((await auth.call('GET', '/user', { bearer: before.access_token })).status).toBe(403)
    const after = (await signIn(app, client, 'email')).tokens
    await show((await signedIn(email)).client)
    expect((await auth.call('GET', '/user', { bearer: after.access_token })).status).toBe(200)
    auth.clock.offsetMs = 0
  })

  test('says whose it is, also where a hook makes the claims', async () => {
    await pg.admin()`
      create or replace function public.bare_claims(event jsonb) returns jsonb language sql as $$
        select jsonb_build_object('claims', (event -> 'claims') - 'client_id') $$`
    await pg.admin()`grant execute on function public.bare_claims to supabase_auth_admin`
    const hooks = { customAccessToken: { uri: 'pg-functions://postgres/public/bare_claims' } }
    await auth.set({ ...ON, hooks })
    const { client } = await signedUp()
    const app = await newApp()
    const { tokens } = await signIn(app, client, 'email')
    expect(decodeJwt(tokens.access_token).client_id).toBe(app.app.id)
    await auth.set({})
  })
})
