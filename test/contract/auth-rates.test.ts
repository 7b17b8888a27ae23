/** Which endpoint counts against which limit: n are let through, and the next one is refused with GoTrue's code. */
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { createPeople, refusal } from '../harness/auth-people.ts'
import { USUAL } from '../harness/auth-place.ts'
import { type AuthRuntime, startAuthRuntime } from '../harness/auth-runtime.ts'
import { startPostgres, type TestPostgres } from '../harness/postgres.ts'

const PASSWORD = 'a long enough passphrase 4711'
const ALLOWED = 3

let pg: TestPostgres
let auth: AuthRuntime
let count = 0
const next = () => ++count
const address = () => `rates-${next()}@example.com`

beforeAll(async () => {
  pg = await startPostgres()
  auth = await startAuthRuntime(pg, { anonymous: { enabled: true }, passkeys: { enabled: true } })
})
afterAll(async () => {
  await auth?.stop()
  await pg?.stop()
})
afterEach(async () => {
  await auth.set({})
})

const { signedUp } = createPeople(() => auth)

type Door = readonly [limit: string, endpoint: string, body: () => object]

const code = { type: 'email', email: 'nobody@example.com', token: '123456' }
const DOORS: readonly Door[] = [
  ['verifyPer5Min', 'POST /verify', () => code],
  ['verifyPer5Min', 'GET /verify?token=none&type=signup', () => ({})],
  ['verifyPer5Min', 'GET /unlock?token=none', () => ({})],
  ['otpPer5Min', 'POST /otp', () => ({ email: address() })],
  ['otpPer5Min', 'POST /magiclink', () => ({ email: address() })],
  ['otpPer5Min', 'POST /recover', () => ({ email: address() })],
  ['otpPer5Min', 'POST /resend', () => ({ type: 'signup', email: address() })],
  ['otpPer5Min', 'POST /signup', () => ({ email: address(), password: PASSWORD })],
  ['refreshPer5Min', 'POST /token?grant_type=refresh_token', () => ({ refresh_token: 'none' })],
  ['signInPer5Min', 'POST /token?grant_type=password', () => ({ email: address(), password: PASSWORD })],
  ['passkeyPer5Min', 'POST /passkeys/authentication/options', () => ({})],
  [
    'passkeyPer5Min',
    'POST /passkeys/authentication/verify',
    () => ({ challenge_id: 'none', credential: {} }),
  ],
  ['anonymousPerHour', 'POST /signup', () => ({ data: {} })],
  ['ssoPer5Min', 'POST /sso', () => ({ domain: 'nowhere.example' })],
  ['ssoPer5Min', 'POST /sso/saml/acs', () => ({})],
  ['web3Per5Min', 'POST /token?grant_type=web3', () => ({ chain: 'ethereum' })],
]

/** Of a user who is signed in. */
const OWN: readonly Door[] = [
  ['otpPer5Min', 'PUT /user', () => ({ data: { n: next() } })],
  ['otpPer5Min', 'GET /reauthenticate', () => ({})],
  ['verifyPer5Min', 'POST /factors', () => ({ factor_type: 'none' })],
  ['verifyPer5Min', 'POST /factors/00000000-0000-4000-8000-000000000000/challenge', () => ({})],
  ['verifyPer5Min', 'POST /factors/00000000-0000-4000-8000-000000000000/verify', () => ({})],
  ['passkeyPer5Min', 'POST /passkeys/registration/options', () => ({})],
  ['passkeyPer5Min', 'POST /passkeys/registration/verify', () => ({})],
]

const limited = (limit: string) => ({
  rateLimits: {
    ...USUAL.rateLimits,
    ssoPer5Min: 100,
    web3Per5Min: 100,
    passkeyPer5Min: 100,
    [limit]: ALLOWED,
  },
})

async function asks({
  endpoint,
  body,
  bearer,
  from,
}: {
  endpoint: string
  body: () => object
  bearer?: string
  from: string
}) {
  const [method = '', path = ''] = endpoint.split(' ')
  return auth.call(method, path, {
    ...{ headers: { 'x-real-ip': from }, ...(bearer !== undefined && { bearer }) },
    ...(method !== 'GET' && { body: body() }),
  })
}

/** That many pass, the next does not, somebody elsewhere does. */
async function expectLimit(limit: string, order: { endpoint: string; body: () => object; bearer?: string }) {
  await auth.set(limited(limit))
  const from = `203.0.113.${next()}`
  for (let each = 0; each < ALLOWED; each += 1) expect((await asks({ ...order, from })).status).not.toBe(429)
  const refused = await asks({ ...order, from })
  expect(refusal(refused)).toBe('429 over_request_rate_limit')
  expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0)
  expect((await asks({ ...order, from: `198.51.100.${next() % 250}` })).status).not.toBe(429)
}

describe('of a client address', () => {
  test.each(DOORS)('%s lets three through at %s', (limit, endpoint, body) =>
    expectLimit(limit, { endpoint, body }),
  )

  test.each(OWN)('%s lets three through at %s, of who is signed in', async (limit, endpoint, body) => {
    const { bearer } = await signedUp()
    await expectLimit(limit, { endpoint, body, bearer })
  })

  test('none is counted where the address is not the client’s', async () => {
    const { rateLimits } = limited('verifyPer5Min')
    await auth.set({ rateLimits: { ...rateLimits, trustedClientAddress: false } })
    const order = { endpoint: 'POST /verify', body: () => code, from: '203.0.113.200' }
    for (let each = 0; each <= ALLOWED; each += 1) expect((await asks(order)).status).toBe(403)
  })
})

test('of the project, emailsPerHour lets three mails out, whoever they are to', async () => {
  const people = await Promise.all(Array.from({ length: ALLOWED + 1 }, signedUp))
  // It counts from the start, and others have sent some.
  await auth.later(3_600_000)
  await auth.set(limited('emailsPerHour'))
  const answers = []
  for (const { email } of people) {
    const body = { email: `moved-${email}`, password: PASSWORD }
    answers.push(await auth.call('POST', '/signup', { body }))
  }
  expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 429])
  const last = answers.at(-1)
  expect(last && refusal(last)).toBe('429 over_email_send_rate_limit')
  const sent = people.map(({ email }) => auth.mailCount(`moved-${email}`))
  expect(sent).toEqual([1, 1, 1, 0])
})
