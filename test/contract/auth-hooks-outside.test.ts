/** Endpoints that are asked: while one thinks, nobody else waits for it; and what it refuses has cost nobody anything. */
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { createPeople, refusal } from '../harness/auth-people.ts'
import { type AuthRuntime, startAuthRuntime } from '../harness/auth-runtime.ts'
import {
  failing,
  type HookEndpoint,
  heldConnections,
  isWaitedFor,
  startHookEndpoint,
  withPlan,
} from '../harness/hook-endpoint.ts'
import { startPostgres, type TestPostgres } from '../harness/postgres.ts'

const PASSWORD = 'a long enough passphrase 4711'
/** More than auth has connections. */
const MANY = 8

let pg: TestPostgres
let auth: AuthRuntime
let endpoint: HookEndpoint

beforeAll(async () => {
  pg = await startPostgres()
  auth = await startAuthRuntime(pg, { mfa: { phone: { enroll: true, verify: true } } })
  endpoint = await startHookEndpoint()
})
afterAll(async () => {
  await auth?.stop()
  endpoint?.close()
  await pg?.stop()
})
afterEach(async () => {
  endpoint.reset()
  await auth.set({})
})

const { signedUp, protectedUser, challenged, nextCode, post } = createPeople(() => auth)
const signIn = (email: string) => post('/token?grant_type=password', undefined, { email, password: PASSWORD })
const claimsOf = (token: unknown): Record<string, unknown> =>
  JSON.parse(Buffer.from(String(token).split('.')[1] ?? '', 'base64url').toString())

describe('while an endpoint thinks about', () => {
  test('tokens of many, no connection is held, and others are served', async () => {
    const [person, ...many] = await Promise.all(Array.from({ length: MANY + 1 }, signedUp))
    if (!person) throw new Error('nobody')
    await auth.set({ hooks: { customAccessToken: endpoint.hook } })
    endpoint.answer(withPlan)
    endpoint.think()
    const signing = many.map(({ email }) => signIn(email))
    await isWaitedFor(endpoint, MANY)
    expect(await heldConnections(pg)).toBe(0)
    expect((await auth.call('GET', '/user', { bearer: person.bearer })).status).toBe(200)
    endpoint.goOn()
    const answers = await Promise.all(signing)
    expect(answers.map(({ status }) => status)).toEqual(Array(MANY).fill(200))
    for (const { body } of answers) {
      const { plan, session_id: id, amr } = claimsOf(body.access_token)
      const [row] = await pg.admin()`select aal::text from auth.sessions where id = ${String(id)}`
      expect({ plan, row, amr }).toMatchObject({
        plan: 'pro',
        row: { aal: 'aal1' },
        amr: [{ method: 'password' }],
      })
    }
  })

  test('refreshes of many, no connection is held', async () => {
    const many = await Promise.all(Array.from({ length: MANY }, signedUp))
    await auth.set({ hooks: { customAccessToken: endpoint.hook } })
    endpoint.answer(withPlan)
    endpoint.think()
    const refreshing = many.map(({ session }) =>
      post('/token?grant_type=refresh_token', undefined, { refresh_token: session.refresh_token }),
    )
    await isWaitedFor(endpoint, MANY)
    expect(await heldConnections(pg)).toBe(0)
    endpoint.goOn()
    const answers = await Promise.all(refreshing)
    expect(answers.map(({ status, body }) => [status, claimsOf(body.access_token).plan])).toEqual(
      Array(MANY).fill([200, 'pro']),
    )
  })

  test('a refresh of a session that is raised meanwhile, it is refused, and its token is as good as before', async () => {
    const { session } = await signedUp()
    await auth.set({ hooks: { customAccessToken: endpoint.hook } })
    endpoint.answer(withPlan)
    endpoint.think()
    const body = { refresh_token: session.refresh_token }
    const refreshing = post('/token?grant_type=refresh_token', undefined, body)
    await isWaitedFor(endpoint, 1)
    const { session_id: id } = claimsOf(session.access_token)
    await pg.admin()`update auth.sessions set aal = 'aal2' where id = ${String(id)}`
    endpoint.goOn()
    const { status, body: refused } = await refreshing
    expect([status, refused.error_code]).toEqual([409, 'conflict'])
    expect((await post('/token?grant_type=refresh_token', undefined, body)).status).toBe(200)
  })

  test('second factors, sign-ups, links and codes, none is held either', async () => {
    const { bearer, factor } = await protectedUser()
    await auth.set({
      hooks: {
        beforeUserCreated: endpoint.hook,
        afterUserCreated: endpoint.hook,
        mfaVerificationAttempt: endpoint.hook,
      },
      email: { autoconfirm: true, maxFrequencyS: 0 },
    })
    endpoint.think()
    const answered = {
      challenge_id: await challenged(factor.id, bearer),
      code: await nextCode(factor.secret),
    }
    const calls = [
      post(`/factors/${factor.id}/verify`, bearer, answered),
      post('/signup', undefined, { email: 'thought-of@example.com', password: PASSWORD }),
      post('/otp', undefined, { email: 'thought-of-too@example.com' }),
    ]
    await isWaitedFor(endpoint, calls.length)
    expect(await heldConnections(pg)).toBe(0)
    endpoint.goOn()
    expect((await Promise.all(calls)).map(({ status }) => status)).toEqual([200, 200, 200])
    const shown = endpoint.asked().filter(({ user }) => user?.email === 'thought-of@example.com')
    // Before and after: the user that was shown is the one that was made.
    expect(new Set(shown.map(({ user }) => user?.id)).size).toBe(1)
  })

  test('guests of an administrator, none is held, and each is shown as the user that is made', async () => {
    await auth.set({ hooks: { beforeUserCreated: endpoint.hook } })
    endpoint.think()
    const byAdmin = (path: string, body: object) => post(path, auth.keys.service, body)
    const link = (type: string) =>
      byAdmin('/admin/generate_link', { type, email: `${type}-guest@example.com`, password: PASSWORD })
    const calls = [
      byAdmin('/invite', { email: 'guest@example.com' }),
      ...['invite', 'signup', 'magiclink'].map(link),
    ]
    await isWaitedFor(endpoint, calls.length)
    expect(await heldConnections(pg)).toBe(0)
    endpoint.goOn()
    const answers = await Promise.all(calls)
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200])
    expect(new Set(answers.map(({ body }) => body.id))).toEqual(
      new Set(endpoint.asked().map(({ user }) => user?.id)),
    )
  })

  test('a sign-in, a password that is changed meanwhile keeps it out', async () => {
    const { email, bearer } = await signedUp()
    await auth.set({ hooks: { customAccessToken: endpoint.hook } })
    endpoint.answer(withPlan)
    endpoint.think()
    const signing = signIn(email)
    await isWaitedFor(endpoint, 1)
    const body = { password: 'quite another passphrase 0815' }
    expect((await auth.call('PUT', '/user', { bearer, body })).status).toBe(200)
    endpoint.goOn()
    expect(refusal(await signing)).toBe('400 invalid_credentials')
  })
})

