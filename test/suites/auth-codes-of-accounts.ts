/** Codes of requests, of signing up and in, and of changing what one is. */
import { refusal } from '../harness/auth-people.ts'
import {
  type Case,
  CLOSED,
  type CodeScene,
  NOBODY,
  PASSWORD,
  PHONE,
  PHONES,
  SECRET,
  VERIFIER,
} from './auth-code-scene.ts'

export const ofRequests = (s: CodeScene): readonly Case[] => [
  ['validation_failed', '400', async () => refusal(await s.post('/token?grant_type=guess'))],
  ['bad_json', '400', async () => refusal(await s.auth.call('POST', '/signup', { body: '{"email":' }))],
  ['no_authorization', '401', async () => refusal(await s.auth.call('GET', '/user'))],
  ['bad_jwt', '403', async () => refusal(await s.auth.call('GET', '/user', { bearer: 'no.token.this' }))],
  ['not_admin', '403', async () => refusal(await s.auth.call('GET', '/admin/users', await s.signedUp()))],
  ['user_not_found', '404', () => s.said(s.auth.admin().auth.admin.getUserById(NOBODY))],
  [
    'session_not_found',
    '403',
    async () => {
      const { client, bearer } = await s.signedUp()
      await client.auth.signOut()
      return refusal(await s.auth.call('GET', '/user', { bearer }))
    },
  ],
  [
    'unexpected_failure',
    '500',
    async () => {
      // auth-js keeps no code of what it takes for passing.
      const { email } = await s.signedUp()
      const body = { email, password: PASSWORD }
      return s.where(s.hooked('customAccessToken', 'pg-functions://postgres/public/nowhere'), async () =>
        refusal(await s.post('/token?grant_type=password', undefined, body)),
      )
    },
  ],
  [
    'over_request_rate_limit',
    '429',
    () =>
      s.where({ rateLimits: { signInPer5Min: 1, trustedClientAddress: true } }, async () => {
        const headers = { 'x-real-ip': '203.0.113.77' }
        const ask = () =>
          s.post('/token?grant_type=password', undefined, { email: 'a@b.example', password: 'x' }, headers)
        await ask()
        return refusal(await ask())
      }),
  ],
  [
    'captcha_failed',
    '400',
    () =>
      s.where({ captcha: { provider: 'turnstile', secret: 's', verifyUrl: CLOSED } }, () =>
        s.said(s.signIn('a@b.example')),
      ),
  ],
]

export const ofSignUp = (s: CodeScene): readonly Case[] => [
  [
    'signup_disabled',
    '422',
    () => s.where({ disableSignup: true }, () => s.said(s.signUp(s.address('new')))),
  ],
  ['email_address_invalid', '400', () => s.said(s.signUp('nobody@mail.invalid'))],
  [
    'user_already_exists',
    '422',
    () =>
      s.where({ email: { autoconfirm: true } }, async () => {
        const email = s.address('twice')
        await s.signUp(email)
        return s.said(s.signUp(email))
      }),
  ],
  [
    'weak_password',
    '422',
    () => s.said(s.auth.client().auth.signUp({ email: s.address('weak'), password: '123456' })),
  ],
  ['anonymous_provider_disabled', '422', () => s.said(s.auth.client().auth.signInAnonymously())],
  [
    'email_provider_disabled',
    '400',
    () => s.where({ email: { enabled: false } }, () => s.said(s.signUp(s.address('new')))),
  ],
  [
    'phone_provider_disabled',
    '400',
    () => s.said(s.auth.client().auth.signUp({ phone: s.nextPhone(), password: PASSWORD })),
  ],
  [
    'sms_send_failed',
    '422',
    () =>
      s.where({ phone: { enabled: true, provider: { kind: 'webhook', url: CLOSED, secret: SECRET } } }, () =>
        s.said(s.auth.client().auth.signInWithOtp({ phone: s.nextPhone() })),
      ),
  ],
  [
    'over_email_send_rate_limit',
    '429',
    () =>
      s.where({ email: { maxFrequencyS: 60 } }, async () => {
        const email = s.address('nobody')
        await s.auth.client().auth.resetPasswordForEmail(email)
        return s.said(s.auth.client().auth.resetPasswordForEmail(email))
      }),
  ],
  [
    'over_sms_send_rate_limit',
    '429',
    () =>
      s.where(PHONES, async () => {
        await s.auth.client().auth.signInWithOtp({ phone: PHONE })
        return s.said(s.auth.client().auth.signInWithOtp({ phone: PHONE }))
      }),
  ],
  [
    'otp_disabled',
    '422',
    () =>
      s.said(
        s.auth
          .client()
          .auth.signInWithOtp({ email: s.address('unknown'), options: { shouldCreateUser: false } }),
      ),
  ],
]

