/** Providers that the service key adds: signed in with at once, at a real OpenID Connect provider whose authority is one's own. */
import { randomUUID } from 'node:crypto'
import type { SupabaseClient } from '@supabase/supabase-js'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { createPeople } from '../harness/auth-people.ts'
import type { AuthPlace } from '../harness/auth-place.ts'
import {
  CLIENT,
  makeKey,
  type OidcHarness,
  type SigningJwk,
  sign,
  startOidc,
  walk,
} from '../harness/identity-provider.ts'
import { localFetch } from '../harness/local-fetch.ts'
import { openAuth } from '../harness/open-auth.ts'
import { type OwnCertificate, ownCertificate } from '../harness/own-certificate.ts'

let auth: AuthPlace
let oidc: OidcHarness
let signing: SigningJwk
const own = ownCertificate('localhost')
const { signedUp } = createPeople(() => auth)

const callback = () => `${auth.url}/auth/v1/callback`
const portOf = (provider: OidcHarness) => Number(new URL(provider.issuer).port)

/** At a name of this machine, over TLS. */
async function startProvider({ certificate, key }: OwnCertificate): Promise<OidcHarness> {
  const client = { ...CLIENT, redirect_uris: [callback()] }
  const clients = [{ ...client, token_endpoint_auth_method: 'client_secret_post' as const }]
  const provider = await startOidc(signing, { clients }, { key, cert: certificate })
  await auth.reach(portOf(provider))
  return provider
}

beforeAll(async () => {
  signing = await makeKey('k1')
  auth = await openAuth({ trustedCertificates: own.certificate, privateHosts: true })
  oidc = await startProvider(own)
})
afterAll(async () => {
  await auth?.stop()
  oidc?.close()
})

const custom = () => auth.admin().auth.admin.customProviders
const newName = () => `custom:own-${randomUUID().slice(0, 13)}`
/** The suites share a project: somebody nobody else signs in. */
const newLogin = (name = 'person') => `${name}-${randomUUID().slice(0, 13)}`

const byIssuer = (more: object = {}) => ({
  ...{ provider_type: 'oidc' as const, identifier: newName(), name: 'Acme', ...CLIENT, issuer: oidc.issuer },
  ...{ scopes: ['email', 'profile'], ...more },
})
const byEndpoints = (more: object = {}) => ({
  ...{ provider_type: 'oauth2' as const, identifier: newName(), name: 'Acme', ...CLIENT },
  ...{ authorization_url: `${oidc.issuer}/auth`, token_url: `${oidc.issuer}/token` },
  ...{ userinfo_url: `${oidc.issuer}/me`, scopes: ['openid', 'email', 'profile'], ...more },
})

// There is room for so many.
const added: string[] = []
afterEach(async () => {
  for (const identifier of added.splice(0)) await custom().deleteProvider(identifier)
})

async function add(wish: ReturnType<typeof byIssuer> | ReturnType<typeof byEndpoints>) {
  const { data, error } = await custom().createProvider(wish)
  if (error || !data) throw error ?? new Error('not added')
  added.push(data.identifier)
  return data
}

async function departure(identifier: string, client: SupabaseClient = auth.client()) {
  const { data } = await client.auth.signInWithOAuth({
    provider: identifier as never,
    options: { skipBrowserRedirect: true, redirectTo: 'http://app.test/in' },
  })
  const answer = await auth.fetch(data.url ?? '', { redirect: 'manual' })
  return { status: answer.status, location: answer.headers.get('location') ?? '', text: await answer.text() }
}

/** From the app to the provider, through its form, and back to the app. */
async function comeBack(identifier: string, login: string, client?: SupabaseClient): Promise<URL> {
  const { location } = await departure(identifier, client)
  const fetch = localFetch(portOf(oidc), own.certificate) as typeof globalThis.fetch
  const params = await walk(location, login, { callback: callback(), fetch })
  const back = await auth.fetch(`${callback()}?${params}`, { redirect: 'manual' })
  return new URL(back.headers.get('location') ?? '')
}

async function signIn(identifier: string, login: string) {
  const url = await comeBack(identifier, login)
  const session = new URLSearchParams(url.hash.slice(1))
  const { data, error } = await auth.client().auth.setSession({
    access_token: session.get('access_token') ?? '',
    refresh_token: session.get('refresh_token') ?? '',
  })
  if (error || !data.user) throw error ?? new Error(`nobody is signed in: ${url}`)
  return data.user
}

