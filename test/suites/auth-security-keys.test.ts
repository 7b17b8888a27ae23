/** Security keys and phones as second factors. */
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createPeople, refusal } from '../harness/auth-people.ts'
import type { AuthPlace, Called } from '../harness/auth-place.ts'
import { type Authenticator, createAuthenticator, type Lies } from '../harness/authenticator.ts'
import { openAuth } from '../harness/open-auth.ts'

let auth: AuthPlace
/** Takes whatever message is to be sent. */
let messages: Server

const ON = {
  passkeys: { enabled: true },
  mfa: { webauthn: { enroll: true, verify: true }, phone: { enroll: true, verify: true } },
}
const PHONE_ON = { testOtp: { '4915112345678': '246810' }, maxFrequencyS: 10 }
const WEBHOOK_SECRET = `v1,whsec_${Buffer.from('a secret of thirty-two characters').toString('base64')}`

beforeAll(async () => {
  messages = createServer((request, response) => {
    request
      .resume()
      .on('end', () => response.writeHead(200, { 'content-type': 'application/json' }).end('{}'))
  })
  await new Promise<void>((resolve) => messages.listen(0, '127.0.0.1', resolve))
  const url = `http://127.0.0.1:${(messages.address() as AddressInfo).port}/`
  const provider = { kind: 'webhook', url, secret: WEBHOOK_SECRET }
  auth = await openAuth({ ...ON, phone: { ...PHONE_ON, provider } })
  await auth.reach((messages.address() as AddressInfo).port)
})
afterAll(async () => {
  await auth?.stop()
  messages?.close()
})

const mfa = createPeople(() => auth)
const { signedIn, signedUp, post } = mfa

const authenticator = (): Authenticator =>
  createAuthenticator({ origin: 'http://app.test', rpId: 'app.test' })

/** The options for it, answered. */
async function registered(key: Authenticator, bearer: string, lies: Lies = {}): Promise<Called> {
  const { body, status } = await post('/passkeys/registration/options', bearer)
  expect(status).toBe(200)
  const answer = { challenge_id: body.challenge_id, credential: key.create(body.options, lies) }
  return post('/passkeys/registration/verify', bearer, answer)
}

describe('a security key as a second factor', () => {
  const enrolled = async (bearer: string) =>
    String((await post('/factors', bearer, { factor_type: 'webauthn', friendly_name: 'key' })).body.id)

  type Asked = { type: 'create' | 'request'; credential_options: { publicKey: unknown } }

  const answered = async (id: string, { key, bearer }: { key: Authenticator; bearer: string }, lies = {}) => {
    const { body, status } = await post(`/factors/${id}/challenge`, bearer)
    expect(status).toBe(200)
    const asked = body.webauthn as Asked
    const { publicKey } = asked.credential_options
    const credential = asked.type === 'create' ? key.create(publicKey, lies) : key.sign(publicKey, lies)
    const webauthn = { type: asked.type, credential_response: credential }
    const answer = { challenge_id: body.id, webauthn }
    return { asked, answer, called: await post(`/factors/${id}/verify`, bearer, answer) }
  }

  test('is registered with the first answer, signs with the next, and raises the session', async () => {
    const { email, bearer } = await signedUp()
    const [key, id] = [authenticator(), await enrolled(bearer)]
    const first = await answered(id, { key, bearer })
    expect(first.asked.type).toBe('create')
    expect(first.called.status).toBe(200)
    const { client, bearer: weak } = await signedIn(email)
    const second = await answered(id, { key, bearer: weak })
    expect(second.asked).toMatchObject({
      type: 'request',
      credential_options: { publicKey: { allowCredentials: [{ type: 'public-key' }] } },
    })
    expect(second.called.status).toBe(200)
    const { data } = await client.auth.getClaims(String(second.called.body.access_token))
    expect(data?.claims).toMatchObject({
      ...{ aal: 'aal2', amr: [{ method: 'mfa/webauthn' }, { method: 'password' }] },
    })
    const replayed = await post(`/factors/${id}/verify`, weak, second.answer)
    expect(refusal(replayed)).toBe('422 mfa_ip_address_mismatch')
  })

  test.each<[string, Lies]>([
    ['for another challenge', { challenge: Buffer.from('another').toString('base64url') }],
    ['from another site', { origin: 'https://elsewhere.test' }],
    ['with the signature of another key', { isForged: true }],
    ['with a counter that went back', { counter: 1 }],
  ])('is refused %s', async (_why, lies) => {
    const { bearer } = await signedUp()
    const [key, id] = [authenticator(), await enrolled(bearer)]
    expect((await answered(id, { key, bearer })).called.status).toBe(200)
    const { called } = await answered(id, { key, bearer }, lies)
    expect(refusal(called)).toBe('422 mfa_verification_failed')
  })

  test('is refused as what it was not asked for', async () => {
    const { bearer } = await signedUp()
    const [key, id] = [authenticator(), await enrolled(bearer)]
    const { body } = await post(`/factors/${id}/challenge`, bearer)
    const { publicKey } = (body.webauthn as Asked).credential_options
    const webauthn = { type: 'request', credential_response: key.sign(publicKey) }
    const refused = await post(`/factors/${id}/verify`, bearer, { challenge_id: body.id, webauthn })
    expect(refusal(refused)).toBe('422 mfa_verification_failed')
    const none = await post(`/factors/${id}/verify`, bearer, { challenge_id: body.id, code: '123456' })
    expect(refusal(none)).toBe('400 validation_failed')
  })

  test('that a thief of the password enrolled before is no way past the factor of its owner', async () => {
    const { email, bearer, client } = await signedUp()
    const [key, parked] = [authenticator(), await enrolled(bearer)]
    const own = await mfa.enrolled(client)
    await client.auth.mfa.challengeAndVerify({ factorId: own.id, code: await mfa.nextCode(own.secret) })
    const thief = await signedIn(email)
    const { called } = await answered(parked, { key, bearer: thief.bearer })
    expect(refusal(called)).toBe('403 insufficient_aal')
  })

  test('is refused where those are off', async () => {
    const { bearer } = await signedUp()
    const id = await enrolled(bearer)
    await auth.set({ mfa: { webauthn: { enroll: true, verify: false } } })
    const refused = await post(`/factors/${id}/challenge`, bearer)
    await auth.set({})
    expect(refusal(refused)).toBe('422 mfa_webauthn_verify_not_enabled')
  })

  test('is asked for before passkeys are added or deleted', async () => {
    const { email, bearer } = await signedUp()
    const [key, id] = [authenticator(), await enrolled(bearer)]
    const { called } = await answered(id, { key, bearer })
    const strong = String(called.body.access_token)
    const made = await registered(authenticator(), strong)
    expect(made.status).toBe(200)
    const { bearer: weak } = await signedIn(email)
    expect(refusal(await post('/passkeys/registration/options', weak))).toBe('403 insufficient_aal')
    const gone = await auth.call('DELETE', `/passkeys/${made.body.id}`, { bearer: weak })
    expect(refusal(gone)).toBe('403 insufficient_aal')
  })
})

