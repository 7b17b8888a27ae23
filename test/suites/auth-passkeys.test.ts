/** Passkeys, with an authenticator in software: what it says wrongly is refused, one lie at a time. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createPeople, refusal } from '../harness/auth-people.ts'
import type { AuthPlace, Called } from '../harness/auth-place.ts'
import { type Authenticator, createAuthenticator, type Lies } from '../harness/authenticator.ts'
import { openAuth } from '../harness/open-auth.ts'

let auth: AuthPlace

const ON = { passkeys: { enabled: true, max: 2 }, mfa: { webauthn: { enroll: true, verify: true } } }

beforeAll(async () => {
  auth = await openAuth(ON)
})
afterAll(async () => {
  await auth?.stop()
})

const { signedUp, post } = createPeople(() => auth)

const authenticator = (): Authenticator =>
  createAuthenticator({ origin: 'http://app.test', rpId: 'app.test' })

/** The options for it, answered. */
async function registered(key: Authenticator, bearer: string, lies: Lies = {}): Promise<Called> {
  const { body, status } = await post('/passkeys/registration/options', bearer)
  expect(status).toBe(200)
  const answer = { challenge_id: body.challenge_id, credential: key.create(body.options, lies) }
  return post('/passkeys/registration/verify', bearer, answer)
}

async function entered(key: Authenticator, lies: Lies = {}): Promise<Called> {
  const { body, status } = await post('/passkeys/authentication/options')
  expect(status).toBe(200)
  const answer = { challenge_id: body.challenge_id, credential: key.sign(body.options, lies) }
  return post('/passkeys/authentication/verify', undefined, answer)
}

async function withPasskey() {
  const person = await signedUp()
  const key = authenticator()
  const { status, body } = await registered(key, person.bearer)
  expect(status).toBe(200)
  return { ...person, key, id: String(body.id) }
}

describe('a passkey', () => {
  test('is registered and signs in, through the real client', async () => {
    const { client, user } = await signedUp()
    const key = authenticator()
    const { data: begun, error } = await client.auth.passkey.startRegistration()
    expect(error).toBeNull()
    expect(begun?.options).toMatchObject({
      rp: { id: 'app.test', name: 'app.test' },
      authenticatorSelection: { residentKey: 'required', userVerification: 'required' },
    })
    const made = await client.auth.passkey.verifyRegistration({
      challengeId: begun?.challenge_id ?? '',
      credential: key.create(begun?.options) as never,
    })
    expect(made.error).toBeNull()
    expect(made.data).toMatchObject({ id: expect.any(String), created_at: expect.any(String) })

    const stranger = auth.client({ experimental: { passkey: true } })
    const { data: asked } = await stranger.auth.passkey.startAuthentication()
    const signed = await stranger.auth.passkey.verifyAuthentication({
      challengeId: asked?.challenge_id ?? '',
      credential: key.sign(asked?.options) as never,
    })
    expect(signed.error).toBeNull()
    expect(signed.data?.user?.id).toBe(user.id)
    const { data } = await stranger.auth.getClaims(signed.data?.session?.access_token ?? '')
    expect(data?.claims).toMatchObject({ sub: user.id, aal: 'aal1', amr: [{ method: 'passkey' }] })
  })

  test('is listed, named and deleted by its owner', async () => {
    const { client, key, id } = await withPasskey()
    await entered(key)
    expect((await client.auth.passkey.list()).data).toMatchObject([{ id, last_used_at: expect.any(String) }])
    const named = await client.auth.passkey.update({ passkeyId: id, friendlyName: 'Blue key' })
    expect(named.data).toMatchObject({ id, friendly_name: 'Blue key' })
    expect((await client.auth.passkey.delete({ passkeyId: id })).error).toBeNull()
    expect((await client.auth.passkey.list()).data).toEqual([])
    expect(refusal(await entered(key))).toBe('400 webauthn_credential_not_found')
  })

  test('is seen and taken away by an administrator', async () => {
    const { user, id, key } = await withPasskey()
    const { passkey } = auth.admin().auth.admin
    const listed = await passkey.listPasskeys({ userId: user.id })
    expect(listed.data).toMatchObject([{ id }])
    expect((await passkey.deletePasskey({ userId: user.id, passkeyId: id })).error).toBeNull()
    expect(refusal(await entered(key))).toBe('400 webauthn_credential_not_found')
    const gone = { bearer: auth.keys.service, key: auth.keys.service }
    const again = await auth.call('DELETE', `/admin/users/${user.id}/passkeys/${id}`, gone)
    expect(refusal(again)).toBe('404 webauthn_credential_not_found')
  })
})

