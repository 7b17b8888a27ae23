/** What comes from outside decides neither where links lead, nor whose tokens count, nor how much of a password does. */
import { randomBytes } from 'node:crypto'
import { request } from 'node:http'
import { commonPasswords } from '@cascata/runtime/auth/passwords/common-passwords'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type AuthRuntime, startAuthRuntime } from '../harness/auth-runtime.ts'
import { startPostgres, type TestPostgres } from '../harness/postgres.ts'

const PASSWORD = 'a long enough passphrase 4711'

let pg: TestPostgres
let auth: AuthRuntime
/** Another project: its own database, and its own secret. */
let otherPg: TestPostgres
let other: AuthRuntime

beforeAll(async () => {
  pg = await startPostgres()
  otherPg = await startPostgres()
  auth = await startAuthRuntime(pg)
  other = await startAuthRuntime(otherPg, {}, { secret: 'a-secret-of-another-project-of-this-test' })
})
afterAll(async () => {
  await auth?.stop()
  await other?.stop()
  await pg?.stop()
  await otherPg?.stop()
})

let count = 0
async function person(on: AuthRuntime = auth) {
  count += 1
  const email = `person-${count}@example.com`
  const { data, error } = await on
    .admin()
    .auth.admin.createUser({ email, password: PASSWORD, email_confirm: true })
  if (error || !data.user) throw error ?? new Error('no user')
  return { email, id: data.user.id }
}

/** As fetch never would: with a `Host` of the caller's own. */
function raw(path: string, { headers = {}, body }: { headers?: Record<string, string>; body?: object }) {
  const { promise, resolve, reject } = Promise.withResolvers<{ status: number; location: string }>()
  const text = body === undefined ? '' : JSON.stringify(body)
  const sent = request(
    `${auth.url}/auth/v1${path}`,
    {
      method: body === undefined ? 'GET' : 'POST',
      headers: {
        ...{ apikey: auth.keys.anon, 'content-type': 'application/json' },
        ...{ 'content-length': String(Buffer.byteLength(text)), ...headers },
      },
    },
    (response) => {
      const answer = { status: response.statusCode ?? 0, location: response.headers.location ?? '' }
      response.resume().on('end', () => resolve(answer))
    },
  )
  sent.on('error', reject)
  sent.end(text)
  return promise
}

const HEADERS: readonly (readonly [string, Record<string, string>])[] = [
  ['Host', { host: 'evil.example' }],
  ['X-Forwarded-Host', { 'x-forwarded-host': 'evil.example' }],
  ['X-Forwarded-Proto and Port', { 'x-forwarded-proto': 'http', 'x-forwarded-port': '666' }],
  ['X-Forwarded-Prefix', { 'x-forwarded-prefix': '/evil.example' }],
  ['Forwarded', { forwarded: 'host=evil.example;proto=http' }],
  ['X-Original-Host and X-Host', { 'x-original-host': 'evil.example', 'x-host': 'evil.example' }],
  ['Origin and Referer', { origin: 'http://evil.example', referer: 'http://evil.example/' }],
  ['redirect_to as a header', { redirect_to: 'http://evil.example/' }],
]

describe('the links of a mail lead to the project and its site, whatever is said in', () => {
  test.each(HEADERS)('%s', async (_name, headers) => {
    const { email } = await person()
    const paths = [
      ['/recover', { email }],
      ['/otp', { email: `new-${email}` }],
      ['/signup', { email: `signed-${email}`, password: PASSWORD }],
    ] as const
    for (const [path, body] of paths) {
      expect((await raw(path, { headers, body })).status).toBe(200)
      const mail = await auth.mailTo(body.email)
      const link = new URL(mail.links.find((each) => each.includes('/verify')) ?? 'http://none')
      expect(link.origin).toBe(auth.url)
      expect(link.searchParams.get('redirect_to')).toBe('http://app.test')
      expect(`${mail.html} ${mail.text}`).not.toContain('evil.example')
      expect(`${mail.html} ${mail.text}`).not.toContain(':666')
    }
  })
})

describe('redirect_to leads to the site instead of', () => {
  test.each([
    'http://evil.example/',
    'https://evil.example/?http://app.test/',
    '//evil.example/',
    'http://app.test@evil.example/',
    'http://app.test.evil.example/',
    'http://app.test:8080/',
    'javascript:alert(1)',
    'data:text/html,x',
    'http:evil.example',
    'http://app.test\\@evil.example/',
    'not a url',
  ])('%s, in a mail and after its link', async (asked) => {
    const { email } = await person()
    const query = `?redirect_to=${encodeURIComponent(asked)}`
    await auth.call('POST', `/recover${query}`, { body: { email } })
    const { links } = await auth.mailTo(email)
    const link = new URL(links.find((each) => each.includes('/verify')) ?? 'http://none')
    expect(link.searchParams.get('redirect_to')).toBe('http://app.test')
    link.searchParams.set('redirect_to', asked)
    const { location } = await raw(`/verify${link.search}`, {})
    expect(location.startsWith('http://app.test/#access_token=')).toBe(true)
    const failed = await raw(`/verify?token=spent&type=recovery&redirect_to=${encodeURIComponent(asked)}`, {})
    expect(failed.location.startsWith('http://app.test/?error=')).toBe(true)
  })

  test('stays what it is where it is allowed', async () => {
    const { email } = await person()
    const redirectTo = 'http://app.test/deep/page?x=1'
    await auth.client().auth.resetPasswordForEmail(email, { redirectTo })
    const { links } = await auth.mailTo(email)
    const { search } = new URL(links[0] ?? 'http://none')
    const { location } = await raw(`/verify${search}`, {})
    expect(location.startsWith('http://app.test/deep/page?x=1#access_token=')).toBe(true)
  })
})

