/** Sign-up, sign-in, sessions and refresh as the real client of Supabase sees them. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { AuthPlace } from '../harness/auth-place.ts'
import { openAuth } from '../harness/open-auth.ts'

let auth: AuthPlace

beforeAll(async () => {
  auth = await openAuth()
})
afterAll(async () => {
  await auth?.stop()
})

const PASSWORD = 'a long enough passphrase 4711'
let count = 0
const address = (name: string) => `${name}-${++count}@sign-in.example`

/** A confirmed user with a session of its own. */
async function signedUp(name: string) {
  const email = address(name)
  const admin = auth.admin()
  const made = await admin.auth.admin.createUser({ email, password: PASSWORD, email_confirm: true })
  expect(made.error).toBeNull()
  const client = auth.client()
  const { data, error } = await client.auth.signInWithPassword({ email, password: PASSWORD })
  expect(error).toBeNull()
  if (!data.session || !data.user) throw new Error('no session')
  return { email, client, session: data.session, user: data.user }
}

describe('signing up', () => {
  test('sends a link, which signs in once and no second time', async () => {
    const email = address('link')
    const client = auth.client()
    const { data, error } = await client.auth.signUp({
      email,
      password: PASSWORD,
      options: { data: { name: 'Ada' } },
    })
    expect(error).toBeNull()
    expect(data.session).toBeNull()
    expect(data.user).toMatchObject({
      email,
      role: 'authenticated',
      aud: 'authenticated',
      user_metadata: { name: 'Ada' },
    })
    expect(data.user?.identities).toHaveLength(1)
    const before = await client.auth.signInWithPassword({ email, password: PASSWORD })
    expect(before.error).toMatchObject({ status: 400, code: 'email_not_confirmed' })

    const mail = await auth.mailTo(email)
    const [link = ''] = mail.links.filter((each) => each.includes('/verify'))
    const first = await auth.fetch(link, { redirect: 'manual' })
    expect(first.status).toBe(303)
    const location = new URL(first.headers.get('location') ?? '')
    expect(location.origin).toBe('http://app.test')
    const fragment = new URLSearchParams(location.hash.slice(1))
    expect(fragment.get('token_type')).toBe('bearer')
    expect(fragment.get('type')).toBe('signup')
    const me = await client.auth.getUser(fragment.get('access_token') ?? '')
    expect(me.data.user?.email_confirmed_at).toBeTruthy()
    const again = await auth.fetch(link, { redirect: 'manual' })
    expect(again.headers.get('location')).toContain('error_code=otp_expired')
    const after = await client.auth.signInWithPassword({ email, password: PASSWORD })
    expect(after.error).toBeNull()
  })

  test('by code from the mail ends with a session', async () => {
    const email = address('code')
    const client = auth.client()
    await client.auth.signUp({ email, password: PASSWORD })
    const { code = '' } = await auth.mailTo(email)
    const { data, error } = await client.auth.verifyOtp({ email, token: code, type: 'signup' })
    expect(error).toBeNull()
    expect(data.session?.access_token).toBeTruthy()
  })

  test('of somebody who is there shows a stranger nothing', async () => {
    const { email } = await signedUp('twice')
    const { data, error } = await auth.client().auth.signUp({ email, password: 'quite another passphrase' })
    expect(error).toBeNull()
    expect(data.user?.identities).toEqual([])
    expect((await auth.client().auth.signInWithPassword({ email, password: PASSWORD })).error).toBeNull()
  })

  test('without a session to wait for, where nothing is to be confirmed', async () => {
    await auth.set({ email: { autoconfirm: true } })
    const email = address('auto')
    const { data } = await auth.client().auth.signUp({ email, password: PASSWORD })
    expect(data.session?.user.email).toBe(email)
    const again = await auth.client().auth.signUp({ email, password: PASSWORD })
    expect(again.error).toMatchObject({ status: 422, code: 'user_already_exists' })
    await auth.set({})
  })

  test.each([
    ['a short password', { password: 'abc' }, 422, 'weak_password'],
    ['a password everybody has', { password: 'password123' }, 422, 'weak_password'],
    ['an address that is none', { email: 'nobody' }, 400, 'validation_failed'],
  ])('refuses %s', async (_what, given, status, code) => {
    const order = { email: address('bad'), password: PASSWORD, ...given }
    const { error } = await auth.client().auth.signUp(order)
    expect(error).toMatchObject({ status, code })
  })

  test('is refused where it is off', async () => {
    await auth.set({ disableSignup: true })
    const { error } = await auth.client().auth.signUp({ email: address('off'), password: PASSWORD })
    expect(error).toMatchObject({ status: 422, code: 'signup_disabled' })
    await auth.set({})
  })

  test('as nobody in particular, and as somebody later', async () => {
    const off = await auth.client().auth.signInAnonymously()
    expect(off.error).toMatchObject({ status: 422, code: 'anonymous_provider_disabled' })
    await auth.set({ anonymous: { enabled: true } })
    const client = auth.client()
    const { data } = await client.auth.signInAnonymously({ options: { data: { cart: 3 } } })
    expect(data.user).toMatchObject({ is_anonymous: true, user_metadata: { cart: 3 } })
    const email = address('anonymous')
    expect((await client.auth.updateUser({ email })).error).toBeNull()
    const { code = '' } = await auth.mailTo(email)
    const { data: changed, error } = await client.auth.verifyOtp({ email, token: code, type: 'email_change' })
    expect(error).toBeNull()
    expect(changed.user).toMatchObject({ id: data.user?.id, email, is_anonymous: false })
    await auth.set({})
  })
})

