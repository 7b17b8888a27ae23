/** What is sent by mail and comes back: magic links, codes, recovery, invitations, changes of address; PKCE through a mail. */
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
const address = (name: string) => `${name}-${++count}@letters.example`

async function confirmed(name: string, more: object = {}) {
  const email = address(name)
  const { data, error } = await auth
    .admin()
    .auth.admin.createUser({ email, password: PASSWORD, email_confirm: true, ...more })
  if (error || !data.user) throw error ?? new Error('no user')
  return { email, id: data.user.id }
}

async function signedIn(name: string) {
  const { email, id } = await confirmed(name)
  const client = auth.client()
  const { data, error } = await client.auth.signInWithPassword({ email, password: PASSWORD })
  if (error) throw error
  return { email, id, client, session: data.session }
}

const later = (ms: number) => auth.later(ms)
const linkIn = ({ links }: { links: string[] }) =>
  links.find((each) => each.includes('/auth/v1/verify')) ?? ''
const follow = async (link: string) => {
  const answer = await auth.fetch(link, { redirect: 'manual' })
  return { status: answer.status, location: new URL(answer.headers.get('location') ?? 'http://none') }
}
const fragmentOf = ({ location }: { location: URL }) => new URLSearchParams(location.hash.slice(1))

/** A client that keeps its verifier, as a browser does. */
function pkceClient() {
  const kept = new Map<string, string>()
  const storage = {
    getItem: (key: string) => kept.get(key) ?? null,
    setItem: (key: string, value: string) => void kept.set(key, value),
    removeItem: (key: string) => void kept.delete(key),
  }
  return auth.client({ flowType: 'pkce', persistSession: true, storage })
}

describe('a magic link', () => {
  test('signs in whoever is there, once', async () => {
    const { email, id } = await confirmed('magic')
    const { error } = await auth.client().auth.signInWithOtp({ email })
    expect(error).toBeNull()
    const mail = await auth.mailTo(email)
    const first = await follow(linkIn(mail))
    expect(first.status).toBe(303)
    const token = fragmentOf(first).get('access_token') ?? ''
    expect((await auth.client().auth.getUser(token)).data.user?.id).toBe(id)
    expect(fragmentOf(await follow(linkIn(mail))).get('error_code')).toBe('otp_expired')
  })

  test('or its code does, within its time', async () => {
    const { email } = await confirmed('otp')
    await auth.client().auth.signInWithOtp({ email })
    const { code = '' } = await auth.mailTo(email)
    await later(3_601_000)
    const late = await auth.client().auth.verifyOtp({ email, token: code, type: 'email' })
    expect(late.error).toMatchObject({ status: 403, code: 'otp_expired' })
    await auth.client().auth.signInWithOtp({ email })
    const fresh = await auth.mailTo(email)
    const { data, error } = await auth
      .client()
      .auth.verifyOtp({ email, token: fresh.code ?? '', type: 'email' })
    expect(error).toBeNull()
    expect(data.session).toBeTruthy()
  })

  test('makes a user of who is new, unless that is not wanted', async () => {
    const email = address('new')
    const { error } = await auth.client().auth.signInWithOtp({ email, options: { shouldCreateUser: false } })
    expect(error).toMatchObject({ status: 422, code: 'otp_disabled' })
    await auth.client().auth.signInWithOtp({ email })
    const { code = '' } = await auth.mailTo(email)
    const { data } = await auth.client().auth.verifyOtp({ email, token: code, type: 'email' })
    expect(data.user?.email).toBe(email)
  })

  test('is sent no more often than it may', async () => {
    const { email } = await confirmed('often')
    await auth.set({ email: { maxFrequencyS: 60 } })
    expect((await auth.client().auth.signInWithOtp({ email })).error).toBeNull()
    const { error } = await auth.client().auth.signInWithOtp({ email })
    expect(error).toMatchObject({ status: 429, code: 'over_email_send_rate_limit' })
    expect(error?.message).toMatch(/after \d+ seconds/)
    await auth.set({})
  })

  test('with PKCE ends with a code that only who asked can use', async () => {
    const { email, id } = await confirmed('pkce')
    const client = pkceClient()
    await client.auth.signInWithOtp({ email, options: { emailRedirectTo: 'http://app.test/welcome' } })
    const { location } = await follow(linkIn(await auth.mailTo(email)))
    expect(location.origin + location.pathname).toBe('http://app.test/welcome')
    expect(location.hash).toBe('')
    const code = location.searchParams.get('code') ?? ''
    const { data, error } = await client.auth.exchangeCodeForSession(code)
    expect(error).toBeNull()
    expect(data.session?.user.id).toBe(id)
    const again = await auth.call('POST', '/token?grant_type=pkce', {
      body: { auth_code: code, code_verifier: 'x'.repeat(50) },
    })
    expect(again.body).toMatchObject({ error_code: 'flow_state_not_found' })
  })

  test('with PKCE and another verifier is of no use, and the code is spent', async () => {
    const { email } = await confirmed('verifier')
    const client = pkceClient()
    await client.auth.signInWithOtp({ email })
    const { location } = await follow(linkIn(await auth.mailTo(email)))
    const code = location.searchParams.get('code') ?? ''
    const wrong = await auth.call('POST', '/token?grant_type=pkce', {
      body: { auth_code: code, code_verifier: 'x'.repeat(50) },
    })
    expect(wrong).toMatchObject({ status: 400, body: { error_code: 'bad_code_verifier' } })
    const own = await client.auth.exchangeCodeForSession(code)
    expect(own.error).toMatchObject({ code: 'flow_state_not_found' })
  })
})

