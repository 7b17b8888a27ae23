/** Endpoints that are asked for the claims of an application's tokens: nobody waits for them, and no code counts twice. */
import type { App } from '@cascata/runtime/auth/authorization/client-harness'
import { decodeJwt } from 'jose'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { createPeople } from '../harness/auth-people.ts'
import { type AuthRuntime, startAuthRuntime } from '../harness/auth-runtime.ts'
import {
  failing,
  type HookEndpoint,
  heldConnections,
  isWaitedFor,
  startHookEndpoint,
  withPlan,
} from '../harness/hook-endpoint.ts'
import { createApps, oauthRefusalOf } from '../harness/oauth-apps.ts'
import { startPostgres, type TestPostgres } from '../harness/postgres.ts'

/** More than auth has connections. */
const MANY = 8
const MINUTE_MS = 60_000

let pg: TestPostgres
let auth: AuthRuntime
let endpoint: HookEndpoint
const { signedUp } = createPeople(() => auth)
const { newApp, codeFor, signIn, askToken } = createApps(() => auth)

beforeAll(async () => {
  pg = await startPostgres()
  auth = await startAuthRuntime(pg, { oauthServer: { enabled: true } })
  endpoint = await startHookEndpoint()
})
afterAll(async () => {
  await auth?.stop()
  endpoint?.close()
  await pg?.stop()
})
afterEach(async () => {
  endpoint.reset()
  auth.clock.offsetMs = 0
  await auth.set({})
})

type Got = Awaited<ReturnType<typeof codeFor>>

/** A code in the hands of an application, of somebody who is signed in. */
async function withCode() {
  const person = await signedUp()
  const app = await newApp()
  return { person, app, got: await codeFor(app, person.client, 'email phone') }
}

const spend = ({ app }: App, { departure, code }: Got, more: Record<string, string> = {}) =>
  askToken(
    {
      ...{ grant_type: 'authorization_code', code, redirect_uri: app.redirectUri },
      ...{ code_verifier: departure.verifier, ...more },
    },
    { authorization: `Basic ${btoa(`${app.id}:${app.secret}`)}` },
  )

const refresh = ({ app }: App, token: string) =>
  askToken(
    { grant_type: 'refresh_token', refresh_token: token },
    { authorization: `Basic ${btoa(`${app.id}:${app.secret}`)}` },
  )

const askEndpoint = () => auth.set({ hooks: { customAccessToken: endpoint.hook } })

/** The endpoint is asked so often, and thinks. */
const isAsked = (times: number) => isWaitedFor(endpoint, times)

const sessionsOf = ({ app }: App) =>
  pg.admin()`select id::text, user_id::text from auth.sessions where oauth_client_id = ${app.id}`

