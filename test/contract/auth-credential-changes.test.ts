/** Whatever somebody signs in with changes, the sessions elsewhere end; the one it changed in stays, where there is one. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { createPeople } from '../harness/auth-people.ts'
import { type AuthRuntime, startAuthRuntime } from '../harness/auth-runtime.ts'
import { createAuthenticator } from '../harness/authenticator.ts'
import { startPostgres, type TestPostgres } from '../harness/postgres.ts'

let pg: TestPostgres
let auth: AuthRuntime
const CODE = '246810'
const NEW_PASSWORD = 'quite another passphrase 0815'
const ON = {
  ...{ passkeys: { enabled: true }, manualLinking: true, anonymous: { enabled: true } },
  mfa: { maxEnrolledFactors: 10, phone: { enroll: true, verify: true } },
  phone: { enabled: true, maxFrequencyS: 0, testOtp: { '4915100000001': CODE, '4915100000002': CODE } },
}

beforeAll(async () => {
  pg = await startPostgres()
  auth = await startAuthRuntime(pg, ON)
})
afterAll(async () => {
  await auth?.stop()
  await pg?.stop()
})
beforeEach(() => {
  // All tests come from one address: it is theirs to fill, not each other's.
  auth.clock.offsetMs += 300_000
})
afterEach(() => auth.set({}))

const people = createPeople(() => auth)
const { post } = people
type Person = Awaited<ReturnType<typeof people.protectedUser>>

/** At aal2: what merely ends weak sessions does not end this one. */
async function elsewhere({ email, factor }: Pick<Person, 'email' | 'factor'>): Promise<Person['client']> {
  const { client } = await people.signedIn(email)
  const answer = { factorId: factor.id, code: await people.nextCode(factor.secret) }
  expect((await client.auth.mfa.challengeAndVerify(answer)).error).toBeNull()
  return client
}

const bearerOf = async (client: Person['client']): Promise<string> =>
  (await client.auth.getSession()).data.session?.access_token ?? ''
const isAlive = async (bearer: string): Promise<boolean> => {
  const { status, body } = await auth.call('GET', '/user', { bearer })
  if (status !== 200) expect(`${status} ${body.error_code}`).toBe('403 session_not_found')
  return status === 200
}
const put = (bearer: string, body: object) => auth.call('PUT', '/user', { bearer, body })
const admin = (method: string, path: string, body?: object) =>
  auth.call(method, `/admin/users/${path}`, { bearer: auth.keys.service, ...(body && { body }) })

async function registerPasskey(bearer: string): Promise<string> {
  const key = createAuthenticator({ origin: 'http://app.test', rpId: 'app.test' })
  const { body } = await post('/passkeys/registration/options', bearer)
  const answer = { challenge_id: body.challenge_id, credential: key.create(body.options) }
  const made = await post('/passkeys/registration/verify', bearer, answer)
  expect(made.status).toBe(200)
  return String(made.body.id)
}

async function enrolAndVerify(
  bearer: string,
  body: object,
  code: (secret: string) => string | Promise<string>,
): Promise<string> {
  const made = await post('/factors', bearer, body)
  expect(made.status).toBe(200)
  const id = String(made.body.id)
  const secret = (made.body.totp as { secret: string } | undefined)?.secret ?? ''
  const answer = { challenge_id: await people.challenged(id, bearer), code: await code(secret) }
  expect((await post(`/factors/${id}/verify`, bearer, answer)).status).toBe(200)
  return id
}

type Change = {
  /** Done before there is a session elsewhere. */
  before?: (person: Person) => Promise<string>
  change: (person: Person & { made: string }) => Promise<{ status: number }>
}

