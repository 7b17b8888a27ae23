/** Sign-in through a real OpenID Connect provider, and which account that opens. */
import { createHash, randomUUID } from 'node:crypto'
import type { SupabaseClient } from '@supabase/supabase-js'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { AuthPlace } from '../harness/auth-place.ts'
import {
  CLIENT,
  makeKey,
  type OidcHarness,
  REDIRECT_URI,
  type SigningJwk,
  sign,
  startOidc,
  walk,
} from '../harness/identity-provider.ts'
import { openAuth } from '../harness/open-auth.ts'

const PASSWORD = 'a long enough passphrase 4711'
/** Of the settings: a provider of one's own, by its issuer. */
const PROVIDER = 'acme'

let auth: AuthPlace
let oidc: OidcHarness
let key: SigningJwk
let usual: object

beforeAll(async () => {
  key = await makeKey('k1')
  oidc = await startOidc(key)
  const acme = { clientIds: [CLIENT.client_id], secret: CLIENT.client_secret, issuer: oidc.issuer }
  usual = { external: { [PROVIDER]: { ...acme, redirectUri: REDIRECT_URI } }, manualLinking: true }
  auth = await openAuth(usual)
  await auth.reach(Number(new URL(oidc.issuer).port))
})
afterAll(async () => {
  await auth?.stop()
  oidc?.close()
})

const storage = () => {
  const kept = new Map<string, string>()
  return {
    getItem: (name: string) => kept.get(name) ?? null,
    setItem: (name: string, value: string) => void kept.set(name, value),
    removeItem: (name: string) => void kept.delete(name),
  }
}
const pkceClient = () => auth.client({ flowType: 'pkce', persistSession: true, storage: storage() })

async function headed(url: string) {
  const answer = await auth.fetch(url, { redirect: 'manual' })
  return { status: answer.status, location: answer.headers.get('location') ?? '', text: await answer.text() }
}
const comeBack = async (params: URLSearchParams) => {
  const { location } = await headed(`${auth.url}/auth/v1/callback?${params}`)
  return new URL(location)
}
const fragmentOf = (url: URL) => new URLSearchParams(url.hash.slice(1))

/** From the app to the provider, through its form, and back to the app. */
async function signIn(
  client: SupabaseClient,
  login: string,
  redirectTo = 'http://app.test/in',
): Promise<URL> {
  const { data, error } = await client.auth.signInWithOAuth({
    provider: PROVIDER as never,
    options: { skipBrowserRedirect: true, redirectTo },
  })
  if (error || !data.url) throw error ?? new Error('no url')
  const { location } = await headed(data.url)
  return comeBack(await walk(location, login))
}

async function signedIn(login: string) {
  const client = auth.client()
  const fragment = fragmentOf(await signIn(client, login))
  const { data } = await client.auth.setSession({
    access_token: fragment.get('access_token') ?? '',
    refresh_token: fragment.get('refresh_token') ?? '',
  })
  if (!data.user) throw new Error(`not signed in: ${fragment}`)
  return { client, user: data.user, fragment }
}

