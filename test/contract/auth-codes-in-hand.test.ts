/**
 * A code that somebody holds stands for a session that has not begun. Whatever ends the sessions of a user ends it, too:
 * else whoever was shut out would be back with it.
 */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { createCodes } from '../harness/auth-codes.ts'
import { createPeople, refusal } from '../harness/auth-people.ts'
import { type AuthRuntime, type Called, startAuthRuntime } from '../harness/auth-runtime.ts'
import { createApps, oauthRefusalOf } from '../harness/oauth-apps.ts'
import { startPostgres, type TestPostgres } from '../harness/postgres.ts'
import { inTurn } from '../harness/user-queue.ts'

let pg: TestPostgres
let auth: AuthRuntime
const people = createPeople(() => auth)
const apps = createApps(() => auth)
const { exchanged, inHand, spent } = createCodes(() => auth, { people, apps })

beforeAll(async () => {
  pg = await startPostgres()
  auth = await startAuthRuntime(pg, {
    ...{ oauthServer: { enabled: true }, email: { maxFrequencyS: 0 }, manualLinking: true },
  })
})
afterAll(async () => {
  await auth?.stop()
  await pg?.stop()
})
beforeEach(() => {
  auth.clock.offsetMs += 300_000
})
afterEach(() => auth.set({}))

type Person = Awaited<ReturnType<typeof people.signedUp>>

const admin = (method: string, path: string, body?: object) =>
  auth.call(method, `/admin/users/${path}`, { bearer: auth.keys.service, ...(body && { body }) })

/** Those who end all sessions, or all others. */
const ENDS: readonly [string, (person: Person) => Promise<unknown>][] = [
  [
    'the user changes the password',
    ({ client }) => client.auth.updateUser({ password: 'another passphrase 4712' }),
  ],
  ['the user signs out everywhere', ({ client }) => client.auth.signOut({ scope: 'global' })],
  ['the user signs the others out', ({ client }) => client.auth.signOut({ scope: 'others' })],
  [
    'an administrator sets a password',
    ({ user }) => admin('PUT', user.id, { password: 'another passphrase 4712' }),
  ],
  ['an administrator signs the user out', ({ user }) => admin('POST', `${user.id}/logout`)],
  [
    'a ban that is over by then',
    async ({ user }) => {
      await admin('PUT', user.id, { ban_duration: '1s' })
      await admin('PUT', user.id, { ban_duration: 'none' })
    },
  ],
]

const isDone = (ended: unknown) => expect(ended).not.toMatchObject({ error: expect.any(Error) })

describe('no code begins a session after', () => {
  test.each(ENDS)('%s', async (_what, end) => {
    const { person, app, granted, mailed } = await inHand()
    isDone(await end(person))
    expect(oauthRefusalOf(await spent(app, granted))).toBe('400 invalid_grant')
    expect(refusal(await exchanged(mailed))).toBe('404 flow_state_not_found')
    expect(await othersOf(person)).toHaveLength(0)
  })
})

const sessionOf = ({ session }: Person): string =>
  JSON.parse(Buffer.from(session.access_token.split('.')[1] ?? '', 'base64url').toString()).session_id

const othersOf = (person: Person) => pg.admin()`
  select id from auth.sessions where user_id = ${person.user.id} and id <> ${sessionOf(person)}`

describe('a code begins a session after', () => {
  test.each<[string, (person: Person) => Promise<unknown>]>([
    ['nothing', async () => {}],
    ['the user signs out here alone', ({ client }) => client.auth.signOut({ scope: 'local' })],
    ['data of the user’s own change', ({ client }) => client.auth.updateUser({ data: { a: 1 } })],
  ])('%s', async (_what, change) => {
    const { person, app, granted, mailed } = await inHand()
    await change(person)
    expect((await spent(app, granted)).status).toBe(200)
    expect((await exchanged(mailed)).status).toBe(200)
  })
})

