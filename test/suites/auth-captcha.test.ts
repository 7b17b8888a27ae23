/** A captcha, asked for by every endpoint where GoTrue asks for one: without it nothing is done, with it what is asked for. */

import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { AuthPlace, Called } from '../harness/auth-place.ts'
import { CAPTCHA_SECRET, type CaptchaService, startCaptcha } from '../harness/captcha-service.ts'
import { openAuth } from '../harness/open-auth.ts'

const PASSWORD = 'a long enough passphrase 4711'

let auth: AuthPlace
let captcha: CaptchaService
let count = 0
const address = () => `form-${++count}@captcha.example`

const settings = () => ({
  captcha: { provider: 'turnstile', secret: CAPTCHA_SECRET, verifyUrl: captcha.verifyUrl },
  ...{ anonymous: { enabled: true }, saml: { enabled: true }, passkeys: { enabled: true } },
  web3: { ethereum: { enabled: true } },
})

beforeAll(async () => {
  captcha = await startCaptcha()
  auth = await openAuth(settings())
  await auth.reach(captcha.port)
})
afterAll(async () => {
  await auth?.stop()
  await captcha?.close()
})
beforeEach(() => {
  captcha.forms.length = 0
})

const somebody = async () => {
  const email = address()
  await auth.admin().auth.admin.createUser({ email, password: PASSWORD, email_confirm: true })
  return email
}

type Form = readonly [endpoint: string, body: () => object | Promise<object>, done: string]

/** What stands last is the answer once a person has shown to be one: of what cannot succeed, its own refusal. */
const FORMS: readonly Form[] = [
  ['/signup', () => ({ email: address(), password: PASSWORD }), '200'],
  ['/signup', () => ({ data: { no: 'name' } }), '200'],
  ['/token?grant_type=password', async () => ({ email: await somebody(), password: PASSWORD }), '200'],
  ['/token?grant_type=id_token', () => ({ provider: 'google', id_token: 'x' }), '400 provider_disabled'],
  ['/token?grant_type=web3', () => ({ chain: 'ethereum', message: 'x' }), '400 validation_failed'],
  ['/otp', () => ({ email: address() }), '200'],
  ['/magiclink', () => ({ email: address() }), '200'],
  ['/recover', async () => ({ email: await somebody() }), '200'],
  ['/resend', () => ({ type: 'signup', email: address() }), '200'],
  ['/sso', () => ({ domain: 'nowhere.example' }), '404 sso_provider_not_found'],
  ['/passkeys/authentication/options', () => ({}), '200'],
]

const outcome = ({ status, body }: Called) =>
  body.error_code === undefined ? `${status}` : `${status} ${body.error_code}`
const rows = async () => (await auth.rows`select count(*)::int as n from auth.users`)[0]?.n
const sent = async () => (await auth.rows`select count(*)::int as n from auth.one_time_tokens`)[0]?.n

describe.each(FORMS)('POST %s', (path, bodyOf, done) => {
  const ask = (body: object, token?: string) =>
    auth.call('POST', path, {
      body: { ...body, ...(token !== undefined && { gotrue_meta_security: { captcha_token: token } }) },
    })

  test('without one is refused, and nobody is asked', async () => {
    const body = await bodyOf()
    const before = [await rows(), await sent()]
    expect(outcome(await ask(body))).toBe('400 captcha_failed')
    expect([await rows(), await sent()]).toEqual(before)
    expect(captcha.forms).toHaveLength(0)
  })

  test('with a wrong one is refused', async () => {
    const body = await bodyOf()
    const before = [await rows(), await sent()]
    const refused = await ask(body, 'guessed')
    expect(outcome(refused)).toBe('400 captcha_failed')
    expect(refused.text).toContain('invalid-input-response')
    expect([await rows(), await sent()]).toEqual(before)
  })

  test('with a right one goes on, and it was asked about once', async () => {
    expect(outcome(await ask(await bodyOf(), 'solved'))).toBe(done)
    expect(captcha.forms.map((form) => form.get('response'))).toEqual(['solved'])
  })
})

test('none is asked for where GoTrue asks for none: to refresh, to exchange a code, with the service key', async () => {
  const email = await somebody()
  const body = { email, password: PASSWORD, gotrue_meta_security: { captcha_token: 'solved' } }
  const entered = await auth.call('POST', '/token?grant_type=password', { body })
  const refresh = { refresh_token: entered.body.refresh_token }
  expect((await auth.call('POST', '/token?grant_type=refresh_token', { body: refresh })).status).toBe(200)
  const code = { auth_code: '00000000-0000-4000-8000-000000000000', code_verifier: 'x'.repeat(43) }
  const exchanged = await auth.call('POST', '/token?grant_type=pkce', { body: code })
  expect(outcome(exchanged)).toBe('404 flow_state_not_found')
  const byService = await auth.call('POST', '/recover', { body: { email }, key: auth.keys.service })
  expect(byService.status).toBe(200)
})