const storage = () => {
  const kept = new Map<string, string>()
  return {
    getItem: (name: string) => kept.get(name) ?? null,
    setItem: (name: string, value: string) => void kept.set(name, value),
    removeItem: (name: string) => void kept.delete(name),
  }
}

describe('a sign-in with a custom provider', () => {
  test('that is found by its issuer makes a user of who is new, and finds it again', async () => {
    const { identifier } = await add(byIssuer())
    const login = newLogin()
    const user = await signIn(identifier, login)
    expect(user).toMatchObject({
      email: `${login}@example.com`,
      app_metadata: { provider: identifier, providers: [identifier] },
      user_metadata: { full_name: `The ${login}`, email_verified: true },
      identities: [{ provider: identifier, id: login }],
    })
    expect((await signIn(identifier, login)).id).toBe(user.id)
  })

  test('that has its endpoints alone goes by what they answer, and finds the user again', async () => {
    const { identifier } = await add(
      byEndpoints({
        attribute_mapping: { nickname: 'preferred_username' },
        custom_claims_allowlist: ['preferred_username'],
      }),
    )
    const login = newLogin()
    const before = oidc.asked.get('/me') ?? 0
    const user = await signIn(identifier, login)
    expect(oidc.asked.get('/me')).toBe(before + 1)
    expect(user).toMatchObject({
      email: `${login}@example.com`,
      app_metadata: { provider: identifier, providers: [identifier] },
      user_metadata: { full_name: `The ${login}`, custom_claims: { preferred_username: login } },
      identities: [{ provider: identifier, id: login }],
    })
    expect((await signIn(identifier, login)).id).toBe(user.id)
  })

  test.each([
    ['an issuer', byIssuer],
    ['endpoints alone', byEndpoints],
  ])(
    'of %s ends with a code where the app uses PKCE, and nothing secret in the address',
    async (_by, wish) => {
      const { identifier } = await add(wish())
      const login = newLogin()
      const client = auth.client({ flowType: 'pkce', persistSession: true, storage: storage() })
      const url = await comeBack(identifier, login, client)
      expect([url.origin, url.pathname, url.hash]).toEqual(['http://app.test', '/in', ''])
      const { data, error } = await client.auth.exchangeCodeForSession(url.searchParams.get('code') ?? '')
      expect(error).toBeNull()
      expect(data.session?.provider_token).toBeTruthy()
      expect((await client.auth.getUser()).data.user?.email).toBe(`${login}@example.com`)
    },
  )

  test('counts as the provider’s word for an address only where it says so', async () => {
    const { identifier } = await add(byEndpoints())
    const url = await comeBack(identifier, newLogin('unverified'))
    expect(url.searchParams.get('error_code')).toBe('provider_email_needs_verification')
  })

  test('may be by an ID token that an app got by itself, for the clients that are named', async () => {
    const { identifier } = await add(byIssuer({ acceptable_client_ids: ['ios'] }))
    const nowS = Math.floor(auth.now() / 1000)
    const sub = newLogin()
    const by = async (aud: string) => {
      const person = { sub, email: `${sub}@example.com`, email_verified: true }
      const token = await sign({ iss: oidc.issuer, aud, iat: nowS, exp: nowS + 300, ...person }, signing)
      return auth.client().auth.signInWithIdToken({ provider: identifier as never, token })
    }
    expect((await by('ios')).data.user?.email).toBe(`${sub}@example.com`)
    expect((await by('android')).error).toMatchObject({ code: 'validation_failed' })
  })

  test('is asked for with what was added for it, and the flow stays ours', async () => {
    const { identifier } = await add(
      byIssuer({ authorization_params: { prompt: 'consent' }, acceptable_client_ids: ['ios'] }),
    )
    const asked = new URL((await departure(identifier)).location)
    expect(`${asked.origin}${asked.pathname}`).toBe(`${oidc.issuer}/auth`)
    expect(Object.fromEntries(asked.searchParams)).toMatchObject({
      ...{ prompt: 'consent', client_id: CLIENT.client_id, redirect_uri: callback() },
      ...{ scope: 'openid email profile', code_challenge_method: 'S256', response_type: 'code' },
    })
    expect(asked.searchParams.get('nonce')).toBeTruthy()
  })

  test('is there for nobody once it is off, or gone', async () => {
    const { identifier } = await add(byIssuer())
    await custom().updateProvider(identifier, { enabled: false })
    expect((await departure(identifier)).status).toBe(400)
    await custom().updateProvider(identifier, { enabled: true })
    expect((await departure(identifier)).status).toBe(302)
    await custom().deleteProvider(identifier)
    expect((await departure(identifier)).status).toBe(400)
  })
})