test('a code of somebody who is banned is refused, and spent', async () => {
  const { email, id } = await confirmed('banned')
  // A ban voids what was sent before.
  await auth.admin().auth.admin.updateUserById(id, { ban_duration: '1h' })
  await auth.client().auth.signInWithOtp({ email })
  const { code = '' } = await auth.mailTo(email)
  const verify = () => auth.call('POST', '/verify', { body: { type: 'email', email, token: code } })
  const [refused, spent] = [await verify(), await verify()]
  expect([refused.status, refused.body.error_code]).toEqual([403, 'user_banned'])
  expect([spent.status, spent.body.error_code]).toEqual([403, 'otp_expired'])
})

test('a code is guessed five times at most, however many guesses there are', async () => {
  const { email } = await confirmed('guess')
  await auth.client().auth.signInWithOtp({ email })
  const { code = '' } = await auth.mailTo(email)
  const guess = (token: string) => auth.call('POST', '/verify', { body: { type: 'email', email, token } })
  for (let tried = 0; tried < 5; tried += 1) {
    const wrong = String((Number(code) + 1 + tried) % 1_000_000).padStart(6, '0')
    expect((await guess(wrong)).status).toBe(403)
  }
  expect(await guess(code)).toMatchObject({ status: 403, body: { error_code: 'otp_expired' } })
})

describe('a password that was forgotten', () => {
  test('is set anew by who has the mail, and everybody else is signed out', async () => {
    const { email, session } = await signedIn('forgot')
    const client = auth.client()
    expect((await client.auth.resetPasswordForEmail(email)).error).toBeNull()
    const { code = '' } = await auth.mailTo(email)
    const verified = await client.auth.verifyOtp({ email, token: code, type: 'recovery' })
    expect(verified.error).toBeNull()
    const password = 'another long passphrase 0815'
    expect((await client.auth.updateUser({ password })).error).toBeNull()
    const before = await auth.client().auth.refreshSession({ refresh_token: session?.refresh_token ?? '' })
    expect(before.error).toMatchObject({ code: 'refresh_token_not_found' })
    expect((await auth.client().auth.signInWithPassword({ email, password: PASSWORD })).error).toBeTruthy()
    expect((await auth.client().auth.signInWithPassword({ email, password })).error).toBeNull()
  })
})