/** Those that come from a session, which stays. */
const OWN: readonly (readonly [string, Change])[] = [
  ['the password', { change: ({ bearer }) => put(bearer, { password: NEW_PASSWORD }) }],
  [
    'the number, where nothing is to be confirmed',
    {
      async change({ bearer }) {
        await auth.set({ phone: { ...ON.phone, autoconfirm: true } })
        return put(bearer, { phone: '4915200000001' })
      },
    },
  ],
  [
    'a further factor',
    {
      async change({ bearer }) {
        await enrolAndVerify(bearer, { factor_type: 'totp', friendly_name: 'two' }, people.nextCode)
        return { status: 200 }
      },
    },
  ],
  [
    'a factor by phone',
    {
      async change({ bearer }) {
        await enrolAndVerify(bearer, { factor_type: 'phone', phone: '4915100000001' }, () => CODE)
        return { status: 200 }
      },
    },
  ],
  [
    'a factor that goes',
    { change: ({ bearer, factor }) => auth.call('DELETE', `/factors/${factor.id}`, { bearer }) },
  ],
  ['recovery codes made anew', { change: ({ bearer }) => post('/factors/recovery-codes', bearer) }],
  [
    'a passkey that is added',
    {
      async change({ bearer }) {
        await registerPasskey(bearer)
        return { status: 200 }
      },
    },
  ],
  [
    'a passkey that goes',
    {
      before: ({ bearer }) => registerPasskey(bearer),
      change: ({ bearer, made }) => auth.call('DELETE', `/passkeys/${made}`, { bearer }),
    },
  ],
  [
    'an identity that goes',
    {
      async before({ user }) {
        const [row] = await pg.admin()`
          insert into auth.identities (user_id, provider, provider_id, identity_data, created_at, updated_at)
          values (${user.id}, 'acme', ${`acme-${user.id}`}, '{"sub":"x"}', now(), now()) returning id`
        return String(row?.id)
      },
      change: ({ bearer, made }) => auth.call('DELETE', `/user/identities/${made}`, { bearer }),
    },
  ],
]

describe('everybody else is signed out by', () => {
  test.each(OWN)('%s', async (_what, { before, change }) => {
    const person = await people.protectedUser()
    const made = (await before?.(person)) ?? ''
    const other = await bearerOf(await elsewhere(person))
    expect(await isAlive(other)).toBe(true)
    const { status } = await change({ ...person, made })
    expect([200, 204]).toContain(status)
    expect({ other: await isAlive(other), own: await isAlive(person.bearer) }).toEqual({
      other: false,
      own: true,
    })
  })

  test('the first factor', async () => {
    const person = await people.signedUp()
    const other = (await people.signedIn(person.email)).bearer
    await enrolAndVerify(person.bearer, { factor_type: 'totp' }, people.nextCode)
    expect({ other: await isAlive(other), own: await isAlive(person.bearer) }).toEqual({
      other: false,
      own: true,
    })
  })

  test('a recovery code that is used', async () => {
    const person = await people.protectedUser()
    const { body } = await post('/factors/recovery-codes', person.bearer)
    const [code] = body.codes as string[]
    const { bearer } = await people.signedIn(person.email)
    const answer = { challenge_id: await people.challenged(person.factor.id, bearer), code }
    expect((await post(`/factors/${person.factor.id}/verify`, bearer, answer)).status).toBe(200)
    expect({ other: await isAlive(person.bearer), own: await isAlive(bearer) }).toEqual({
      other: false,
      own: true,
    })
  })
})

