/** Sign-ins that an endpoint thinks about: what ends meanwhile stays ended, and what it refuses has cost nobody the code. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { createCodes } from '../harness/auth-codes.ts'
import { createPeople, refusal } from '../harness/auth-people.ts'
import { type AuthRuntime, type Called, startAuthRuntime } from '../harness/auth-runtime.ts'
import { createAuthenticator } from '../harness/authenticator.ts'
import {
  failing,
  type HookEndpoint,
  heldConnections,
  isWaitedFor,
  startHookEndpoint,
  withPlan,
} from '../harness/hook-endpoint.ts'
import { createApps } from '../harness/oauth-apps.ts'
import { startPostgres, type TestPostgres } from '../harness/postgres.ts'
import { createEthereumWallet } from '../harness/wallets.ts'

const PASSWORD = 'a long enough passphrase 4711'
/** Of that password, as others hash it. */
const IMPORTED = '$2b$10$Cg9usfkjtZ6sw9N3Gd8QXumzoRjc5H0aeCn/mgmfIhBn/PxtXDihC'

let pg: TestPostgres
let auth: AuthRuntime
let endpoint: HookEndpoint
const people = createPeople(() => auth)
const { exchanged, mailedCode } = createCodes(() => auth, { people, apps: createApps(() => auth) })

beforeAll(async () => {
  pg = await startPostgres()
  auth = await startAuthRuntime(pg, {
    ...{ email: { maxFrequencyS: 0 }, passkeys: { enabled: true }, web3: { ethereum: { enabled: true } } },
    redirectUrls: ['http://app.test/**', 'https://app.test/**'],
  })
  endpoint = await startHookEndpoint()
})
afterAll(async () => {
  await auth?.stop()
  endpoint?.close()
  await pg?.stop()
})
beforeEach(() => {
  auth.clock.offsetMs += 300_000
})
afterEach(async () => {
  endpoint.reset()
  await auth.set({})
})

type Person = Awaited<ReturnType<typeof people.signedUp>>

const admin = (method: string, path: string, body?: object) =>
  auth.call(method, `/admin/users/${path}`, { bearer: auth.keys.service, ...(body && { body }) })

/** The endpoint is asked about each of them, and thinks until all of it has happened. */
async function whileItThinks<Result>(
  begin: () => readonly Promise<Called>[],
  happen: () => Promise<Result>,
): Promise<Called[]> {
  await auth.set({ hooks: { customAccessToken: endpoint.hook } })
  endpoint.answer(withPlan)
  endpoint.think()
  const begun = begin()
  await isWaitedFor(endpoint, begun.length)
  expect(await heldConnections(pg)).toBe(0)
  expect(await happen()).not.toMatchObject({ error: expect.any(Error) })
  endpoint.goOn()
  return Promise.all(begun)
}

const sessionsOf = (id: string) => pg.admin()`select id from auth.sessions where user_id = ${id}`

describe('about a PKCE code, and meanwhile', () => {
  test.each<[string, (person: Person) => Promise<unknown>, string]>([
    [
      'the user signs out everywhere',
      ({ client }) => client.auth.signOut({ scope: 'global' }),
      '404 flow_state_not_found',
    ],
    [
      'the user signs the others out',
      ({ client }) => client.auth.signOut({ scope: 'others' }),
      '404 flow_state_not_found',
    ],
    [
      'the user changes the password',
      ({ bearer }) =>
        auth.call('PUT', '/user', { bearer, body: { password: 'quite another passphrase 0815' } }),
      '404 flow_state_not_found',
    ],
    [
      'an administrator signs the user out',
      ({ user }) => admin('POST', `${user.id}/logout`),
      '404 flow_state_not_found',
    ],
    [
      'the user is banned',
      ({ user }) => admin('PUT', user.id, { ban_duration: '1h' }),
      '404 flow_state_not_found',
    ],
    ['the user is deleted', ({ user }) => admin('DELETE', user.id), '404 user_not_found'],
    [
      'the user is deleted softly',
      ({ user }) => admin('DELETE', user.id, { should_soft_delete: true }),
      '404 flow_state_not_found',
    ],
    [
      'the code runs out',
      async () => {
        auth.clock.offsetMs += 301_000
      },
      '422 flow_state_expired',
    ],
  ])('%s, nobody gets in', async (_what, happen, expected) => {
    const person = await people.signedUp()
    const code = await mailedCode(person)
    const own = (await sessionsOf(person.user.id)).map(({ id }) => id)
    const [answer] = await whileItThinks(
      () => [exchanged(code)],
      () => happen(person),
    )
    expect(answer && refusal(answer)).toBe(expected)
    const left = await sessionsOf(person.user.id)
    expect(left.filter(({ id }) => !own.includes(id))).toHaveLength(0)
  })

  test('it comes once more, it is spent once', async () => {
    const person = await people.signedUp()
    const code = await mailedCode(person)
    const answers = await whileItThinks(
      () => [exchanged(code), exchanged(code)],
      async () => {},
    )
    const [got, refused] = answers.toSorted((one, other) => one.status - other.status)
    expect([got?.status, refused && refusal(refused)]).toEqual([200, '404 flow_state_not_found'])
    expect(await sessionsOf(person.user.id)).toHaveLength(2)
  })

  test('somebody comes with another verifier, it is spent for both', async () => {
    const person = await people.signedUp()
    const code = await mailedCode(person)
    const [answer] = await whileItThinks(
      () => [exchanged(code)],
      async () => {
        expect(refusal(await exchanged(code, 'x'.repeat(43)))).toBe('400 bad_code_verifier')
      },
    )
    expect(answer && refusal(answer)).toBe('404 flow_state_not_found')
  })
})