describe('a registration is refused', () => {
  test('where passkeys are off, as all of them is', async () => {
    const { bearer, user } = await signedUp()
    await auth.set({ passkeys: { enabled: false } })
    const service = { bearer: auth.keys.service, key: auth.keys.service }
    const refused = [
      await post('/passkeys/registration/options', bearer),
      await post('/passkeys/registration/verify', bearer),
      await post('/passkeys/authentication/options'),
      await post('/passkeys/authentication/verify'),
      await auth.call('GET', '/passkeys', { bearer }),
      await auth.call('PATCH', `/passkeys/${user.id}`, { bearer, body: {} }),
      await auth.call('DELETE', `/passkeys/${user.id}`, { bearer }),
      await auth.call('GET', `/admin/users/${user.id}/passkeys`, service),
    ]
    await auth.set({})
    expect(new Set(refused.map(refusal))).toEqual(new Set(['404 passkey_disabled']))
  })

  test('without a session', async () => {
    expect(refusal(await post('/passkeys/registration/options'))).toBe('401 no_authorization')
    expect(refusal(await auth.call('GET', '/passkeys', {}))).toBe('401 no_authorization')
  })

  test('beyond what a user may have, even of two at once', async () => {
    const { bearer } = await withPasskey()
    const both = await Promise.all([registered(authenticator(), bearer), registered(authenticator(), bearer)])
    expect(both.map(({ status }) => status).sort()).toEqual([200, 422])
    const more = await post('/passkeys/registration/options', bearer)
    expect(refusal(more)).toBe('422 too_many_passkeys')
  })

  test('of a credential that is there, also for somebody else', async () => {
    const { key, bearer } = await withPasskey()
    expect(refusal(await registered(key, bearer))).toBe('422 webauthn_credential_exists')
    const other = await signedUp()
    expect(refusal(await registered(key, other.bearer))).toBe('422 webauthn_credential_exists')
  })

  test.each<[string, Lies]>([
    ['for another challenge', { challenge: Buffer.from('another').toString('base64url') }],
    ['from another site', { origin: 'https://app.test.example' }],
    ['for another domain', { rpId: 'example' }],
    ['without a look at the person', { isUnverified: true }],
  ])('%s', async (_why, lies) => {
    const { bearer } = await signedUp()
    const refused = await registered(authenticator(), bearer, lies)
    expect(refusal(refused)).toBe('400 webauthn_verification_failed')
  })

  test('to a challenge of somebody else, which stays good for its owner', async () => {
    const [owner, thief] = [await signedUp(), await signedUp()]
    const key = authenticator()
    const { body } = await post('/passkeys/registration/options', owner.bearer)
    const answer = { challenge_id: body.challenge_id, credential: key.create(body.options) }
    const stolen = await post('/passkeys/registration/verify', thief.bearer, answer)
    expect(refusal(stolen)).toBe('400 webauthn_challenge_not_found')
    expect((await post('/passkeys/registration/verify', owner.bearer, answer)).status).toBe(200)
    const again = await post('/passkeys/registration/verify', owner.bearer, answer)
    expect(refusal(again)).toBe('400 webauthn_challenge_not_found')
  })

  test('too late', async () => {
    const { bearer } = await signedUp()
    const { body } = await post('/passkeys/registration/options', bearer)
    await auth.later(301_000)
    const answer = { challenge_id: body.challenge_id, credential: authenticator().create(body.options) }
    const late = await post('/passkeys/registration/verify', bearer, answer)
    expect(refusal(late)).toBe('400 webauthn_challenge_expired')
  })

  test.each([
    ['without a challenge', { credential: {} }, '400 validation_failed'],
    [
      'without a credential',
      { challenge_id: '00000000-0000-4000-8000-000000000000' },
      '400 validation_failed',
    ],
  ])('%s', async (_why, body, expected) => {
    const { bearer } = await signedUp()
    expect(refusal(await post('/passkeys/registration/verify', bearer, body))).toBe(expected)
  })

  test('with nonsense for a credential', async () => {
    const { bearer } = await signedUp()
    const { body } = await post('/passkeys/registration/options', bearer)
    const answer = {
      challenge_id: body.challenge_id,
      credential: { id: 7, response: { clientDataJSON: [] } },
    }
    const refused = await post('/passkeys/registration/verify', bearer, answer)
    expect(refusal(refused)).toBe('400 webauthn_verification_failed')
  })
})