describe('all sessions of before are ended by', () => {
  test('a new address, once it is proven; and what was mailed to the old one opens nothing', async () => {
    await auth.set({ email: { secureChange: false, maxFrequencyS: 0 } })
    const { email, user, bearer } = await people.signedUp()
    await post('/recover', undefined, { email })
    const before = await auth.mailTo(email)
    const next = `new-${user.id}@example.com`
    expect((await put(bearer, { email: next })).status).toBe(200)
    expect(await isAlive(bearer)).toBe(true)
    const { code = '' } = await auth.mailTo(next)
    const verified = await post('/verify', undefined, { type: 'email_change', email: next, token: code })
    expect(verified.status).toBe(200)
    expect([await isAlive(bearer), await isAlive(String(verified.body.access_token))]).toEqual([false, true])
    const link = before.links.find((each) => each.includes('/verify')) ?? ''
    const followed = await fetch(link, { redirect: 'manual' })
    expect(followed.headers.get('location')).toContain('error_code=otp_expired')
  })

  test('a new number, once it is proven', async () => {
    const { bearer } = await people.signedUp()
    const phone = '4915100000002'
    expect((await put(bearer, { phone })).status).toBe(200)
    expect(await isAlive(bearer)).toBe(true)
    const verified = await post('/verify', undefined, { type: 'phone_change', phone, token: CODE })
    expect(verified.status).toBe(200)
    expect([await isAlive(bearer), await isAlive(String(verified.body.access_token))]).toEqual([false, true])
  })

  test.each<[string, (person: Person) => Promise<{ status: number }>]>([
    ['password', ({ user }) => admin('PUT', user.id, { password: NEW_PASSWORD })],
    ['address', ({ user }) => admin('PUT', user.id, { email: `set-${user.id}@example.com` })],
    ['number', ({ user }) => admin('PUT', user.id, { phone: '4915300000001' })],
    ['factor', ({ user, factor }) => admin('DELETE', `${user.id}/factors/${factor.id}`)],
  ])('an administrator who changes the %s', async (_what, change) => {
    const person = await people.protectedUser()
    expect((await change(person)).status).toBe(200)
    expect(await isAlive(person.bearer)).toBe(false)
  })

  test('an administrator who takes a passkey away', async () => {
    const person = await people.protectedUser()
    const passkey = await registerPasskey(person.bearer)
    expect((await admin('DELETE', `${person.user.id}/passkeys/${passkey}`)).status).toBe(204)
    expect(await isAlive(person.bearer)).toBe(false)
  })
})

describe('nobody is signed out by', () => {
  test.each<[string, (person: Person) => Promise<unknown>]>([
    ['data of the user’s own', ({ bearer }) => put(bearer, { data: { colour: 'red' } })],
    ['a token that is refreshed', ({ client }) => client.auth.refreshSession()],
    ['an enrolment that nobody verified', ({ bearer }) => post('/factors', bearer, { factor_type: 'totp' })],
    [
      'a factor that is named anew',
      ({ user, factor }) => admin('PUT', `${user.id}/factors/${factor.id}`, { friendly_name: 'x' }),
    ],
    ['data that an administrator sets', ({ user }) => admin('PUT', user.id, { user_metadata: { a: 1 } })],
    [
      'an address that is asked for and not proven',
      ({ bearer, user }) => put(bearer, { email: `asked-${user.id}@example.com` }),
    ],
  ])('%s', async (_what, change) => {
    const person = await people.protectedUser()
    const other = await bearerOf(await elsewhere(person))
    await change(person)
    expect([await isAlive(other), await isAlive(person.bearer)]).toEqual([true, true])
  })
})

test('nothing to sign in with is left of a user who is deleted softly', async () => {
  const person = await people.protectedUser()
  await registerPasskey(person.bearer)
  await post('/factors/recovery-codes', person.bearer)
  const deleted = await admin('DELETE', person.user.id, { should_soft_delete: true })
  expect(deleted.status).toBe(200)
  const left = await pg.admin()`
    select 'factor' as what from auth.mfa_factors where user_id = ${person.user.id}
    union all select 'code' from auth.mfa_recovery_codes where user_id = ${person.user.id}
    union all select 'passkey' from auth.webauthn_credentials where user_id = ${person.user.id}
    union all select 'session' from auth.sessions where user_id = ${person.user.id}
    union all select 'letter' from auth.one_time_tokens where user_id = ${person.user.id}
    union all select 'flow' from auth.flow_state where user_id = ${person.user.id}`
  expect(left).toHaveLength(0)
  const { body } = await auth.call('POST', '/token?grant_type=password', {
    body: { email: person.email, password: 'a long enough passphrase 4711' },
  })
  expect(body.error_code).toBe('invalid_credentials')
})
