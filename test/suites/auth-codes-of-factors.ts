/** Codes of second factors, passkeys, providers and hooks. */

import { refusal } from '../harness/auth-people.ts'
import { CLIENT, walk } from '../harness/identity-provider.ts'
import {
  type Case,
  CLOSED,
  type CodeScene,
  NOBODY,
  PASSKEYS,
  PHONE,
  PHONE_FACTORS,
} from './auth-code-scene.ts'

export const ofProviders = (s: CodeScene): readonly Case[] => [
  [
    'provider_disabled',
    '400',
    () => s.said(s.auth.client().auth.signInWithIdToken({ provider: 'google', token: 'a.b.c' })),
  ],
  ['bad_oauth_state', '', () => s.returned(new URLSearchParams({ code: 'x', state: NOBODY }))],
  [
    'bad_oauth_callback',
    '',
    async () => {
      const page = await s.auth.fetch(await s.departure(), { redirect: 'manual' })
      const state = new URL(page.headers.get('location') ?? '').searchParams.get('state') ?? ''
      return s.returned(new URLSearchParams({ state, error: 'access_denied' }))
    },
  ],
  ['provider_email_needs_verification', '', async () => s.throughProvider(await s.departure(), 'unverified')],
  [
    'email_address_not_provided',
    '422',
    async () => {
      const nowS = Math.floor(Date.now() / 1000)
      const claims = { iss: s.issuer, aud: CLIENT.client_id, sub: 'no-mail', iat: nowS, exp: nowS + 300 }
      const token = await s.signed(claims)
      return s.said(s.auth.client().auth.signInWithIdToken({ provider: 'acme' as never, token }))
    },
  ],
  [
    'manual_linking_disabled',
    '404',
    async () => {
      const { client } = await s.signedUp()
      const options = { skipBrowserRedirect: true }
      return s.said(client.auth.linkIdentity({ provider: 'acme' as never, options }))
    },
  ],
  [
    'identity_already_exists',
    '',
    () =>
      s.where({ manualLinking: true }, async () => {
        await s.throughProvider(await s.departure(), 'taken-identity')
        const { client } = await s.signedUp()
        const options = { skipBrowserRedirect: true }
        const { data } = await client.auth.linkIdentity({ provider: 'acme' as never, options })
        return s.returned(await walk(data.url ?? '', 'taken-identity'))
      }),
  ],
  [
    'identity_not_found',
    '422',
    () =>
      s.where({ manualLinking: true }, async () =>
        refusal(await s.auth.call('DELETE', `/user/identities/${NOBODY}`, await s.signedUp())),
      ),
  ],
  [
    'email_conflict_identity_not_deletable',
    '422',
    () =>
      s.where({ manualLinking: true }, async () => {
        const { client } = await s.signedUp()
        const [login, options] = [`conflict-${Date.now().toString(36)}`, { skipBrowserRedirect: true }]
        const { data } = await client.auth.linkIdentity({ provider: 'acme' as never, options })
        await s.returned(await walk(data.url ?? '', login))
        const other = { email: `${login}@example.com`, email_confirm: true }
        await s.auth.admin().auth.admin.createUser(other)
        const { identities = [] } = (await client.auth.getUserIdentities()).data ?? {}
        const own = identities.find(({ provider }) => provider === 'email')
        return s.said(client.auth.unlinkIdentity(own as never))
      }),
  ],
  [
    'single_identity_not_deletable',
    '422',
    () =>
      s.where({ manualLinking: true }, async () => {
        const { client } = await s.signedUp()
        const [own] = (await client.auth.getUserIdentities()).data?.identities ?? []
        return s.said(client.auth.unlinkIdentity(own as never))
      }),
  ],
]