describe('an endpoint that fails', () => {
  test('costs nobody the refresh token', async () => {
    const { session } = await signedUp()
    const body = { refresh_token: session.refresh_token }
    await auth.set({ hooks: { customAccessToken: endpoint.hook } })
    endpoint.answer(failing)
    expect((await post('/token?grant_type=refresh_token', undefined, body)).status).toBe(500)
    endpoint.answer(withPlan)
    auth.clock.offsetMs += 60_000
    expect((await post('/token?grant_type=refresh_token', undefined, body)).status).toBe(200)
  })

  test('leaves no session and no user behind', async () => {
    const { email, user } = await signedUp()
    await auth.set({ hooks: { customAccessToken: endpoint.hook, beforeUserCreated: endpoint.hook } })
    endpoint.answer(failing)
    const count = async () =>
      (await pg.admin()`select 1 from auth.sessions where user_id = ${user.id}`).length
    const before = await count()
    expect((await signIn(email)).status).toBe(500)
    expect(await count()).toBe(before)
    const refused = [
      await post('/signup', undefined, { email: 'unwanted@example.com', password: PASSWORD }),
      await post('/invite', auth.keys.service, { email: 'unwanted@example.com' }),
    ]
    expect(refused.map(({ status }) => status)).toEqual([500, 500])
    expect(await pg.admin()`select 1 from auth.users where email = 'unwanted@example.com'`).toHaveLength(0)
  })
})

test('a code for a second factor goes to the endpoint for messages', async () => {
  const { bearer } = await signedUp()
  await auth.set({ hooks: { sendSms: endpoint.hook }, mfa: { phone: { enroll: true, verify: true } } })
  const { body } = await post('/factors', bearer, { factor_type: 'phone', phone: '4915112345678' })
  const id = await challenged(String(body.id), bearer)
  const { sms, user } = endpoint.asked()[0] ?? {}
  expect(sms).toMatchObject({
    sms_type: 'mfa',
    phone: '4915112345678',
    otp: expect.stringMatching(/^\d{6}$/),
  })
  expect(user?.email).toMatch(/^person-/)
  const answered = { challenge_id: id, code: sms?.otp }
  expect((await post(`/factors/${body.id}/verify`, bearer, answered)).status).toBe(200)
})