export const ofSignIn = (s: CodeScene): readonly Case[] => [
  ['invalid_credentials', '400', () => s.said(s.signIn(s.address('nobody')))],
  [
    'email_not_confirmed',
    '400',
    async () => {
      const email = s.address('unconfirmed')
      await s.signUp(email)
      return s.said(s.signIn(email))
    },
  ],
  [
    'phone_not_confirmed',
    '400',
    () => {
      const phone = s.nextPhone()
      const settings = { phone: { enabled: true, testOtp: { [phone]: '135790' } } }
      return s.where(settings, async () => {
        await s.auth.client().auth.signUp({ phone, password: PASSWORD })
        return s.said(s.auth.client().auth.signInWithPassword({ phone, password: PASSWORD }))
      })
    },
  ],
  [
    'user_banned',
    '400',
    async () => {
      const { email, user } = await s.signedUp()
      await s.auth.admin().auth.admin.updateUserById(user.id, { ban_duration: '1h' })
      return s.said(s.signIn(email))
    },
  ],
  [
    'otp_expired',
    '403',
    () => s.said(s.auth.client().auth.verifyOtp({ email: s.address('no'), token: '123456', type: 'email' })),
  ],
  ['refresh_token_not_found', '400', () => s.said(s.refresh('there-is-no-such-token'))],
  [
    'refresh_token_already_used',
    '400',
    async () => {
      const { session } = await s.signedUp()
      await s.refresh(session.refresh_token)
      await s.auth.later(11_000)
      return s.said(s.refresh(session.refresh_token))
    },
  ],
  [
    'session_expired',
    '400',
    () =>
      s.where({ sessions: { timeboxS: 60 } }, async () => {
        const { session } = await s.signedUp()
        await s.auth.later(61_000)
        return s.said(s.refresh(session.refresh_token))
      }),
  ],
  [
    'flow_state_not_found',
    '404',
    async () => {
      const body = { auth_code: NOBODY, code_verifier: 'x'.repeat(50) }
      return refusal(await s.post('/token?grant_type=pkce', undefined, body))
    },
  ],
  [
    'flow_state_expired',
    '422',
    async () => {
      const code = await s.mailedCode()
      await s.auth.later(301_000)
      const body = { auth_code: code, code_verifier: VERIFIER }
      return refusal(await s.post('/token?grant_type=pkce', undefined, body))
    },
  ],
  [
    'bad_code_verifier',
    '400',
    async () => {
      const body = { auth_code: await s.mailedCode(), code_verifier: 'y'.repeat(50) }
      return refusal(await s.post('/token?grant_type=pkce', undefined, body))
    },
  ],
]

export const ofUsers = (s: CodeScene): readonly Case[] => [
  ['same_password', '422', () => s.change({ password: PASSWORD })],
  ['email_exists', '422', async () => s.change({ email: (await s.signedUp()).email })],
  [
    'phone_exists',
    '422',
    async () => {
      const phone = s.nextPhone()
      const { admin } = s.auth.admin().auth
      await admin.createUser({ phone, phone_confirm: true })
      return s.said(admin.createUser({ phone, phone_confirm: true }))
    },
  ],
  ['reauthentication_needed', '400', () => s.reauthenticated({})],
  ['reauthentication_not_valid', '422', () => s.reauthenticated({ nonce: '000000' })],
  [
    'current_password_required',
    '400',
    () =>
      s.where({ password: { requireCurrent: true } }, () =>
        s.change({ password: 'yet another passphrase 1' }),
      ),
  ],
  [
    'current_password_invalid',
    '400',
    () =>
      s.where({ password: { requireCurrent: true } }, () =>
        s.change({ password: 'yet another passphrase 1', current_password: 'not the one there is' }),
      ),
  ],
]
