/** Each endpoint that auth-js calls, by the method that calls it, and what it answers; those of flows are in the suites of their own. */
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createPeople } from '../harness/auth-people.ts'
import type { AuthPlace } from '../harness/auth-place.ts'
import { eventually } from '../harness/eventually.ts'
import { openAuth } from '../harness/open-auth.ts'

const PASSWORD = 'a long enough passphrase 4711'
const SECRET = `v1,whsec_${Buffer.from('a secret of thirty-two characters').toString('base64')}`

let auth: AuthPlace
/** Takes whatever message is to be sent. */
let messages: Server
const sent: { to: string; otp: string }[] = []
let count = 0
const address = (name: string) => `${name}-${++count}@endpoints.example`
const newPhone = () => `49151200${String(10_000 + ++count)}`

beforeAll(async () => {
  messages = createServer((request, response) => {
    let body = ''
    request.on('data', (piece: Buffer) => {
      body += piece
    })
    request.on('end', () => {
      sent.push(JSON.parse(body).data)
      response.writeHead(200, { 'content-type': 'application/json' }).end('{"message_id":"m1"}')
    })
  })
  await new Promise<void>((resolve) => messages.listen(0, '127.0.0.1', resolve))
  const { port } = messages.address() as AddressInfo
  const provider = { kind: 'webhook', url: `http://127.0.0.1:${port}/`, secret: SECRET }
  auth = await openAuth({ phone: { enabled: true, maxFrequencyS: 0, provider } })
  await auth.reach(port)
})
afterAll(async () => {
  await auth?.stop()
  messages?.close()
})

const { signedUp } = createPeople(() => auth)
const codeFor = (phone: string) =>
  eventually(10_000, async () => {
    const at = sent.findIndex(({ to }) => to === `+${phone}`)
    if (at < 0) throw new Error(`no message to ${phone}`)
    return sent.splice(at, 1)[0]?.otp ?? ''
  })
const USER = {
  ...{ id: expect.any(String), aud: 'authenticated', role: 'authenticated', created_at: expect.any(String) },
  ...{ app_metadata: expect.any(Object), user_metadata: expect.any(Object), identities: expect.any(Array) },
}
const SESSION = {
  ...{ access_token: expect.any(String), token_type: 'bearer', refresh_token: expect.any(String) },
  ...{ expires_in: 3_600, expires_at: expect.any(Number), user: expect.objectContaining(USER) },
}

describe('what anybody may ask', () => {
  test.each([
    ['/health', { name: 'GoTrue', version: expect.any(String), description: expect.any(String) }],
    [
      '/settings',
      {
        ...{ external: { email: true, phone: true, anonymous_users: false }, disable_signup: false },
        ...{ mailer_autoconfirm: false, phone_autoconfirm: false, saml_enabled: expect.any(Boolean) },
      },
    ],
    ['/.well-known/jwks.json', { keys: [] }],
    [
      '/.well-known/openid-configuration',
      { issuer: expect.stringMatching(/\/auth\/v1$/), jwks_uri: expect.any(String) },
    ],
  ])('GET %s', async (path, expected) => {
    const { status, body } = await auth.call('GET', path)
    expect([status, body]).toMatchObject([200, expected])
  })
})

describe('by phone', () => {
  test('signUp sends a code, resend another, and verifyOtp makes the session', async () => {
    const phone = newPhone()
    const client = auth.client()
    const { data, error } = await client.auth.signUp({ phone, password: PASSWORD })
    expect(error).toBeNull()
    expect([data.session, data.user]).toMatchObject([null, { phone, email: '' }])
    const first = await codeFor(phone)
    const again = await client.auth.resend({ type: 'sms', phone })
    expect(again).toMatchObject({ error: null, data: { messageId: 'm1' } })
    const token = await codeFor(phone)
    if (first !== token)
      expect((await client.auth.verifyOtp({ phone, token: first, type: 'sms' })).error?.code).toBe(
        'otp_expired',
      )
    const verified = await client.auth.verifyOtp({ phone, token, type: 'sms' })
    expect(verified.data.session).toMatchObject(SESSION)
    expect(verified.data.user?.phone_confirmed_at).toBeTruthy()
    expect((await auth.client().auth.signInWithPassword({ phone, password: PASSWORD })).error).toBeNull()
  })

  test('signInWithOtp makes a user of who is new', async () => {
    const phone = newPhone()
    const { data, error } = await auth.client().auth.signInWithOtp({ phone })
    expect([error, data]).toMatchObject([null, { messageId: 'm1' }])
    const token = await codeFor(phone)
    const verified = await auth.client().auth.verifyOtp({ phone, token, type: 'sms' })
    expect(verified.data.session).toMatchObject(SESSION)
  })

  test('updateUser changes the number once its code is back, and resend sends another', async () => {
    const [phone, next] = [newPhone(), newPhone()]
    const client = auth.client()
    await auth.admin().auth.admin.createUser({ phone, password: PASSWORD, phone_confirm: true })
    await client.auth.signInWithPassword({ phone, password: PASSWORD })
    const { data } = await client.auth.updateUser({ phone: next })
    expect(data.user).toMatchObject({ phone, new_phone: next })
    await codeFor(next)
    expect((await client.auth.resend({ type: 'phone_change', phone })).error).toBeNull()
    const token = await codeFor(next)
    const verified = await client.auth.verifyOtp({ phone: next, token, type: 'phone_change' })
    expect(verified.error).toBeNull()
    expect((await client.auth.getUser()).data.user).toMatchObject({ phone: next })
  })
})