describe('a sign-in by passkey is refused', () => {
  test.each<[string, Lies]>([
    ['for another challenge', { challenge: Buffer.from('another').toString('base64url') }],
    ['from another site', { origin: 'http://app.test:8080' }],
    ['for another domain', { rpId: 'example' }],
    ['without a look at the person', { isUnverified: true }],
    ['with the signature of another key', { isForged: true }],
    ['in the name of nobody', { userHandle: '' }],
  ])('%s', async (_why, lies) => {
    const { key } = await withPasskey()
    expect(refusal(await entered(key, lies))).toBe('400 webauthn_verification_failed')
    expect((await entered(key)).status).toBe(200)
  })

  test('without a captcha, where the project asks for one', async () => {
    await auth.set({ captcha: { provider: 'turnstile', secret: 'of-the-captcha' } })
    const refused = await post('/passkeys/authentication/options')
    await auth.set({})
    expect(refusal(refused)).toBe('400 captcha_failed')
  })

  test('in the name of another user, and by a credential that names another one', async () => {
    const [one, other] = [await withPasskey(), await withPasskey()]
    const userHandle = Buffer.from(other.user.id).toString('base64url')
    expect(refusal(await entered(one.key, { userHandle }))).toBe('400 webauthn_verification_failed')
    const credentials = await auth.rows`
      select encode(credential_id, 'base64') as id from auth.webauthn_credentials where user_id = ${other.user.id}`
    const id = Buffer.from(String(credentials[0]?.id), 'base64').toString('base64url')
    expect(refusal(await entered(one.key, { id, userHandle }))).toBe('400 webauthn_verification_failed')
  })

  test('with a counter that went back', async () => {
    const { key } = await withPasskey()
    expect((await entered(key, { counter: 100 })).status).toBe(200)
    expect(refusal(await entered(key, { counter: 99 }))).toBe('400 webauthn_verification_failed')
    expect(refusal(await entered(key, { counter: 100 }))).toBe('400 webauthn_verification_failed')
    expect((await entered(key, { counter: 101 })).status).toBe(200)
  })

  test('a second time with what was signed once, also of many at once', async () => {
    const { key } = await withPasskey()
    const { body } = await post('/passkeys/authentication/options')
    const answer = { challenge_id: body.challenge_id, credential: key.sign(body.options) }
    const all = await Promise.all(
      Array.from({ length: 5 }, () => post('/passkeys/authentication/verify', undefined, answer)),
    )
    expect(all.filter(({ status }) => status === 200)).toHaveLength(1)
    const replayed = await post('/passkeys/authentication/verify', undefined, answer)
    expect(refusal(replayed)).toBe('400 webauthn_challenge_not_found')
    const fresh = await post('/passkeys/authentication/options')
    const moved = { ...answer, challenge_id: fresh.body.challenge_id }
    expect(refusal(await post('/passkeys/authentication/verify', undefined, moved))).toBe(
      '400 webauthn_verification_failed',
    )
  })

  test('too late', async () => {
    const { key } = await withPasskey()
    const { body } = await post('/passkeys/authentication/options')
    await auth.later(301_000)
    const answer = { challenge_id: body.challenge_id, credential: key.sign(body.options) }
    expect(refusal(await post('/passkeys/authentication/verify', undefined, answer))).toBe(
      '400 webauthn_challenge_expired',
    )
  })

  test('with a challenge that was for a registration', async () => {
    const { key, bearer } = await withPasskey()
    const { body } = await post('/passkeys/registration/options', bearer)
    const answer = { challenge_id: body.challenge_id, credential: key.sign(body.options) }
    expect(refusal(await post('/passkeys/authentication/verify', undefined, answer))).toBe(
      '400 webauthn_challenge_not_found',
    )
  })

  test('for a user who is banned, or whose address is not confirmed', async () => {
    const { key, user } = await withPasskey()
    const { admin } = auth.admin().auth
    await admin.updateUserById(user.id, { ban_duration: '1h' })
    expect(refusal(await entered(key))).toBe('400 user_banned')
    await admin.updateUserById(user.id, { ban_duration: 'none' })
    await auth.rows`update auth.users set email_confirmed_at = null where id = ${user.id}`
    expect(refusal(await entered(key))).toBe('400 email_not_confirmed')
  })
})

describe("somebody else's passkey", () => {
  test('can neither be named nor deleted', async () => {
    const [owner, other] = [await withPasskey(), await signedUp()]
    const body = { friendly_name: 'mine' }
    const named = await auth.call('PATCH', `/passkeys/${owner.id}`, { bearer: other.bearer, body })
    expect(refusal(named)).toBe('404 webauthn_credential_not_found')
    const gone = await auth.call('DELETE', `/passkeys/${owner.id}`, { bearer: other.bearer })
    expect(refusal(gone)).toBe('404 webauthn_credential_not_found')
    expect((await entered(owner.key)).status).toBe(200)
  })

  test.each([
    ['no name', {}],
    ['too long a name', { friendly_name: 'x'.repeat(121) }],
  ])('or one of my own gets %s', async (_what, body) => {
    const { id, bearer } = await withPasskey()
    const refused = await auth.call('PATCH', `/passkeys/${id}`, { bearer, body })
    expect(refusal(refused)).toBe('400 validation_failed')
  })
})