describe('a change', () => {
  test('of the password is refused to the same one, and asks for what the settings ask for', async () => {
    const { client, email } = await signedIn('password')
    expect((await client.auth.updateUser({ password: PASSWORD })).error).toMatchObject({
      status: 422,
      code: 'same_password',
    })
    await auth.set({ password: { requireReauthentication: true } })
    await later(25 * 3_600_000)
    await client.auth.refreshSession()
    const without = await client.auth.updateUser({ password: 'yet another passphrase 1' })
    expect(without.error).toMatchObject({ code: 'reauthentication_needed' })
    await client.auth.reauthenticate()
    const { code = '' } = await auth.mailTo(email)
    const wrong = await client.auth.updateUser({ password: 'yet another passphrase 1', nonce: '000000' })
    expect(wrong.error).toMatchObject({ code: 'reauthentication_not_valid' })
    const right = await client.auth.updateUser({ password: 'yet another passphrase 1', nonce: code })
    expect(right.error).toBeNull()
    await auth.set({ password: { requireCurrent: true } })
    const bare = await client.auth.updateUser({ password: 'yet another passphrase 2' })
    expect(bare.error).toMatchObject({ code: 'current_password_required' })
    await auth.set({})
  })

  test('of the address is confirmed at both', async () => {
    const { client, email } = await signedIn('move')
    const next = address('moved')
    const { data, error } = await client.auth.updateUser({ email: next })
    expect(error).toBeNull()
    expect(data.user).toMatchObject({ email, new_email: next })
    const half = await follow(linkIn(await auth.mailTo(next)))
    expect(decodeURIComponent(half.location.hash)).toContain('Please+proceed+to+confirm')
    expect((await client.auth.getUser()).data.user?.email).toBe(email)
    const whole = await follow(linkIn(await auth.mailTo(email)))
    expect(fragmentOf(whole).get('access_token')).toBeTruthy()
    expect(
      (await auth.client().auth.signInWithPassword({ email: next, password: PASSWORD })).error,
    ).toBeNull()
  })

  test('to somebody else’s address is refused', async () => {
    const { email } = await confirmed('taken')
    const { client } = await signedIn('taker')
    expect((await client.auth.updateUser({ email })).error).toMatchObject({
      status: 422,
      code: 'email_exists',
    })
  })

  test('of one’s own data keeps what is not named', async () => {
    const { client } = await signedIn('data')
    await client.auth.updateUser({ data: { name: 'Ada', town: 'London' } })
    const { data } = await client.auth.updateUser({ data: { town: null, age: 36 } })
    expect(data.user?.user_metadata).toMatchObject({ name: 'Ada', age: 36 })
    expect(data.user?.user_metadata).not.toHaveProperty('town')
  })
})

describe('an administrator', () => {
  test('invites, and the invited sets a password', async () => {
    const email = address('invited')
    const { data, error } = await auth.admin().auth.admin.inviteUserByEmail(email, { data: { team: 'red' } })
    expect(error).toBeNull()
    expect(data.user).toMatchObject({ email, user_metadata: { team: 'red' }, invited_at: expect.any(String) })
    const opened = await follow(linkIn(await auth.mailTo(email)))
    const fragment = fragmentOf(opened)
    expect(fragment.get('type')).toBe('invite')
    const client = auth.client()
    await client.auth.setSession({
      access_token: fragment.get('access_token') ?? '',
      refresh_token: fragment.get('refresh_token') ?? '',
    })
    expect((await client.auth.updateUser({ password: PASSWORD })).error).toBeNull()
    expect((await auth.client().auth.signInWithPassword({ email, password: PASSWORD })).error).toBeNull()
  })

  test.each(['signup', 'invite', 'magiclink', 'recovery'] as const)(
    'makes a link of type %s that is not sent',
    async (type) => {
      const email = type === 'signup' || type === 'invite' ? address('link') : (await confirmed('link')).email
      const order = { type, email, ...(type === 'signup' ? { password: PASSWORD } : {}) }
      const { data, error } = await auth.admin().auth.admin.generateLink(order as never)
      expect(error).toBeNull()
      expect(data.properties).toMatchObject({
        verification_type: type,
        email_otp: expect.stringMatching(/^\d{6}$/),
      })
      expect(auth.mailCount(email)).toBe(0)
      const hash = data.properties?.hashed_token ?? ''
      const verified = await auth.client().auth.verifyOtp({ token_hash: hash, type })
      expect(verified.error).toBeNull()
      expect(verified.data.user?.email).toBe(email)
    },
  )

  test('finds, changes, bans and removes', async () => {
    const admin = auth.admin().auth.admin
    const { email, id } = await confirmed('subject')
    const listed = await admin.listUsers({ page: 1, perPage: 5 })
    expect(listed.data.users.length).toBeLessThanOrEqual(5)
    expect(listed.data).toMatchObject({ total: expect.any(Number), lastPage: expect.any(Number) })
    const changed = await admin.updateUserById(id, { user_metadata: { a: 1 }, app_metadata: { plan: 'pro' } })
    expect(changed.data.user).toMatchObject({
      user_metadata: { a: 1 },
      app_metadata: { plan: 'pro', provider: 'email' },
    })
    const inside = await auth.client().auth.signInWithPassword({ email, password: PASSWORD })
    await admin.updateUserById(id, { ban_duration: '1h30m' })
    const bearer = inside.data.session?.access_token ?? ''
    expect((await auth.call('GET', '/user', { bearer })).status).toBe(403)
    const banned = await auth.client().auth.signInWithPassword({ email, password: PASSWORD })
    expect(banned.error).toMatchObject({ code: 'user_banned' })
    await admin.updateUserById(id, { ban_duration: 'none' })
    expect((await auth.client().auth.signInWithPassword({ email, password: PASSWORD })).error).toBeNull()
    expect((await admin.deleteUser(id, true)).error).toBeNull()
    expect((await auth.client().auth.signInWithPassword({ email, password: PASSWORD })).error).toBeTruthy()
    expect((await admin.getUserById(id)).error).toMatchObject({ status: 404, code: 'user_not_found' })
    const [row] = await auth.rows`select email, raw_user_meta_data from auth.users where id = ${id}`
    expect(JSON.stringify(row)).not.toContain('subject')
    const again = await admin.createUser({ email, password: PASSWORD, email_confirm: true })
    expect(again.error).toBeNull()
    expect((await admin.deleteUser(again.data.user?.id ?? '')).error).toBeNull()
  })

  test('is nobody without the service key', async () => {
    const { session } = await signedIn('nobody')
    const asUser = await auth.call('GET', '/admin/users', { bearer: session?.access_token ?? '' })
    expect(asUser).toMatchObject({ status: 403, body: { error_code: 'not_admin' } })
    expect((await auth.call('GET', '/admin/users')).status).toBe(401)
  })

  test('reads the audit log, in which no secret stands', async () => {
    const { id } = await signedIn('audited')
    const log = await auth.call('GET', '/admin/audit?per_page=500', { key: auth.keys.service })
    expect(log.status).toBe(200)
    expect(log.text).toContain(id)
    expect(log.text).not.toContain(PASSWORD)
  })
})