describe('of a code that is spent at the same moment, nothing is left when', () => {
  /** All but the ban, which is two changes. */
  const ONCE = ENDS.slice(0, 5)
  const codes = [
    ['an application’s', ({ app, granted }) => spent(app, granted), 400],
    ['PKCE', ({ mailed }) => exchanged(mailed), 404],
  ] satisfies readonly [string, (held: Awaited<ReturnType<typeof inHand>>) => Promise<Called>, number][]
  const cases = ONCE.flatMap(([what, end]) =>
    codes.map(([kind, spend, refused]) => [what, kind, { end, spend, refused }] as const),
  )

  test.each(cases)('%s (%s)', async (_what, _kind, { end, spend, refused }) => {
    const [late, early] = [await inHand(), await inHand()]
    const [ended, tooLate] = await inTurn<[unknown, Called]>(pg, late.person.user.id, [
      () => end(late.person),
      () => spend(late),
    ])
    isDone(ended)
    expect([tooLate.status, await othersOf(late.person)]).toEqual([refused, []])
    const [inTime, endedAfter] = await inTurn<[Called, unknown]>(pg, early.person.user.id, [
      () => spend(early),
      () => end(early.person),
    ])
    isDone(endedAfter)
    // It got in, and is out again.
    expect([inTime.status, await othersOf(early.person)]).toEqual([200, []])
  })
})

describe('a consent that is given at the same moment as a sign-out everywhere', () => {
  const answer = (bearer: string, id: string, action?: 'approve') =>
    auth.call(action ? 'POST' : 'GET', `/oauth/authorizations/${id}${action ? '/consent' : ''}`, {
      bearer,
      ...(action && { body: { action } }),
    })
  const logout = ({ bearer }: Person) => people.post('/logout?scope=global', bearer)

  /** Asked by an application that the user has looked at; or has let in before, which needs no answer. */
  async function question(isKnown: boolean) {
    const person = await people.signedUp()
    const app = await apps.newApp()
    if (isKnown) await apps.codeFor(app, person.client)
    const departure = await app.depart('email')
    const id = departure.authorizationId
    if (!isKnown) expect((await answer(person.bearer, id)).status).toBe(200)
    const consent = () => answer(person.bearer, id, isKnown ? undefined : 'approve')
    return { person, app, departure, id, consent }
  }

  test.each([
    ['and after it gives no code', false],
    ['and after it gives none to an application that was let in before', true],
  ])('%s', async (_what, isKnown) => {
    const { person, consent, id } = await question(isKnown)
    const [out, refused] = await inTurn<[Called, Called]>(pg, person.user.id, [() => logout(person), consent])
    expect([out.status, refusal(refused)]).toEqual([204, '403 session_not_found'])
    const [row] = await pg.admin()`
      select status::text, authorization_code from auth.oauth_authorizations where authorization_id = ${id}`
    expect(row).toEqual({ status: 'pending', authorization_code: null })
  })

  test.each([
    ['and before it gives a code that is good for nothing', false],
    ['and before it gives one to an application that was let in, good for nothing', true],
  ])('%s', async (_what, isKnown) => {
    const { person, app, departure, consent } = await question(isKnown)
    const [given, out] = await inTurn<[Called, Called]>(pg, person.user.id, [consent, () => logout(person)])
    expect([given.status, out.status]).toEqual([200, 204])
    const code = new URL(String(given.body.redirect_url)).searchParams.get('code') ?? ''
    expect(oauthRefusalOf(await spent(app, { code, departure }))).toBe('400 invalid_grant')
  })
})

test('what nobody came back for is gone after two days, and what somebody may come back for is not', async () => {
  const left = () => pg.admin()`
    select (select count(*)::int from auth.flow_state) as flows,
      (select count(*)::int from auth.oauth_client_states) as states`
  const depart = () => auth.fetch(`${auth.url}/auth/v1/authorize?provider=github`, { redirect: 'manual' })
  await auth.set({ external: { github: { clientIds: ['app'], secret: 'a secret of this test' } } })
  await pg.admin()`truncate auth.flow_state, auth.oauth_client_states cascade`
  const { email } = await people.signedUp()
  const ask = () =>
    people.post('/otp', undefined, { email, code_challenge: 'v'.repeat(43), code_challenge_method: 'plain' })
  await ask()
  expect((await depart()).status).toBe(302)
  expect(await left()).toEqual([{ flows: 2, states: 1 }])
  auth.clock.offsetMs += 47 * 3_600_000
  await ask()
  expect(await left()).toEqual([{ flows: 3, states: 1 }])
  auth.clock.offsetMs += 2 * 3_600_000
  await ask()
  expect(await left()).toEqual([{ flows: 2, states: 0 }])
})
