/** What a runtime counts in memory, and by the address that the edge says: only its own clock and a stranger's headers show it. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createPeople, refusal } from '../harness/auth-people.ts'
import { USUAL } from '../harness/auth-place.ts'
import { type AuthRuntime, startAuthRuntime } from '../harness/auth-runtime.ts'
import { startPostgres, type TestPostgres } from '../harness/postgres.ts'

const PASSWORD = 'a long enough passphrase 4711'

let pg: TestPostgres
let auth: AuthRuntime
let count = 0
const address = (name: string) => `${name}-${++count}@example.com`

beforeAll(async () => {
  pg = await startPostgres()
  auth = await startAuthRuntime(pg)
})
afterAll(async () => {
  await auth?.stop()
  await pg?.stop()
})

const { signedIn, signedUp, post, codeNow, nextCode, challenged, protectedUser } = createPeople(() => auth)

describe('guessing', () => {
  test.each(['somebody', 'nobody'])('locks %s alike, for a while, whatever is guessed then', async (who) => {
    await auth.set({ lockout: { attempts: 3, firstLockS: 60 } })
    const email = who === 'somebody' ? (await signedUp()).email : address('nobody')
    const ask = (password: string) =>
      auth.call('POST', '/token?grant_type=password', { body: { email, password } })
    for (const guess of ['one', 'two', 'three']) expect((await ask(`${guess} more guess`)).status).toBe(400)
    const locked = await ask(PASSWORD)
    expect(locked).toMatchObject({ status: 429, body: { error_code: 'over_request_rate_limit' } })
    expect(Number(locked.headers.get('retry-after'))).toBeGreaterThan(50)
    await auth.later(61_000)
    expect((await ask(PASSWORD)).status).toBe(who === 'somebody' ? 200 : 400)
    await auth.set({})
  })

  test('is slowed down by address, too', async () => {
    await auth.set({ rateLimits: { signInPer5Min: 5 } })
    const ask = () => {
      const body = { email: address('rate'), password: PASSWORD }
      const headers = { 'X-Real-IP': '203.0.113.9' }
      return auth.call('POST', '/token?grant_type=password', { body, headers })
    }
    const statuses = []
    for (let each = 0; each < 7; each += 1) statuses.push((await ask()).status)
    expect(statuses).toEqual([400, 400, 400, 400, 400, 429, 429])
    await auth.set({})
  })
})

test.each([
  ['that is a proxy’s', { 'X-Real-IP': '203.0.113.10' }, { trustedClientAddress: false }],
  ['that nobody says', {}, { trustedClientAddress: true }],
])('wrong guesses from an address %s lock nobody else', async (_what, headers, rateLimits) => {
  const { email } = await signedUp()
  await auth.set({ lockout: { attempts: 3 }, rateLimits: { ...USUAL.rateLimits, ...rateLimits } })
  const ask = (who: string, password: string) =>
    auth.call('POST', '/token?grant_type=password', { body: { email: who, password }, headers })
  const guessed = address('guessed')
  const guesses = [guessed, guessed, guessed, ...Array.from({ length: 15 }, () => address('guessed'))]
  for (const who of guesses) expect((await ask(who, 'not it at all')).status).toBe(400)
  const [theirs, own] = [await ask(guessed, 'not it at all'), await ask(email, PASSWORD)]
  await auth.set({})
  expect([theirs.status, own.status]).toEqual([429, 200])
})

describe('an answer of a second factor is refused', () => {
  test('from another address than asked', async () => {
    const { bearer, factor } = await protectedUser()
    const path = `/factors/${factor.id}`
    const asked = await post(`${path}/challenge`, bearer, {}, { 'x-real-ip': '192.0.2.1' })
    const body = { challenge_id: asked.body.id, code: await nextCode(factor.secret) }
    const refused = await post(`${path}/verify`, bearer, body, { 'x-real-ip': '192.0.2.2' })
    expect(refusal(refused)).toBe('422 mfa_ip_address_mismatch')
    expect((await post(`${path}/verify`, bearer, body, { 'x-real-ip': '192.0.2.1' })).status).toBe(200)
    const twice = await post(`${path}/verify`, bearer, body, { 'x-real-ip': '192.0.2.1' })
    expect(refusal(twice)).toBe('422 mfa_ip_address_mismatch')
  })

  test('after ten wrong ones to whatever challenges, and a password does not clear that', async () => {
    const { email, bearer, factor } = await protectedUser()
    const path = `/factors/${factor.id}/verify`
    for (let wrong = 0; wrong < 10; wrong += 1) {
      const body = { challenge_id: await challenged(factor.id, bearer), code: 'wrong' }
      expect(refusal(await post(path, bearer, body))).toBe('422 mfa_verification_failed')
    }
    await signedIn(email)
    const body = { challenge_id: await challenged(factor.id, bearer), code: codeNow(factor.secret) }
    const locked = await post(path, bearer, body)
    expect(refusal(locked)).toBe('429 over_request_rate_limit')
    expect(Number(locked.headers.get('retry-after'))).toBeGreaterThan(0)
    await auth.later(61_000)
    const fresh = { challenge_id: await challenged(factor.id, bearer), code: await nextCode(factor.secret) }
    expect((await post(path, bearer, fresh)).status).toBe(200)
  })
})

test('the password that is asked for before a new one is guessed no more often than at a sign-in', async () => {
  await auth.set({ password: { requireCurrent: true }, lockout: { attempts: 3, firstLockS: 60 } })
  const { bearer, email } = await signedUp()
  const change = (current: string) =>
    auth.call('PUT', '/user', {
      ...{ bearer, body: { password: 'yet another passphrase 1', current_password: current } },
    })
  for (const guess of ['one', 'two', 'three'])
    expect(refusal(await change(`${guess} more guess`))).toBe('400 current_password_invalid')
  expect(refusal(await change(PASSWORD))).toBe('429 over_request_rate_limit')
  const body = { email, password: PASSWORD }
  expect((await post('/token?grant_type=password', undefined, body)).status).toBe(429)
  await auth.later(61_000)
  expect((await change(PASSWORD)).status).toBe(200)
  await auth.set({})
})