test('a hash from elsewhere signs in with its password, and is hashed anew by it', async () => {
  const [email, password] = [address('bcrypt'), 'the passphrase of ana 1']
  const bcrypt = '$2a$10$bodqeU2Fd56V0lzKFQNZzuoQL6n9spj64uocBOKw4kFBT4/tvwlD2'
  const order = { email, password_hash: bcrypt, email_confirm: true }
  expect((await auth.admin().auth.admin.createUser(order)).error).toBeNull()
  const hash = async () =>
    (await auth.rows`select encrypted_password from auth.users where email = ${email}`)[0]?.encrypted_password
  const wrong = await auth.client().auth.signInWithPassword({ email, password: 'not it at all' })
  expect(wrong.error).toMatchObject({ code: 'invalid_credentials' })
  expect(await hash()).toBe(bcrypt)
  expect((await auth.client().auth.signInWithPassword({ email, password })).error).toBeNull()
  expect(await hash()).toMatch(/^\$argon2id\$/)
  expect((await auth.client().auth.signInWithPassword({ email, password })).error).toBeNull()
})

test('both generations of errors are spoken, by the header', async () => {
  const body = { email: address('who'), password: 'wrong passphrase' }
  const first = await auth.call('POST', '/token?grant_type=password', { body })
  expect(first.body).toMatchObject({
    code: 400,
    error_code: 'invalid_credentials',
    msg: 'Invalid login credentials',
  })
  const headers = { 'X-Supabase-Api-Version': '2024-01-01' }
  const second = await auth.call('POST', '/token?grant_type=password', { body, headers })
  expect(second.body).toMatchObject({ code: 'invalid_credentials', message: 'Invalid login credentials' })
  expect(second.headers.get('x-supabase-api-version')).toBe('2024-01-01')
  expect(second.headers.get('x-sb-error-code')).toBe('invalid_credentials')
})

test('nothing secret stands in the log', async () => {
  const { email, session } = await signedIn('logged')
  await auth.client().auth.signInWithOtp({ email })
  const { code = 'none', links } = await auth.mailTo(email)
  await follow(links.find((each) => each.includes('/verify')) ?? '')
  const log = await auth.logged()
  const token = new URL(links[0] ?? 'http://none').searchParams.get('token') ?? 'none'
  for (const secret of [PASSWORD, code, token, session?.access_token, session?.refresh_token, auth.secret])
    expect(log).not.toContain(secret)
})