describe('of another project nothing counts:', () => {
  test.each(['GET /user', 'POST /logout', 'PUT /user', 'POST /factors', 'GET /reauthenticate'])(
    'no session, at %s',
    async (route) => {
      const { email } = await person(other)
      const { data } = await other.client().auth.signInWithPassword({ email, password: PASSWORD })
      const bearer = data.session?.access_token ?? ''
      expect((await other.call('GET', '/user', { bearer })).status).toBe(200)
      const [method = '', path = ''] = route.split(' ')
      const refused = await auth.call(method, path, { bearer, ...(method === 'GET' ? {} : { body: {} }) })
      expect([refused.status, refused.body.error_code]).toEqual([403, 'bad_jwt'])
    },
  )

  test('no key: neither the anonymous nor the service one, as key or as bearer', async () => {
    for (const key of [other.keys.anon, other.keys.service]) {
      const asKey = await auth.call('GET', '/settings', { key })
      expect([401, 403]).toContain(asKey.status)
      const asBearer = await auth.call('GET', '/admin/users', { bearer: key })
      expect(asBearer.status).toBe(403)
    }
  })

  test('no refresh token, no code and no link', async () => {
    const { email } = await person(other)
    const { data } = await other.client().auth.signInWithPassword({ email, password: PASSWORD })
    const refresh = await auth.call('POST', '/token?grant_type=refresh_token', {
      body: { refresh_token: data.session?.refresh_token },
    })
    expect(refresh.body.error_code).toBe('refresh_token_not_found')
    await other.client().auth.signInWithOtp({ email })
    const mail = await other.mailTo(email)
    const token_hash = new URL(mail.links[0] ?? 'http://none').searchParams.get('token')
    const verify = await auth.call('POST', '/verify', { body: { type: 'magiclink', token_hash } })
    expect(verify.body.error_code).toBe('otp_expired')
    const byCode = await auth.call('POST', '/verify', { body: { type: 'email', email, token: mail.code } })
    expect(byCode.body.error_code).toBe('otp_expired')
  })

  test('no session of a user who has the same id and the same address here', async () => {
    const { email, id } = await person(other)
    const made = await auth.call('POST', '/admin/users', {
      bearer: auth.keys.service,
      body: { id, email: `twin-${email}`, password: PASSWORD, email_confirm: true },
    })
    expect(made.status).toBe(200)
    const { data } = await other.client().auth.signInWithPassword({ email, password: PASSWORD })
    const refused = await auth.call('GET', '/user', { bearer: data.session?.access_token ?? '' })
    expect(refused.body.error_code).toBe('bad_jwt')
  })
})

describe('a password', () => {
  test.each([64, 72, 73, 128, 500, 1_000])('of %i characters counts to its last one', async (length) => {
    const { email, id } = await person()
    const password = randomBytes(length).toString('base64url').slice(0, length)
    await auth.admin().auth.admin.updateUserById(id, { password })
    const signIn = async (tried: string) =>
      (await auth.call('POST', '/token?grant_type=password', { body: { email, password: tried } })).status
    const last = password.endsWith('A') ? 'B' : 'A'
    expect(await signIn(password)).toBe(200)
    expect(await signIn(`${password.slice(0, -1)}${last}`)).toBe(400)
    expect(await signIn(password.slice(0, -1))).toBe(400)
    expect(await signIn(`${password}x`)).toBe(400)
  })

  test('of bytes that are more than its characters counts to its last one', async () => {
    const { email, id } = await person()
    const password = '🐘é漢'.repeat(24)
    await auth.admin().auth.admin.updateUserById(id, { password })
    const body = { email, password }
    expect((await auth.call('POST', '/token?grant_type=password', { body })).status).toBe(200)
    const shorter = { email, password: [...password].slice(0, -1).join('') }
    expect((await auth.call('POST', '/token?grant_type=password', { body: shorter })).status).toBe(400)
  })

  test('that is among the commonest 3,000 is refused, each of them', async () => {
    const common = commonPasswords()
    expect(common).toHaveLength(3_000)
    for (let at = 0; at < common.length; at += 30) {
      const answers = await Promise.all(
        common
          .slice(at, at + 30)
          .map((password, index) =>
            auth.call('POST', '/signup', { body: { email: `common-${at + index}@example.com`, password } }),
          ),
      )
      const reasons = answers.map(({ status, body }) => [
        status,
        (body.weak_password as { reasons?: string[] } | undefined)?.reasons?.includes('pwned'),
      ])
      expect(reasons).toEqual(answers.map(() => [422, true]))
    }
    const [made] = await pg.admin()`select count(*)::int as n from auth.users where email like 'common-%'`
    expect(made?.n).toBe(0)
  })
})