describe('a sign-in with a provider', () => {
  test('makes a user of who is new, and finds it again', async () => {
    const first = await signedIn('ada')
    expect(first.user).toMatchObject({
      email: 'ada@example.com',
      app_metadata: { provider: PROVIDER, providers: [PROVIDER] },
      user_metadata: { full_name: 'The ada', email_verified: true },
    })
    expect(first.user.email_confirmed_at).toBeTruthy()
    expect(first.fragment.get('provider_token')).toBeTruthy()
    expect(first.user.identities).toMatchObject([{ provider: PROVIDER, id: 'ada' }])
    expect((await signedIn('ada')).user.id).toBe(first.user.id)
  })

  test('with PKCE ends with a code, and nothing secret in the address', async () => {
    const client = pkceClient()
    const url = await signIn(client, 'pkce')
    expect(url.hash).toBe('')
    const { data, error } = await client.auth.exchangeCodeForSession(url.searchParams.get('code') ?? '')
    expect(error).toBeNull()
    expect(data.session?.provider_token).toBeTruthy()
    expect(data.user?.email).toBe('pkce@example.com')
  })

  test('goes back only to where it may', async () => {
    const url = await signIn(auth.client(), 'lost', 'https://evil.example/steal')
    expect(url.origin).toBe('http://app.test')
  })

  test('counts once, and only what began here', async () => {
    const { data } = await auth.client().auth.signInWithOAuth({
      provider: PROVIDER as never,
      options: { skipBrowserRedirect: true },
    })
    const { location } = await headed(data.url ?? '')
    const params = await walk(location, 'once')
    expect(fragmentOf(await comeBack(params)).get('access_token')).toBeTruthy()
    const codes = [
      params,
      new URLSearchParams({ code: 'x', state: randomUUID() }),
      new URLSearchParams({ code: 'x' }),
    ]
    for (const each of codes)
      expect((await comeBack(each)).searchParams.get('error_code')).toBe('bad_oauth_state')
  })

  test.each([
    ['another issuer', 'https://evil.example'],
    ['nobody', null],
  ])('comes to nothing when the answer is of %s', async (_whom, issuer) => {
    const { headers } = await auth.call('GET', `/authorize?provider=${PROVIDER}`)
    const back = await walk(headers.get('location') ?? '', 'mixed-up')
    expect(back.get('iss')).toBe(oidc.issuer)
    if (issuer === null) back.delete('iss')
    else back.set('iss', issuer)
    const url = await comeBack(back)
    expect(url.searchParams.get('error')).toBe('server_error')
    expect(fragmentOf(url).has('access_token')).toBe(false)
  })

  test('that the person breaks off goes back with what the provider says', async () => {
    const { data } = await auth.client().auth.signInWithOAuth({
      provider: PROVIDER as never,
      options: { skipBrowserRedirect: true, redirectTo: 'http://app.test/in' },
    })
    const { location } = await headed(data.url ?? '')
    const state = new URL(location).searchParams.get('state') ?? ''
    const back = await comeBack(
      new URLSearchParams({ state, error: 'access_denied', error_description: 'Not today' }),
    )
    expect(back.pathname).toBe('/in')
    expect(Object.fromEntries(back.searchParams)).toMatchObject({
      error_code: 'bad_oauth_callback',
      error_description: 'Not today',
    })
  })

  test('is refused for a provider that is not there', async () => {
    const { status, text } = await headed(`${auth.url}/auth/v1/authorize?provider=nowhere`)
    expect(status).toBe(400)
    expect(JSON.parse(text)).toMatchObject({
      error_code: 'validation_failed',
      msg: expect.stringContaining('not enabled'),
    })
  })

  test('lets nobody new in where sign-up is off', async () => {
    await auth.set({ disableSignup: true })
    expect((await signIn(auth.client(), 'nobody-new')).searchParams.get('error_code')).toBe('signup_disabled')
    await auth.set({})
  })
})

describe('an address that is known already', () => {
  test('is joined where both sides have proven it', async () => {
    const email = 'both@example.com'
    const made = await auth.admin().auth.admin.createUser({ email, password: PASSWORD, email_confirm: true })
    const { user } = await signedIn('both')
    expect(user.id).toBe(made.data.user?.id)
    expect(user.identities?.map(({ provider }) => provider).toSorted()).toEqual([PROVIDER, 'email'])
    expect((await auth.client().auth.signInWithPassword({ email, password: PASSWORD })).error).toBeNull()
  })

  test('that somebody had only claimed is taken over whole: their password opens nothing', async () => {
    const email = 'claimed@example.com'
    await auth.client().auth.signUp({ email, password: PASSWORD, options: { data: { mine: true } } })
    const { user } = await signedIn('claimed')
    expect(user.email_confirmed_at).toBeTruthy()
    const own = user.identities?.find(({ provider }) => provider === 'email')
    expect(own?.identity_data).toMatchObject({ email, email_verified: true })
    expect(own?.identity_data).not.toHaveProperty('mine')
    const { error } = await auth.client().auth.signInWithPassword({ email, password: PASSWORD })
    expect(error).toMatchObject({ code: 'invalid_credentials' })
  })

  test('is not joined on the word of a provider that has not proven it', async () => {
    const login = `unverified-${randomUUID().slice(0, 8)}`
    const order = { email: `${login}@example.com`, password: PASSWORD, email_confirm: true }
    await auth.admin().auth.admin.createUser(order)
    const url = await signIn(auth.client(), login)
    expect(url.searchParams.get('error_code')).toBe('provider_email_needs_verification')
    expect(url.hash).not.toContain('access_token')
  })
})