test.each([
  ['an endpoint', () => ({ uri: endpoint.hook.uri, secrets: endpoint.hook.secrets })],
  ['a function of the database', () => ({ uri: 'pg-functions://postgres/public/no_claims' })],
])('%s that fails costs nobody the PKCE code', async (_what, hook) => {
  await pg.admin().unsafe(`
    create or replace function public.no_claims(event jsonb) returns jsonb language plpgsql as
    $$ begin raise exception 'not today'; end $$;
    grant execute on function public.no_claims(jsonb) to supabase_auth_admin;`)
  const person = await people.signedUp()
  const code = await mailedCode(person)
  await auth.set({ hooks: { customAccessToken: hook() } })
  endpoint.answer(failing)
  expect((await exchanged(code)).status).toBe(500)
  expect(await sessionsOf(person.user.id)).toHaveLength(1)
  await auth.set({})
  expect((await exchanged(code)).status).toBe(200)
  expect(refusal(await exchanged(code))).toBe('404 flow_state_not_found')
})

describe('about a sign-in, and meanwhile', () => {
  const byPassword = ({ email }: Person) =>
    people.post('/token?grant_type=password', undefined, { email, password: PASSWORD })

  test.each<[string, (person: Person) => Promise<unknown>, string]>([
    [
      'the user is banned, it is kept out',
      ({ user }) => admin('PUT', user.id, { ban_duration: '1h' }),
      '400 user_banned',
    ],
    [
      'the address becomes another, it is kept out',
      ({ user }) => admin('PUT', user.id, { email: `moved-${user.id}@example.com` }),
      '400 invalid_credentials',
    ],
    [
      'the user is deleted, it is kept out',
      ({ user }) => admin('DELETE', user.id, { should_soft_delete: true }),
      '404 user_not_found',
    ],
    [
      'the user signs out everywhere, it gets in: the same password would, after it',
      ({ client }) => client.auth.signOut({ scope: 'global' }),
      '200 undefined',
    ],
  ])('%s', async (_what, happen, expected) => {
    const person = await people.signedUp()
    const [answer] = await whileItThinks(
      () => [byPassword(person)],
      () => happen(person),
    )
    expect(answer && refusal(answer)).toBe(expected)
  })

  test('the passkey that it is by is taken away, it is kept out', async () => {
    const person = await people.signedUp()
    const key = createAuthenticator({ origin: 'http://app.test', rpId: 'app.test' })
    const { body } = await people.post('/passkeys/registration/options', person.bearer)
    const made = await people.post('/passkeys/registration/verify', person.bearer, {
      challenge_id: body.challenge_id,
      credential: key.create(body.options),
    })
    expect(made.status).toBe(200)
    const { body: asked } = await people.post('/passkeys/authentication/options')
    const shown = { challenge_id: asked.challenge_id, credential: key.sign(asked.options) }
    const [answer] = await whileItThinks(
      () => [people.post('/passkeys/authentication/verify', undefined, shown)],
      () => admin('DELETE', `${person.user.id}/passkeys/${made.body.id}`),
    )
    expect(answer && refusal(answer)).toBe('400 invalid_credentials')
  })

  test('the wallet that it is by is taken from the user, it is kept out', async () => {
    const wallet = createEthereumWallet()
    const byWallet = () => {
      const told = ['URI: https://app.test/in', 'Version: 1', 'Chain ID: 1']
      const message = [
        'app.test wants you to sign in with your Ethereum account:',
        ...[wallet.address, '', '', ...told, `Nonce: ${crypto.randomUUID().replaceAll('-', '')}`],
        `Issued At: ${new Date(auth.now()).toISOString()}`,
      ].join('\n')
      const body = { chain: 'ethereum', message, signature: wallet.sign(message) }
      return people.post('/token?grant_type=web3', undefined, body)
    }
    const { status, body } = await byWallet()
    expect(status).toBe(200)
    const { id } = body.user as { id: string }
    const [answer] = await whileItThinks(
      () => [byWallet()],
      () => pg.admin()`delete from auth.identities where user_id = ${id}`,
    )
    expect(answer && refusal(answer)).toBe('400 invalid_credentials')
  })
})

test('a password that is set while a hook thinks about the old one is the one that counts', async () => {
  const email = 'imported@example.com'
  const NEW = 'quite another passphrase 0815'
  const made = await people.post('/admin/users', auth.keys.service, {
    ...{ email, password_hash: IMPORTED, email_confirm: true },
  })
  expect(made.status).toBe(200)
  await auth.set({ hooks: { passwordVerificationAttempt: endpoint.hook } })
  endpoint.think()
  // Hashed as others do it: once it is known to fit, it is hashed anew.
  const late = people.post('/token?grant_type=password', undefined, { email, password: PASSWORD })
  await isWaitedFor(endpoint, 1)
  expect((await admin('PUT', String(made.body.id), { password: NEW })).status).toBe(200)
  endpoint.goOn()
  expect(refusal(await late)).toBe('400 invalid_credentials')
  await auth.set({})
  const byNew = await people.post('/token?grant_type=password', undefined, { email, password: NEW })
  expect(byNew.status).toBe(200)
})