describe('while an endpoint thinks', () => {
  test('about the codes of many, no connection is held, and others are served', async () => {
    const [someone, ...many] = await Promise.all(Array.from({ length: MANY + 1 }, withCode))
    if (!someone) throw new Error('nobody')
    await askEndpoint()
    endpoint.answer(withPlan)
    endpoint.think()
    const spending = many.map(({ app, got }) => spend(app, got))
    await isAsked(MANY)
    expect(await heldConnections(pg)).toBe(0)
    expect((await auth.call('GET', '/user', { bearer: someone.person.bearer })).status).toBe(200)
    endpoint.goOn()
    const answers = await Promise.all(spending)
    expect(answers.map(({ status }) => status)).toEqual(Array(MANY).fill(200))
    for (const [i, { body }] of answers.entries()) {
      const { app, person } = many[i] ?? someone
      const claims = decodeJwt(String(body.access_token))
      expect(claims).toMatchObject({
        ...{ plan: 'pro', sub: person.user.id, client_id: app.app.id, scope: 'email phone', aal: 'aal1' },
        amr: [{ method: 'oauth_provider/authorization_code' }],
      })
      // Of the session that was made up for the endpoint, and is there now.
      expect(await sessionsOf(app)).toEqual([{ id: claims.session_id, user_id: person.user.id }])
      expect((await auth.call('GET', '/user', { bearer: String(body.access_token) })).status).toBe(200)
    }
  })

  test('about the refreshes of many, no connection is held', async () => {
    const many = await Promise.all(
      Array.from({ length: MANY }, async () => {
        const [{ client }, app] = [await signedUp(), await newApp()]
        return { app, token: (await signIn(app, client, 'email')).tokens.refresh_token ?? '' }
      }),
    )
    await askEndpoint()
    endpoint.answer(withPlan)
    endpoint.think()
    const refreshing = many.map(({ app, token }) => refresh(app, token))
    await isAsked(MANY)
    expect(await heldConnections(pg)).toBe(0)
    endpoint.goOn()
    const answers = await Promise.all(refreshing)
    expect(answers.map(({ status, body }) => [status, decodeJwt(String(body.access_token)).plan])).toEqual(
      Array(MANY).fill([200, 'pro']),
    )
  })

  test('about a code that came twice at once, it is spent once, and what came of it ends', async () => {
    const { app, got } = await withCode()
    await askEndpoint()
    endpoint.answer(withPlan)
    endpoint.think()
    const spending = [spend(app, got), spend(app, got)]
    await isAsked(2)
    expect(await sessionsOf(app)).toHaveLength(0)
    endpoint.goOn()
    const answers = await Promise.all(spending)
    expect(answers.map(({ status }) => status).toSorted()).toEqual([200, 400])
    const [tokens, refused] = answers.toSorted((one, other) => one.status - other.status)
    expect(refused?.body.error).toBe('invalid_grant')
    expect(await sessionsOf(app)).toHaveLength(0)
    const bearer = String(tokens?.body.access_token)
    expect((await auth.call('GET', '/user', { bearer })).status).toBe(403)
    expect(oauthRefusalOf(await refresh(app, String(tokens?.body.refresh_token)))).toBe('400 invalid_grant')
  })

  test('about a code, one who comes with another verifier spends it for both', async () => {
    const { app, got } = await withCode()
    await askEndpoint()
    endpoint.answer(withPlan)
    endpoint.think()
    const spending = spend(app, got)
    await isAsked(1)
    const guess = await spend(app, got, { code_verifier: 'a'.repeat(43) })
    expect([oauthRefusalOf(guess), endpoint.waiting()]).toEqual(['400 invalid_grant', 1])
    endpoint.goOn()
    expect(oauthRefusalOf(await spending)).toBe('400 invalid_grant')
    expect(await sessionsOf(app)).toHaveLength(0)
  })

  test.each<[string, (scene: Awaited<ReturnType<typeof withCode>>) => Promise<unknown>]>([
    [
      'the user takes the grant back',
      ({ app, person }) => person.client.auth.oauth.revokeGrant({ clientId: app.app.id }),
    ],
    [
      'the user changes the password',
      ({ person }) => person.client.auth.updateUser({ password: 'another passphrase 4712' }),
    ],
    [
      'the user is banned',
      ({ person }) => auth.admin().auth.admin.updateUserById(person.user.id, { ban_duration: '1h' }),
    ],
    ['the user is deleted', ({ person }) => auth.admin().auth.admin.deleteUser(person.user.id)],
    ['the application is taken away', ({ app }) => auth.admin().auth.admin.oauth.deleteClient(app.app.id)],
    [
      'the code runs out',
      async () => {
        auth.clock.offsetMs = 10 * MINUTE_MS
      },
    ],
  ])('about a code, and %s, nobody gets in', async (_what, change) => {
    const scene = await withCode()
    await askEndpoint()
    endpoint.answer(withPlan)
    endpoint.think()
    const spending = spend(scene.app, scene.got)
    await isAsked(1)
    expect(await change(scene)).not.toMatchObject({ error: expect.any(Error) })
    endpoint.goOn()
    expect(oauthRefusalOf(await spending)).toBe('400 invalid_grant')
    expect(await sessionsOf(scene.app)).toHaveLength(0)
  })
})

describe('an endpoint that fails', () => {
  test('costs nobody the code, and leaves no session behind', async () => {
    const { app, got } = await withCode()
    await askEndpoint()
    endpoint.answer(failing)
    expect((await spend(app, got)).status).toBe(500)
    expect(await sessionsOf(app)).toHaveLength(0)
    endpoint.answer(withPlan)
    const { status, body } = await spend(app, got)
    expect([status, decodeJwt(String(body.access_token)).plan]).toEqual([200, 'pro'])
    expect(oauthRefusalOf(await spend(app, got))).toBe('400 invalid_grant')
    expect(await sessionsOf(app)).toHaveLength(0)
  })

  test('costs nobody the refresh token', async () => {
    const [{ client }, app] = [await signedUp(), await newApp()]
    const token = (await signIn(app, client, 'email')).tokens.refresh_token ?? ''
    await askEndpoint()
    endpoint.answer(failing)
    expect((await refresh(app, token)).status).toBe(500)
    endpoint.answer(withPlan)
    auth.clock.offsetMs = MINUTE_MS
    expect((await refresh(app, token)).status).toBe(200)
  })
})

describe('an endpoint is not asked', () => {
  test('about a code that is spent already, or that does not fit', async () => {
    const [{ app, got }, other] = [await withCode(), await withCode()]
    await askEndpoint()
    endpoint.answer(withPlan)
    expect((await spend(app, got)).status).toBe(200)
    expect(oauthRefusalOf(await spend(app, got))).toBe('400 invalid_grant')
    const guess = await spend(other.app, other.got, { code_verifier: 'a'.repeat(43) })
    expect([oauthRefusalOf(guess), endpoint.asked().length]).toEqual(['400 invalid_grant', 1])
  })

  test('for wider claims than the refresh asks for', async () => {
    const [{ client }, app] = [await signedUp(), await newApp()]
    const token = (await signIn(app, client, 'email phone')).tokens.refresh_token ?? ''
    await askEndpoint()
    endpoint.answer(withPlan)
    const less = await app.refresh(token, { scope: 'phone' })
    expect(decodeJwt(less.access_token)).toMatchObject({ scope: 'phone', plan: 'pro' })
    expect(endpoint.asked()).toMatchObject([{ claims: { scope: 'phone' } }])
    await expect(app.refresh(less.refresh_token ?? '', { scope: 'profile' })).rejects.toMatchObject({
      error: 'invalid_scope',
    })
    expect(endpoint.asked()).toHaveLength(1)
  })
})