describe('signing in', () => {
  test('is refused in the same words whether or not there is somebody', async () => {
    const { email } = await signedUp('words')
    const wrong = await auth.client().auth.signInWithPassword({ email, password: 'no such passphrase' })
    const nobody = await auth.client().auth.signInWithPassword({ email: address('none'), password: PASSWORD })
    const inWords = (error: unknown) => JSON.stringify(error)
    expect(wrong.error).toMatchObject({ status: 400, code: 'invalid_credentials' })
    expect(inWords(wrong.error)).toBe(inWords(nobody.error))
  })

  test('ends with a token that the REST API takes', async () => {
    const { client, user } = await signedUp('rest')
    await auth.run(
      'create or replace function public.me() returns uuid language sql stable as $$ select auth.uid() $$',
    )
    await expect.poll(async () => (await client.rpc('me')).data).toBe(user.id)
  })

  test('carries the claims of the session', async () => {
    const { client, session, user } = await signedUp('claims')
    const { data } = await client.auth.getClaims(session.access_token)
    expect(data?.claims).toMatchObject({
      ...{ sub: user.id, role: 'authenticated', aud: 'authenticated', aal: 'aal1', is_anonymous: false },
      amr: [{ method: 'password' }],
      session_id: expect.any(String),
    })
  })
})