test('an address that the provider has not proven is asked itself, and from then on the provider signs in', async () => {
  const login = `unverified-${randomUUID().slice(0, 8)}`
  const refused = await signIn(pkceClient(), login)
  expect(refused.searchParams.get('error_code')).toBe('provider_email_needs_verification')
  const mail = await auth.mailTo(`${login}@example.com`)
  const link = mail.links.find((each) => each.includes('/verify')) ?? ''
  const proven = fragmentOf(new URL((await headed(link)).location))
  expect(proven.get('access_token')).toBeTruthy()
  const { user } = await signedIn(login)
  expect(user.identities?.map(({ provider }) => provider)).toEqual([PROVIDER])
  expect(user.email_confirmed_at).toBeTruthy()
})

describe('identities', () => {
  test('are added and taken away by who is signed in', async () => {
    const email = 'linker@example.com'
    await auth.admin().auth.admin.createUser({ email, password: PASSWORD, email_confirm: true })
    const client = auth.client()
    await client.auth.signInWithPassword({ email, password: PASSWORD })
    const { data, error } = await client.auth.linkIdentity({
      provider: PROVIDER as never,
      options: { skipBrowserRedirect: true },
    })
    expect(error).toBeNull()
    await comeBack(await walk(data.url ?? '', 'linked'))
    const { data: listed } = await client.auth.getUserIdentities()
    expect(listed?.identities).toHaveLength(2)
    const mine = listed?.identities.find(({ provider }) => provider === PROVIDER)
    if (!mine) throw new Error('not linked')
    expect((await client.auth.unlinkIdentity(mine)).error).toBeNull()
    const [last] = (await client.auth.getUserIdentities()).data?.identities ?? []
    if (!last) throw new Error('none left')
    expect((await client.auth.unlinkIdentity(last)).error).toMatchObject({
      status: 422,
      code: 'single_identity_not_deletable',
    })
  })

  test('that are added end the sessions elsewhere, and not the one in which it was asked for', async () => {
    const email = 'linked-here@example.com'
    await auth.admin().auth.admin.createUser({ email, password: PASSWORD, email_confirm: true })
    const [here, there] = [auth.client(), auth.client()]
    for (const client of [here, there]) await client.auth.signInWithPassword({ email, password: PASSWORD })
    const options = { skipBrowserRedirect: true }
    const { data } = await here.auth.linkIdentity({ provider: PROVIDER as never, options })
    await comeBack(await walk(data.url ?? '', 'linked-here'))
    expect((await here.auth.getUser()).error).toBeNull()
    expect((await there.auth.getUser()).error).toMatchObject({ name: 'AuthSessionMissingError' })
  })

  test('are not added when the session that asked for it has ended meanwhile', async () => {
    const email = 'shut-out@example.com'
    await auth.admin().auth.admin.createUser({ email, password: PASSWORD, email_confirm: true })
    const [thief, owner] = [auth.client(), auth.client()]
    for (const client of [thief, owner]) await client.auth.signInWithPassword({ email, password: PASSWORD })
    const options = { skipBrowserRedirect: true }
    const { data } = await thief.auth.linkIdentity({ provider: PROVIDER as never, options })
    expect((await owner.auth.signOut({ scope: 'others' })).error).toBeNull()
    const url = await comeBack(await walk(data.url ?? '', 'way-back-in'))
    expect(url.searchParams.get('error_code')).toBe('session_not_found')
    expect((await owner.auth.getUserIdentities()).data?.identities).toHaveLength(1)
  })

  test('of somebody else cannot be', async () => {
    await signedIn('theirs')
    const { client } = await signedIn('taker')
    const { data } = await client.auth.linkIdentity({
      provider: PROVIDER as never,
      options: { skipBrowserRedirect: true },
    })
    const url = await comeBack(await walk(data.url ?? '', 'theirs'))
    expect(url.searchParams.get('error_code')).toBe('identity_already_exists')
  })

  test('make somebody of nobody in particular', async () => {
    await auth.set({ anonymous: { enabled: true } })
    const client = auth.client()
    const { data: nobody } = await client.auth.signInAnonymously()
    const { data } = await client.auth.linkIdentity({
      provider: PROVIDER as never,
      options: { skipBrowserRedirect: true },
    })
    await comeBack(await walk(data.url ?? '', 'somebody'))
    const { data: now } = await client.auth.getUser()
    expect(now.user).toMatchObject({
      id: nobody.user?.id,
      email: 'somebody@example.com',
      is_anonymous: false,
    })
    await auth.set({})
  })

  test('are left alone where that is off', async () => {
    const { client } = await signedIn('off')
    await auth.set({ manualLinking: false })
    const { error } = await client.auth.linkIdentity({
      provider: PROVIDER as never,
      options: { skipBrowserRedirect: true },
    })
    expect(error).toMatchObject({ status: 404, code: 'manual_linking_disabled' })
    await auth.set({})
  })
})