describe('a phone as a second factor', () => {
  const PHONE = '4915112345678'

  test('gets a code, which is sealed where it is stored and raises the session', async () => {
    const { client } = await signedUp()
    const { data: factor } = await client.auth.mfa.enroll({ factorType: 'phone', phone: `+${PHONE}` })
    const factorId = factor?.id ?? ''
    const { data: asked } = await client.auth.mfa.challenge({ factorId, channel: 'sms' })
    const [row] = await auth.rows`select otp_code from auth.mfa_challenges where id = ${asked?.id ?? ''}`
    expect(row?.otp_code).toMatch(/^aes-256-gcm:/)
    const wrong = await client.auth.mfa.verify({ factorId, challengeId: asked?.id ?? '', code: '000000' })
    expect(wrong.error).toMatchObject({ status: 422, code: 'mfa_verification_failed' })
    const right = await client.auth.mfa.verify({ factorId, challengeId: asked?.id ?? '', code: '246810' })
    expect(right.error).toBeNull()
    const { data } = await client.auth.getClaims(right.data?.access_token ?? '')
    expect(data?.claims).toMatchObject({
      aal: 'aal2',
      amr: [{ method: 'mfa/phone' }, { method: 'password' }],
    })
    const again = await client.auth.mfa.enroll({ factorType: 'phone', phone: `+${PHONE}` })
    expect(again.error).toMatchObject({ status: 422, code: 'mfa_verified_factor_exists' })
  })

  test('is asked for no more often than messages may be sent', async () => {
    const { bearer } = await signedUp()
    const { body } = await post('/factors', bearer, { factor_type: 'phone', phone: PHONE })
    expect((await post(`/factors/${body.id}/challenge`, bearer)).status).toBe(200)
    const soon = await post(`/factors/${body.id}/challenge`, bearer)
    expect(refusal(soon)).toBe('429 over_sms_send_rate_limit')
    await auth.later(10_000)
    expect((await post(`/factors/${body.id}/challenge`, bearer)).status).toBe(200)
  })

  test('is asked for no more often than the project may send, and that costs no waiting', async () => {
    await auth.set({ rateLimits: { smsPerHour: 1 } })
    const { bearer } = await signedUp()
    const { body } = await post('/factors', bearer, { factor_type: 'phone', phone: '4915187654321' })
    const path = `/factors/${body.id}/challenge`
    expect((await post(path, bearer)).status).toBe(200)
    await auth.later(10_000)
    const [refused, again] = [await post(path, bearer), await post(path, bearer)]
    await auth.set({})
    expect([refusal(refused), refusal(again)]).toEqual(Array(2).fill('429 over_sms_send_rate_limit'))
    const rows = await auth.rows`select 1 from auth.mfa_challenges where factor_id = ${String(body.id)}`
    expect(rows).toHaveLength(1)
    expect((await post(path, bearer)).status).toBe(200)
  })

  test.each([
    ['without a number', {}, '400 validation_failed'],
    ['with none that is one', { phone: 'mine' }, '400 validation_failed'],
  ])('is not enrolled %s', async (_why, body, expected) => {
    const { bearer } = await signedUp()
    expect(refusal(await post('/factors', bearer, { factor_type: 'phone', ...body }))).toBe(expected)
  })

  test('is refused by another channel, and where phones are off', async () => {
    const { bearer } = await signedUp()
    const { body } = await post('/factors', bearer, { factor_type: 'phone', phone: PHONE })
    const path = `/factors/${body.id}/challenge`
    expect(refusal(await post(path, bearer, { channel: 'pigeon' }))).toBe('400 validation_failed')
    await auth.set({ mfa: { phone: { enroll: true, verify: false } } })
    const refused = await post(path, bearer)
    await auth.set({})
    expect(refusal(refused)).toBe('422 mfa_phone_verify_not_enabled')
  })
})