describe('the secret of a custom provider', () => {
  const storedFor = async (identifier: string) => {
    const [row] = await auth.rows`select * from auth.custom_oauth_providers where identifier = ${identifier}`
    return row
  }
  const store = (identifier: string, secret: unknown) => auth.rows`
    update auth.custom_oauth_providers set client_secret = ${String(secret)} where identifier = ${identifier}`

  test('is sealed in the table, and in no answer and no log', async () => {
    const made = await add(byIssuer())
    const row = await storedFor(made.identifier)
    expect(row?.client_secret).toMatch(/^aes-256-gcm:/)
    expect(JSON.stringify([row, made])).not.toContain(CLIENT.client_secret)
    // That of another row opens nothing here.
    const other = await add(byIssuer())
    await store(other.identifier, row?.client_secret)
    expect((await departure(other.identifier)).status).toBe(500)
    await custom().updateProvider(other.identifier, { client_secret: CLIENT.client_secret })
    const login = newLogin()
    expect((await signIn(other.identifier, login)).email).toBe(`${login}@example.com`)
    expect(await auth.logged()).not.toContain(CLIENT.client_secret)
  })

  test('is sealed by the first sign-in where a dump brought it in clear', async () => {
    const { identifier } = await add(byIssuer())
    await store(identifier, CLIENT.client_secret)
    const login = newLogin()
    expect((await signIn(identifier, login)).email).toBe(`${login}@example.com`)
    expect((await storedFor(identifier))?.client_secret).toMatch(/^aes-256-gcm:/)
  })
})

describe('one that is inside', () => {
  const counted = () => [...oidc.asked.values()].reduce((sum, each) => sum + each, 0)

  test.each([
    ['by a name', (port: number) => `https://localhost:${port}`],
    ['by an address', (port: number) => `https://127.0.0.1:${port}`],
    ['where clouds keep their keys', () => 'https://169.254.169.254'],
  ])('is not asked to describe itself: %s', async (_what, issuerAt) => {
    await auth.set({ privateHosts: false })
    const before = counted()
    const { error } = await custom().createProvider(byIssuer({ issuer: issuerAt(portOf(oidc)) }))
    await auth.set({})
    expect(error).toMatchObject({ status: 400, code: 'validation_failed' })
    expect(error?.message).toContain('is not at a public address')
    expect(counted()).toBe(before)
  })

  test('is not sent a code either, once that is not allowed any more', async () => {
    const wish = byEndpoints()
    expect((await custom().createProvider(wish)).error).toBeNull()
    await auth.set({ privateHosts: false })
    const options = { skipBrowserRedirect: true, redirectTo: 'http://app.test/in' }
    const { data } = await auth.client().auth.signInWithOAuth({ provider: wish.identifier as never, options })
    const page = await auth.fetch(data.url ?? '', { redirect: 'manual' })
    const state = new URL(page.headers.get('location') ?? 'http://none').searchParams.get('state') ?? ''
    const before = counted()
    const back = await auth.fetch(`${callback()}?${new URLSearchParams({ state, code: 'any' })}`, {
      redirect: 'manual',
    })
    await auth.set({})
    expect(back.headers.get('location')).toContain('error')
    expect(counted()).toBe(before)
  })
})