describe('a session', () => {
  test('goes on with each refresh, and the old token is good for a lost answer only', async () => {
    const { client, session } = await signedUp('refresh')
    const old = session.refresh_token
    const next = await client.auth.refreshSession({ refresh_token: old })
    expect(next.error).toBeNull()
    expect(next.data.session?.refresh_token).not.toBe(old)
    const lost = await client.auth.refreshSession({ refresh_token: old })
    expect(lost.data.session?.refresh_token).toBe(next.data.session?.refresh_token)
    await auth.later(11_000)
    const stolen = await auth.client().auth.refreshSession({ refresh_token: old })
    expect(stolen.error).toMatchObject({ status: 400, code: 'refresh_token_already_used' })
    const family = await client.auth.refreshSession({ refresh_token: next.data.session?.refresh_token ?? '' })
    expect(family.error).toMatchObject({ code: 'refresh_token_not_found' })
  })

  test('keeps its refresh token where rotation is off, and no use of it is theft', async () => {
    const { client, session } = await signedUp('kept')
    await auth.set({ sessions: { refreshRotation: false } })
    for (let each = 0; each < 3; each += 1) {
      const next = await client.auth.refreshSession({ refresh_token: session.refresh_token })
      expect(next.data.session?.refresh_token).toBe(session.refresh_token)
      expect((await client.auth.getUser(next.data.session?.access_token)).error).toBeNull()
      await auth.later(60_000)
    }
    const rows = await auth.rows`
      select r.revoked::text as revoked from auth.refresh_tokens r join auth.users u on u.id = r.user_id::uuid
      where u.email = ${session.user.email ?? ''}`
    expect(rows).toEqual([{ revoked: 'false' }])
    await auth.set({})
    const rotated = await client.auth.refreshSession({ refresh_token: session.refresh_token })
    expect(rotated.data.session?.refresh_token).not.toBe(session.refresh_token)
  })

  test('of two refreshes at once gets one successor', async () => {
    const { session } = await signedUp('race')
    const body = { refresh_token: session.refresh_token }
    const all = await Promise.all(
      Array.from({ length: 10 }, () => auth.call('POST', '/token?grant_type=refresh_token', { body })),
    )
    expect(new Set(all.map(({ status, body: { refresh_token } }) => `${status} ${refresh_token}`)).size).toBe(
      1,
    )
  })

  test('that goes on tells of the user what asking for the user does, to the millisecond', async () => {
    const { client } = await signedUp('shown')
    expect((await client.auth.mfa.enroll({ factorType: 'totp', friendlyName: 'app' })).error).toBeNull()
    const { data } = await client.auth.refreshSession()
    const { data: asked } = await client.auth.getUser(data.session?.access_token)
    expect(data.user).toEqual(asked.user)
    expect([data.user?.identities?.length, data.user?.factors?.length]).toEqual([1, 1])
  })

  test('of a user who is banned, or gone, goes on no more', async () => {
    const { session, client } = await signedUp('barred')
    const { data } = await client.auth.getUser()
    const id = data.user?.id ?? ''
    await auth.rows`update auth.users set banned_until = now() + interval '1 day' where id = ${id}`
    const body = { refresh_token: session.refresh_token }
    const banned = await auth.call('POST', '/token?grant_type=refresh_token', { body })
    expect(banned.body).toMatchObject({ error_code: 'user_banned' })
    await auth.rows`update auth.users set banned_until = null, deleted_at = now() where id = ${id}`
    const gone = await auth.call('POST', '/token?grant_type=refresh_token', { body })
    expect(gone.body).toMatchObject({ error_code: 'refresh_token_not_found' })
  })

  test('stands in the table as a digest alone', async () => {
    const { session } = await signedUp('digest')
    const rows = await auth.rows`select 1 from auth.refresh_tokens where token = ${session.refresh_token}`
    expect(rows).toHaveLength(0)
    const [row] = await auth.rows`select token from auth.refresh_tokens order by id desc limit 1`
    const asItStands = await auth.call('POST', '/token?grant_type=refresh_token', {
      body: { refresh_token: row?.token },
    })
    expect(asItStands.body).toMatchObject({ error_code: 'refresh_token_not_found' })
  })

  test.each([
    ['timeboxS', 'timebox'],
    ['inactivityS', 'inactivity'],
  ])('ends by %s', async (setting) => {
    await auth.set({ sessions: { [setting]: 60 } })
    const { client, session } = await signedUp('expiry')
    await auth.later(61_000)
    const { error } = await client.auth.refreshSession({ refresh_token: session.refresh_token })
    expect(error).toMatchObject({ code: 'session_expired' })
    await auth.set({})
  })

  test.each([
    ['global', false, false],
    ['local', false, true],
    ['others', true, false],
  ] as const)('ends with a logout of scope %s', async (scope, own, other) => {
    const { client, email, session } = await signedUp('logout')
    const second = await auth.client().auth.signInWithPassword({ email, password: PASSWORD })
    expect((await client.auth.signOut({ scope })).error).toBeNull()
    const lives = async (token: string) =>
      (await auth.call('POST', '/token?grant_type=refresh_token', { body: { refresh_token: token } }))
        .status === 200
    expect(await lives(session.refresh_token)).toBe(own)
    expect(await lives(second.data.session?.refresh_token ?? '')).toBe(other)
    const gone = await auth.call('GET', '/user', { bearer: session.access_token })
    expect(gone.status).toBe(own ? 200 : 403)
  })

  test('is listed to its user with where it is used, and ended from another one', async () => {
    const { email, session, user } = await signedUp('listed')
    const other = auth.client()
    const { data } = await other.auth.signInWithPassword({ email, password: PASSWORD })
    const list = () => auth.call('GET', '/user/sessions', { bearer: session.access_token })
    type Listed = { id: string; is_current: boolean; aal: string; client_id: string | null }
    const { status, text } = await list()
    const listed = JSON.parse(text) as Listed[]
    expect([status, listed.map(({ is_current }) => is_current)]).toEqual([200, [false, true]])
    expect(listed[0]).toMatchObject({ aal: 'aal1', client_id: null, not_after: null })
    const end = (id: string, bearer = session.access_token) =>
      auth.call('DELETE', `/user/sessions/${id}`, { bearer })
    const stranger = await signedUp('stranger')
    const refused = await end(listed[0]?.id ?? '', stranger.session.access_token)
    expect([refused.status, refused.body.error_code]).toEqual([404, 'session_not_found'])
    expect((await end(listed[0]?.id ?? '')).status).toBe(204)
    expect((await other.auth.getUser(data.session?.access_token)).error).not.toBeNull()
    expect(JSON.parse((await list()).text)).toHaveLength(1)
    expect((await auth.client().auth.getUser(session.access_token)).data.user?.id).toBe(user.id)
  })
})