export const ofFactors = (s: CodeScene): readonly Case[] => [
  [
    'mfa_totp_enroll_not_enabled',
    '422',
    () =>
      s.where({ mfa: { totp: { enroll: false } } }, async () =>
        refusal(await s.post('/factors', (await s.signedUp()).bearer, { factor_type: 'totp' })),
      ),
  ],
  [
    'mfa_phone_enroll_not_enabled',
    '422',
    async () =>
      refusal(await s.post('/factors', (await s.signedUp()).bearer, { factor_type: 'phone', phone: PHONE })),
  ],
  [
    'mfa_webauthn_enroll_not_enabled',
    '422',
    async () => refusal(await s.post('/factors', (await s.signedUp()).bearer, { factor_type: 'webauthn' })),
  ],
  [
    'mfa_totp_verify_not_enabled',
    '422',
    () => s.challengedWhere({ mfa: { totp: { verify: false } } }, { factor_type: 'totp' }),
  ],
  [
    'mfa_phone_verify_not_enabled',
    '422',
    () =>
      s.challengedWhere(
        { mfa: { phone: { verify: false } } },
        { factor_type: 'phone', phone: s.nextPhone() },
      ),
  ],
  [
    'mfa_webauthn_verify_not_enabled',
    '422',
    () => s.challengedWhere({ mfa: { webauthn: { verify: false } } }, { factor_type: 'webauthn' }),
  ],
  [
    'too_many_enrolled_mfa_factors',
    '422',
    () =>
      s.where({ mfa: { maxEnrolledFactors: 1 } }, async () => {
        const { client } = await s.signedUp()
        await s.enrolled(client, 'one')
        return s.said(client.auth.mfa.enroll({ factorType: 'totp', friendlyName: 'two' }))
      }),
  ],
  [
    'mfa_factor_name_conflict',
    '422',
    async () => {
      const { client } = await s.signedUp()
      await s.enrolled(client, 'mine')
      return s.said(client.auth.mfa.enroll({ factorType: 'totp', friendlyName: 'mine' }))
    },
  ],
  [
    'mfa_factor_not_found',
    '404',
    async () => s.said((await s.signedUp()).client.auth.mfa.challenge({ factorId: NOBODY })),
  ],
  [
    'mfa_verification_failed',
    '422',
    async () => {
      const { client, factor } = await s.protectedUser()
      return s.said(client.auth.mfa.challengeAndVerify({ factorId: factor.id, code: factor.used }))
    },
  ],
  [
    'mfa_ip_address_mismatch',
    '422',
    async () => {
      const { bearer, factor } = await s.protectedUser()
      const challenge_id = await s.challenged(factor.id, bearer)
      const body = { challenge_id, code: await s.nextCode(factor.secret) }
      await s.post(`/factors/${factor.id}/verify`, bearer, body)
      return refusal(await s.post(`/factors/${factor.id}/verify`, bearer, body))
    },
  ],
  [
    'mfa_challenge_expired',
    '422',
    async () => {
      const { bearer, factor } = await s.protectedUser()
      const challenge_id = await s.challenged(factor.id, bearer)
      await s.auth.later(301_000)
      const body = { challenge_id, code: await s.nextCode(factor.secret) }
      return refusal(await s.post(`/factors/${factor.id}/verify`, bearer, body))
    },
  ],
  [
    'mfa_verification_rejected',
    '403',
    async () => {
      const { client, factor } = await s.protectedUser()
      return s.where(s.hooked('mfaVerificationAttempt', 'pg-functions://postgres/public/refuses'), async () =>
        s.said(
          client.auth.mfa.challengeAndVerify({ factorId: factor.id, code: await s.nextCode(factor.secret) }),
        ),
      )
    },
  ],
  [
    'mfa_verified_factor_exists',
    '422',
    () =>
      s.where(PHONE_FACTORS, async () => {
        const { client } = await s.signedUp()
        const { data } = await client.auth.mfa.enroll({ factorType: 'phone', phone: PHONE })
        const factorId = data?.id ?? ''
        await client.auth.mfa.challengeAndVerify({ factorId, code: '246810' })
        return s.said(client.auth.mfa.enroll({ factorType: 'phone', phone: PHONE }))
      }),
  ],
  [
    'insufficient_aal',
    '403',
    async () => {
      const { client } = await s.signedIn((await s.protectedUser()).email)
      return s.said(client.auth.mfa.enroll({ factorType: 'totp', friendlyName: 'of a thief' }))
    },
  ],
]

export const ofPasskeys = (s: CodeScene): readonly Case[] => [
  ['passkey_disabled', '404', async () => s.said((await s.signedUp()).client.auth.passkey.list())],
  [
    'too_many_passkeys',
    '422',
    () =>
      s.where(PASSKEYS, async () => {
        const { client, bearer } = await s.signedUp()
        await s.register(bearer)
        return s.said(client.auth.passkey.startRegistration())
      }),
  ],
  [
    'webauthn_credential_exists',
    '422',
    () =>
      s.where(PASSKEYS, async () => {
        const authenticator = s.keyOf()
        await s.register((await s.signedUp()).bearer, authenticator)
        return refusal(await s.register((await s.signedUp()).bearer, authenticator))
      }),
  ],
  [
    'webauthn_verification_failed',
    '400',
    () =>
      s.where(PASSKEYS, async () =>
        refusal(await s.register((await s.signedUp()).bearer, s.keyOf(), { origin: 'https://evil.example' })),
      ),
  ],
  [
    'webauthn_challenge_not_found',
    '400',
    () =>
      s.where(PASSKEYS, async () => {
        const body = { challenge_id: NOBODY, credential: {} }
        return refusal(await s.post('/passkeys/authentication/verify', undefined, body))
      }),
  ],
  [
    'webauthn_challenge_expired',
    '400',
    () =>
      s.where(PASSKEYS, async () => {
        const { body } = await s.post('/passkeys/authentication/options')
        await s.auth.later(301_000)
        const answered = { challenge_id: body.challenge_id, credential: s.keyOf().sign(body.options) }
        return refusal(await s.post('/passkeys/authentication/verify', undefined, answered))
      }),
  ],
  [
    'webauthn_credential_not_found',
    '404',
    () =>
      s.where(PASSKEYS, async () =>
        s.said((await s.signedUp()).client.auth.passkey.delete({ passkeyId: NOBODY })),
      ),
  ],
]

export const ofHooks = (s: CodeScene): readonly Case[] => [
  ['hook_timeout', '422', () => s.hookedSignIn('pg-functions://postgres/public/too_slow')],
  ['hook_timeout_after_retry', '422', () => s.hookedSignIn(CLOSED)],
  [
    'hook_payload_over_size_limit',
    '422',
    () => {
      s.answer = { type: 'application/json', body: JSON.stringify({ claims: { much: 'x'.repeat(300_000) } }) }
      return s.hookedSignIn(`http://127.0.0.1:${s.hookPort()}/`)
    },
  ],
  [
    'hook_payload_invalid_content_type',
    '400',
    () => {
      s.answer = { type: 'text/html', body: '<p>hello</p>' }
      return s.hookedSignIn(`http://127.0.0.1:${s.hookPort()}/`)
    },
  ],
]