describe('an ID token', () => {
  const claims = (more: object = {}) => ({
    ...{
      iss: oidc.issuer,
      aud: CLIENT.client_id,
      sub: 'token',
      email: 'token@example.com',
      email_verified: true,
    },
    ...{ iat: Math.floor(Date.now() / 1000), exp: Math.floor(Date.now() / 1000) + 300 },
    ...more,
  })
  const by = (token: string, nonce?: string) =>
    auth.client().auth.signInWithIdToken({ provider: PROVIDER as never, token, ...(nonce ? { nonce } : {}) })

  test('signs in, with the nonce that it was made for', async () => {
    const nonce = 'a nonce of the app'
    const hashed = createHash('sha256').update(nonce).digest('hex')
    const token = await sign(claims({ nonce: hashed }), key)
    const { data, error } = await by(token, nonce)
    expect(error).toBeNull()
    expect(data.user?.email).toBe('token@example.com')
    expect((await by(token, 'another nonce')).error).toBeTruthy()
  })

  test.each([
    ['for another client', { aud: 'somebody-else' }],
    ['of another issuer', { iss: 'https://evil.example' }],
    ['that has run out', { exp: 1 }],
  ])('%s is refused', async (_what, more) => {
    expect((await by(await sign(claims(more), key))).error).toMatchObject({ status: 400 })
  })

  describe('with link_identity', () => {
    const link = async (sub: string, bearer?: string) => {
      const id_token = await sign(claims({ sub, email: `${sub}@example.com` }), key)
      const body = { provider: PROVIDER, id_token, link_identity: true }
      return auth.call('POST', '/token?grant_type=id_token', { body, ...(bearer && { bearer }) })
    }
    const person = async (name: string) => {
      const email = `${name}@links.example`
      await auth.admin().auth.admin.createUser({ email, password: PASSWORD, email_confirm: true })
      const { data } = await auth.client().auth.signInWithPassword({ email, password: PASSWORD })
      return { id: data.user?.id, email, bearer: data.session?.access_token ?? '' }
    }

    test('adds it to the user who is signed in, who signs in with it from then on', async () => {
      const { id, email, bearer } = await person('token-here')
      const there = await auth.client().auth.signInWithPassword({ email, password: PASSWORD })
      const linked = await link('token-linked', bearer)
      expect(linked.status).toBe(200)
      expect(linked.body.user).toMatchObject({ id, email, identities: [{}, { provider: PROVIDER }] })
      const elsewhere = await auth.call('GET', '/user', { bearer: there.data.session?.access_token ?? '' })
      expect(elsewhere.body.error_code).toBe('session_not_found')
      const token = await sign(claims({ sub: 'token-linked', email: 'token-linked@example.com' }), key)
      expect((await by(token)).data.user?.id).toBe(id)
    })

    test('is refused without a user, for another user’s identity, and where linking is off', async () => {
      expect((await link('token-nobody')).body.error_code).toBe('no_authorization')
      const { bearer } = await person('token-refused')
      await signedIn('token-taken')
      const taken = await link('token-taken', bearer)
      expect([taken.status, taken.body.error_code]).toEqual([422, 'identity_already_exists'])
      await auth.set({ manualLinking: false })
      const off = await link('token-off', bearer)
      await auth.set({})
      expect([off.status, off.body.error_code]).toEqual([404, 'manual_linking_disabled'])
      const rows = await auth.rows`
        select 1 from auth.identities where provider_id in ('token-nobody', 'token-off')`
      expect(rows).toHaveLength(0)
    })
  })

  test('with another key is refused', async () => {
    expect((await by(await sign(claims(), await makeKey('k1')))).error).toBeTruthy()
  })
})
