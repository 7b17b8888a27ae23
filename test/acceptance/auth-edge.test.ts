/** What the edge adds to auth: who the client is, what may come in without a key, and that no header of a stranger's counts. */
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { createPeople, refusal } from '../harness/auth-people.ts'
import type { AuthPlace } from '../harness/auth-place.ts'
import { eventually } from '../harness/eventually.ts'
import { openAuth } from '../harness/open-auth.ts'

const PASSWORD = 'a long enough passphrase 4711'

let auth: AuthPlace
beforeAll(async () => {
  auth = await openAuth()
})
afterEach(() => auth.set({}))
afterAll(() => auth?.stop())

const { signedUp, post } = createPeople(() => auth)
const attempt = (email: string, password: string, headers = {}) =>
  post('/token?grant_type=password', undefined, { email, password }, headers)

describe('guessing', () => {
  test.each(['somebody', 'nobody'])('locks %s alike, for a while, whatever is guessed then', async (who) => {
    const email = who === 'somebody' ? (await signedUp()).email : 'nobody@edge.example'
    await auth.set({ lockout: { attempts: 3, windowS: 60, firstLockS: 2, maxLockS: 2 } })
    for (const guess of ['one', 'two', 'three'])
      expect(refusal(await attempt(email, `${guess} more guess`))).toBe('400 invalid_credentials')
    const locked = await attempt(email, PASSWORD)
    expect(refusal(locked)).toBe('429 over_request_rate_limit')
    expect(Number(locked.headers.get('retry-after'))).toBeGreaterThan(0)
    const after = await eventually(10_000, async () => {
      const answer = await attempt(email, PASSWORD)
      if (answer.status === 429) throw new Error('still locked')
      return answer
    })
    expect(after.status).toBe(who === 'somebody' ? 200 : 400)
  })

  test('is slowed down by address, and a made-up address is no other one', async () => {
    await auth.set({ rateLimits: { signInPer5Min: 5, trustedClientAddress: true } })
    const statuses = []
    for (let at = 1; at <= 8; at += 1) {
      const other = `203.0.113.${at}`
      const headers = { 'x-real-ip': other, 'x-forwarded-for': other, forwarded: `for=${other}` }
      statuses.push((await attempt(`rate-${at}@edge.example`, PASSWORD, headers)).status)
    }
    expect(statuses.filter((status) => status === 429).length).toBeGreaterThanOrEqual(3)
    expect(statuses.at(-1)).toBe(429)
  })
})

test('links in letters lead to the project, whatever the request says of itself', async () => {
  const { email } = await signedUp()
  const headers = {
    ...{ 'x-forwarded-host': 'evil.example', 'x-forwarded-proto': 'https', 'x-forwarded-port': '444' },
    ...{ forwarded: 'host=evil.example;proto=https', origin: 'https://evil.example' },
  }
  await auth.call('POST', '/recover', { body: { email }, headers })
  const { links, html } = await auth.mailTo(email)
  expect(html).not.toContain('evil.example')
  for (const link of links) expect(link.startsWith(`${auth.url}/auth/v1/verify?`)).toBe(true)
})

test.each([
  '/verify?token=x&type=signup',
  '/callback?code=x&state=y',
  '/authorize?provider=nowhere',
  '/health',
])('%s needs no key: browsers come by a link', async (path) => {
  const { status } = await auth.call('GET', path, { key: null })
  expect([200, 302, 303, 400]).toContain(status)
})

test.each(['/token?grant_type=password', '/signup', '/otp'])('%s needs one', async (path) => {
  expect((await auth.call('POST', path, { key: null, body: {} })).status).toBe(401)
})

test('a page of any origin may ask, and read the code of a refusal', async () => {
  const headers = {
    ...{ origin: 'https://shop.example', 'access-control-request-method': 'POST' },
    'access-control-request-headers':
      'apikey,authorization,content-type,x-client-info,x-supabase-api-version',
  }
  const preflight = await auth.call('OPTIONS', '/token?grant_type=password', { headers, key: null })
  expect([200, 204]).toContain(preflight.status)
  expect(preflight.headers.get('access-control-allow-origin')).toMatch(/^(\*|https:\/\/shop\.example)$/)
  expect(preflight.headers.get('access-control-allow-headers')?.toLowerCase()).toContain(
    'x-supabase-api-version',
  )
  const refused = await attempt('nobody@edge.example', PASSWORD, { origin: 'https://shop.example' })
  expect(refused.headers.get('access-control-allow-origin')).toBeTruthy()
  expect(refused.headers.get('x-sb-error-code')).toBe('invalid_credentials')
})

test('a body beyond the project’s limit is refused by the edge, in its own words', async () => {
  const body = {
    email: 'much@edge.example',
    password: PASSWORD,
    data: { much: 'x'.repeat(11 * 1024 * 1024) },
  }
  const { status, text } = await auth.call('POST', '/signup', { body })
  expect([status, text]).toEqual([413, expect.stringContaining('body-too-large')])
})