describe('by mail', () => {
  test('resend sends the letter of a sign-up again, and the first link is void', async () => {
    const email = address('again')
    await auth.client().auth.signUp({ email, password: PASSWORD })
    const first = await auth.mailTo(email)
    await auth.later(2_000)
    expect((await auth.client().auth.resend({ type: 'signup', email })).error).toBeNull()
    const second = await auth.mailTo(email)
    const verify = (token = '') => auth.client().auth.verifyOtp({ email, token, type: 'signup' })
    if (first.code !== second.code) expect((await verify(first.code)).error?.code).toBe('otp_expired')
    expect((await verify(second.code)).data.session).toMatchObject(SESSION)
  })

  test('resend sends the letter of a change of address again', async () => {
    const [{ client, email }, next] = [await signedUp(), address('next')]
    await client.auth.updateUser({ email: next })
    await auth.mailTo(next)
    await auth.later(2_000)
    expect((await client.auth.resend({ type: 'email_change', email })).error).toBeNull()
    expect((await auth.mailTo(next)).links.join()).toContain('/auth/v1/verify')
  })

  test('of nobody, resend and resetPasswordForEmail answer alike', async () => {
    const email = address('nobody')
    const client = auth.client()
    expect((await client.auth.resend({ type: 'signup', email })).error).toBeNull()
    expect((await client.auth.resetPasswordForEmail(email)).error).toBeNull()
    expect(auth.mailCount(email)).toBe(0)
  })
})

describe('with a session', () => {
  test('getUser, getClaims and getUserIdentities show the same person', async () => {
    const { client, user, session } = await signedUp()
    expect((await client.auth.getUser()).data.user).toMatchObject({ ...USER, id: user.id })
    expect((await client.auth.getClaims(session.access_token)).data?.claims.sub).toBe(user.id)
    const { data } = await client.auth.getUserIdentities()
    expect(data?.identities).toMatchObject([
      {
        provider: 'email',
        user_id: user.id,
        identity_id: expect.any(String),
        identity_data: { sub: user.id },
      },
    ])
  })

  test('setSession takes what a link brought', async () => {
    const { session, user } = await signedUp()
    const { access_token, refresh_token } = session
    const { data, error } = await auth.client().auth.setSession({ access_token, refresh_token })
    expect([error, data.user?.id]).toEqual([null, user.id])
  })
})

describe('an administrator', () => {
  test('creates, finds, lists, changes and deletes', async () => {
    const { admin } = auth.admin().auth
    const email = address('made')
    const order = {
      email,
      password: PASSWORD,
      email_confirm: true,
      user_metadata: { a: 1 },
      app_metadata: { b: 2 },
    }
    const { data, error } = await admin.createUser(order)
    expect(error).toBeNull()
    expect(data.user).toMatchObject({ ...USER, email, user_metadata: { a: 1 }, app_metadata: { b: 2 } })
    const id = data.user?.id ?? ''
    expect((await admin.getUserById(id)).data.user).toMatchObject({ ...USER, id })
    const listed = await auth.call('GET', `/admin/users?filter=${encodeURIComponent(email)}`, {
      key: auth.keys.service,
    })
    expect(listed.body).toMatchObject({ users: [{ id }], aud: 'authenticated' })
    expect(listed.headers.get('x-total-count')).toBe('1')
    const next = address('changed')
    expect((await admin.updateUserById(id, { email: next })).data.user).toMatchObject({ email: next })
    expect((await admin.deleteUser(id)).error).toBeNull()
    expect((await admin.getUserById(id)).error).toMatchObject({ status: 404, code: 'user_not_found' })
  })

  test.each(['email_change_current', 'email_change_new'] as const)(
    'makes a link of type %s',
    async (type) => {
      const [{ email }, newEmail] = [await signedUp(), address('wanted')]
      const { data, error } = await auth.admin().auth.admin.generateLink({ type, email, newEmail })
      expect(error).toBeNull()
      expect(data.properties).toMatchObject({ verification_type: type, redirect_to: 'http://app.test' })
      const hash = data.properties?.hashed_token ?? ''
      const verified = await auth.client().auth.verifyOtp({ token_hash: hash, type: 'email_change' })
      expect(verified.error).toBeNull()
    },
  )

  test('signs somebody out by their token', async () => {
    const { session, bearer } = await signedUp()
    expect((await auth.admin().auth.admin.signOut(session.access_token)).error).toBeNull()
    expect((await auth.call('GET', '/user', { bearer })).status).toBe(403)
  })
})