describe('admin.customProviders', () => {
  const kinds = [
    ['oidc', byIssuer, () => ({ issuer: oidc.issuer, scopes: ['openid', 'email', 'profile'] })],
    ['oauth2', byEndpoints, () => ({ userinfo_url: `${oidc.issuer}/me`, token_url: `${oidc.issuer}/token` })],
  ] as const

  test.each(kinds)('adds, shows, lists, changes and takes away one of %s', async (type, wish, shownOf) => {
    const made = await add(wish())
    const { identifier } = made
    expect(made).toMatchObject({
      ...{ provider_type: type, enabled: true, pkce_enabled: true, email_optional: false, ...shownOf() },
    })
    const { data: shown } = await custom().getProvider(identifier)
    expect(shown).toEqual(made)
    const { data: alike } = await custom().listProviders({ type })
    expect(alike.providers).toContainEqual(made)
    const { data: others } = await custom().listProviders({ type: type === 'oidc' ? 'oauth2' : 'oidc' })
    expect(others.providers.map((each) => each.identifier)).not.toContain(identifier)
    const { data: all } = await custom().listProviders()
    expect(all.providers).toContainEqual(made)
    const { data: changed } = await custom().updateProvider(identifier, { name: 'Other', scopes: ['email'] })
    const scopes = type === 'oidc' ? ['openid', 'email'] : ['email']
    expect(changed).toMatchObject({ ...shownOf(), identifier, name: 'Other', scopes })
    expect(JSON.stringify([made, shown, alike, changed])).not.toContain(CLIENT.client_secret)
    expect((await custom().deleteProvider(identifier)).error).toBeNull()
    const { error } = await custom().getProvider(identifier)
    expect(error).toMatchObject({ status: 404, code: 'custom_provider_not_found' })
  })

  test('shows how one of OpenID Connect describes itself', async () => {
    expect(await add(byIssuer())).toMatchObject({
      discovery_document: { issuer: oidc.issuer, jwks_uri: `${oidc.issuer}/jwks` },
    })
  })

  test('is for the service key alone', async () => {
    const { bearer } = await signedUp()
    const seen = async (options: object) =>
      (await auth.call('GET', '/admin/custom-providers', options)).status
    expect([await seen({}), await seen({ bearer })]).toEqual([401, 403])
    const answer = await auth.call('POST', '/admin/custom-providers', { body: byIssuer() })
    expect(answer.status).toBe(401)
  })
})

describe('a custom provider is not added', () => {
  const refused = async (wish: ReturnType<typeof byIssuer>) => {
    const { data, error } = await custom().createProvider(wish)
    if (data) added.push(data.identifier)
    return { status: error?.status, code: error?.code, message: error?.message }
  }

  test('twice', async () => {
    const { identifier } = await add(byIssuer())
    expect(await refused(byIssuer({ identifier }))).toMatchObject({ status: 400, code: 'conflict' })
  })

  test.each([
    ['without TLS', () => ({ issuer: oidc.issuer.replace('https', 'http') })],
    ['by a name without custom:', () => ({ identifier: 'google' })],
    ['where nobody is', () => ({ issuer: 'https://localhost:1' })],
    [
      'whose description is another issuer’s',
      () => ({
        ...{ issuer: 'https://id.example', discovery_url: `${oidc.issuer}/.well-known/openid-configuration` },
      }),
    ],
    ['whose issuer is written in another way', () => ({ issuer: `${oidc.issuer}/` })],
    ['with parameters of the flow', () => ({ authorization_params: { state: 'x' } })],
    ['that would say what role people have', () => ({ attribute_mapping: { role: 'role' } })],
  ])('%s', async (_what, more) => {
    expect(await refused(byIssuer(more()))).toMatchObject({ status: 400, code: 'validation_failed' })
  })

  test('whose certificate nobody vouches for, until the project trusts it', async () => {
    const other = ownCertificate('localhost')
    const stranger = await startProvider(other)
    expect(await refused(byIssuer({ issuer: stranger.issuer }))).toMatchObject({
      ...{ status: 400, code: 'validation_failed' },
      message: expect.stringContaining('there was no connection (DEPTH_ZERO_SELF_SIGNED_CERT)'),
    })
    await auth.set({ trustedCertificates: `${own.certificate}${other.certificate}` })
    const { identifier } = await add(byIssuer({ issuer: stranger.issuer }))
    expect(new URL((await departure(identifier)).location).origin).toBe(stranger.issuer)
    await auth.set({})
    stranger.close()
  })

  test('beyond as many as there may be', async () => {
    await add(byIssuer())
    const { data } = await custom().listProviders()
    await auth.set({ customProviders: { max: data.providers.length } })
    expect(await refused(byIssuer())).toMatchObject({ status: 400, code: 'over_custom_provider_quota' })
    await auth.set({})
  })

  test('where that is off, and those that are there let nobody in', async () => {
    const { identifier } = await add(byIssuer())
    await auth.set({ customProviders: { enabled: false } })
    expect(await refused(byIssuer())).toMatchObject({ status: 404, code: 'feature_disabled' })
    expect((await departure(identifier)).status).toBe(400)
    await auth.set({})
  })
})
