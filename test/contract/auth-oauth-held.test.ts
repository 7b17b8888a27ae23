/** What is refused at the token endpoint, and what a client may not do with what it got there. */
import type { App } from '@cascata/runtime/auth/authorization/client-harness'
import { SignJWT } from 'jose'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createPeople, refusal } from '../harness/auth-people.ts'
import { type AuthRuntime, startAuthRuntime } from '../harness/auth-runtime.ts'
import { createApps, oauthRefusalOf } from '../harness/oauth-apps.ts'
import { startPostgres, type TestPostgres } from '../harness/postgres.ts'

let pg: TestPostgres
let auth: AuthRuntime
const { signedUp, post } = createPeople(() => auth)
const { newApp, signIn, askToken } = createApps(() => auth)

beforeAll(async () => {
  pg = await startPostgres()
  auth = await startAuthRuntime(pg, { oauthServer: { enabled: true }, manualLinking: true })
})
afterAll(async () => {
  await auth?.stop()
  await pg?.stop()
})

const basicOf = ({ app }: App) => ({ authorization: `Basic ${btoa(`${app.id}:${app.secret}`)}` })

describe('a client', () => {
  test('with another secret is nobody, and is told no more than one that is not there', async () => {
    const app = await newApp()
    const wrong = (id: string) =>
      askToken(
        { grant_type: 'refresh_token', refresh_token: 'x' },
        { authorization: `Basic ${btoa(`${id}:wrong`)}` },
      )
    const [known, unknown] = [await wrong(app.app.id), await wrong('00000000-0000-4000-8000-000000000000')]
    expect(oauthRefusalOf(known)).toBe('401 invalid_client')
    expect(known.body).toEqual(unknown.body)
    expect(known.headers.get('www-authenticate')).toContain('Basic')
  })

  test.each([
    ['without its secret', ({ app }: App) => ({ client_id: app.id })],
    [
      'in another way than it registered',
      ({ app }: App) => ({ client_id: app.id, client_secret: app.secret ?? '' }),
    ],
    ['not at all', () => ({})],
  ])('that authenticates %s is refused', async (_how, shown) => {
    const app = await newApp({ by: 'basic' })
    const form = { grant_type: 'refresh_token', refresh_token: 'x', ...shown(app) }
    expect(oauthRefusalOf(await askToken(form))).toBe('401 invalid_client')
  })

  test('without a secret shows none', async () => {
    const { app } = await newApp({ by: 'none' })
    const form = { grant_type: 'refresh_token', refresh_token: 'x', client_id: app.id }
    expect(oauthRefusalOf(await askToken({ ...form, client_secret: 'x' }))).toBe('401 invalid_client')
    expect(oauthRefusalOf(await askToken(form))).toBe('400 invalid_grant')
  })

  test.each([
    ['a password', { grant_type: 'password', username: 'a', password: 'b' }, '400 unsupported_grant_type'],
    ['nothing', {}, '400 invalid_request'],
    ['a grant named after a method of objects', { grant_type: 'toString' }, '400 unsupported_grant_type'],
    ['a code that is not there', { grant_type: 'authorization_code' }, '400 invalid_request'],
  ])('gets no token for %s', async (_what, form, expected) => {
    expect(oauthRefusalOf(await askToken(form as never, basicOf(await newApp())))).toBe(expected)
  })

  test('that may not refresh does not', async () => {
    const app = await newApp({ grantTypes: ['authorization_code'] })
    const form = { grant_type: 'refresh_token', refresh_token: 'x' }
    expect(oauthRefusalOf(await askToken(form, basicOf(app)))).toBe('400 unauthorized_client')
  })
})

describe('a refresh token', () => {
  test('gets no wider scope than was granted, and is not spent by asking', async () => {
    const { client } = await signedUp()
    const app = await newApp()
    const { tokens } = await signIn(app, client, 'email')
    const token = tokens.refresh_token ?? ''
    await expect(app.refresh(token, { scope: 'email phone' })).rejects.toMatchObject({
      error: 'invalid_scope',
    })
    expect((await app.refresh(token)).scope).toBe('email')
  })

  test('of one client is nothing to another', async () => {
    const { client } = await signedUp()
    const [app, thief] = [await newApp(), await newApp()]
    const { tokens } = await signIn(app, client, 'email')
    await expect(thief.refresh(tokens.refresh_token ?? '')).rejects.toMatchObject({ error: 'invalid_grant' })
    expect((await app.refresh(tokens.refresh_token ?? '')).access_token).toBeTruthy()
  })

  test('of a client is nothing where users refresh, and a user’s is nothing here', async () => {
    const person = await signedUp()
    const app = await newApp()
    const { tokens } = await signIn(app, person.client, 'email')
    const body = { refresh_token: tokens.refresh_token }
    expect(refusal(await auth.call('POST', '/token?grant_type=refresh_token', { body }))).toBe(
      '400 refresh_token_not_found',
    )
    await expect(app.refresh(person.session.refresh_token)).rejects.toMatchObject({ error: 'invalid_grant' })
  })
})

describe('a token of a client', () => {
  const held = async () => {
    const person = await signedUp()
    const app = await newApp()
    const { tokens } = await signIn(app, person.client, 'openid email profile phone')
    return { person, app, bearer: tokens.access_token }
  }

  test.each([
    ['change the password', 'PUT', '/user', { password: 'another passphrase 4712' }],
    ['change the address', 'PUT', '/user', { email: 'evil@example.com' }],
    ['ask for a code to do so', 'GET', '/reauthenticate', undefined],
    ['enrol a second factor', 'POST', '/factors', { factor_type: 'totp' }],
    ['make recovery codes', 'POST', '/factors/recovery-codes', {}],
    ['take an identity away', 'DELETE', '/user/identities/00000000-0000-4000-8000-000000000000', undefined],
    ['add an identity', 'GET', '/user/identities/authorize?provider=github', undefined],
    ['see what else was granted', 'GET', '/user/oauth/grants', undefined],
    ['take grants back', 'DELETE', '/user/oauth/grants?client_id=x', undefined],
  ])('may not %s', async (_what, method, path, body) => {
    const { bearer } = await held()
    const answer = await auth.call(method, path, { bearer, ...(body && { body }) })
    expect(refusal(answer)).toBe('403 no_authorization')
  })

  test('may not agree to anything in the user’s name', async () => {
    const { bearer } = await held()
    const { authorizationId: id } = await (await newApp()).depart('email')
    expect(refusal(await auth.call('GET', `/oauth/authorizations/${id}`, { bearer }))).toBe(
      '403 no_authorization',
    )
    expect(refusal(await post(`/oauth/authorizations/${id}/consent`, bearer, { action: 'approve' }))).toBe(
      '403 no_authorization',
    )
  })

  test('signs nobody out but itself', async () => {
    const { bearer, person } = await held()
    expect((await post('/logout?scope=global', bearer)).status).toBe(204)
    expect((await auth.call('GET', '/user', { bearer })).status).toBe(403)
    expect((await auth.call('GET', '/user', { bearer: person.bearer })).status).toBe(200)
  })

  test('is no administrator’s, whatever role it names', async () => {
    const signed = (claims: object) =>
      new SignJWT({ role: 'service_role', ...claims })
        .setProtectedHeader({ alg: 'HS256', typ: 'JWT' })
        .setExpirationTime('1h')
        .sign(new TextEncoder().encode(auth.secret))
    const list = async (claims: object) => auth.call('GET', '/admin/users', { bearer: await signed(claims) })
    expect((await list({})).status).toBe(200)
    expect(refusal(await list({ client_id: 'x' }))).toBe('403 not_admin')
  })
})
