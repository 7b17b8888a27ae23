/** Second factors and passkeys of the person who is signed in. */
import { channel, done, phone, session } from '../members.ts'
import {
  AN_ID,
  type Answer,
  anything,
  type Body,
  listOf,
  type Operations,
  object,
  oneOf,
  ref,
  text,
  uuid,
  whole,
} from '../operation.ts'

const KINDS = ['totp', 'phone', 'webauthn'] as const
const friendly_name = text('What it shall be called.', 'Phone')
const off = (what: 'enroll' | 'verify') => KINDS.map((kind) => `mfa_${kind}_${what}_not_enabled`)
const passkeysOff = { 404: ['passkey_disabled'] }

const options: Answer = {
  description: 'For the browser’s `navigator.credentials`.',
  schema: object({
    challenge_id: uuid('To be sent back with the answer.'),
    options: anything('As WebAuthn has them.', { challenge: 'Y2hhbGxlbmdl' }),
    expires_at: whole('When it is too late, in seconds since 1970.', 1_769_853_000),
  }),
}
const credential: Body = {
  fields: {
    challenge_id: uuid('Of the options.'),
    credential: anything('What the browser made, as JSON.', { id: 'Y3JlZA', type: 'public-key' }),
  },
  required: ['challenge_id', 'credential'],
  example: { challenge_id: AN_ID, credential: { id: 'Y3JlZA', type: 'public-key', response: {} } },
}
const refused = ['webauthn_challenge_not_found', 'webauthn_challenge_expired', 'webauthn_verification_failed']

const FACTORS: Operations = {
  'POST /factors': {
    access: 'user',
    id: 'auth_enroll_factor',
    summary: 'Enrol a second factor',
    body: {
      fields: {
        factor_type: oneOf(KINDS, 'What it is.'),
        friendly_name,
        issuer: text('What an authenticator app shows.', 'shop.example.com'),
        phone,
      },
      required: ['factor_type'],
      example: { factor_type: 'totp', friendly_name: 'Phone' },
    },
    answers: {
      200: {
        description: 'It counts once it is verified.',
        schema: object({
          ...{ id: uuid('Of the factor.'), type: oneOf(KINDS, 'What it is.'), friendly_name, phone },
          totp: anything('`qr_code` (SVG), `secret` and `uri` of an authenticator app.'),
        }),
      },
    },
    errors: {
      403: ['insufficient_aal'],
      422: ['too_many_enrolled_mfa_factors', 'mfa_factor_name_conflict', ...off('enroll')],
    },
  },
  'POST /factors/recovery-codes': {
    access: 'user',
    id: 'auth_make_recovery_codes',
    summary: 'Make new recovery codes, in place of all there were',
    answers: {
      200: {
        description: 'Shown this once.',
        schema: object({ codes: listOf({ type: 'string' }, 'Each is good once.') }),
      },
    },
    errors: { 403: ['insufficient_aal'] },
  },
  'POST /factors/:id/challenge': {
    access: 'user',
    id: 'auth_challenge_factor',
    summary: 'Ask for a second factor',
    body: { fields: { channel }, example: {} },
    answers: {
      200: {
        description: 'What is to be answered.',
        schema: object({
          id: uuid('Of the challenge.'),
          type: oneOf(KINDS, 'What is asked for.'),
          expires_at: whole('When it is too late, in seconds since 1970.', 1_769_853_000),
          webauthn: anything('`type` and `credential_options` of a security key.'),
        }),
      },
    },
    errors: { 404: ['mfa_factor_not_found'], 422: off('verify'), 429: ['over_sms_send_rate_limit'] },
  },
  'POST /factors/:id/verify': {
    access: 'user',
    id: 'auth_verify_factor',
    summary: 'Answer with a second factor',
    body: {
      fields: {
        challenge_id: uuid('What is answered.'),
        code: text('Of the app or the message; or a recovery code.', '123456'),
        webauthn: anything('`type` and `credential_response` of a security key.'),
      },
      required: ['challenge_id'],
      example: { challenge_id: AN_ID, code: '123456' },
    },
    answers: { 200: { ...session, description: 'Signed in at `aal2`.' } },
    errors: {
      403: ['mfa_verification_rejected', 'insufficient_aal'],
      404: ['mfa_factor_not_found'],
      422: [
        ...['mfa_verification_failed', 'mfa_challenge_expired', 'mfa_ip_address_mismatch'],
        ...['mfa_factor_not_found', ...off('verify')],
      ],
    },
  },
  'DELETE /factors/:id': {
    access: 'user',
    id: 'auth_unenroll_factor',
    summary: 'Take a second factor away',
    answers: { 200: { description: 'It is gone.', schema: object({ id: uuid('Of the factor.') }) } },
    errors: { 404: ['mfa_factor_not_found'], 422: ['insufficient_aal'] },
  },
}

const PASSKEYS: Operations = {
  'POST /passkeys/registration/options': {
    access: 'user',
    id: 'auth_begin_passkey',
    summary: 'Begin to register a passkey',
    answers: { 200: options },
    errors: { ...passkeysOff, 403: ['insufficient_aal'], 422: ['too_many_passkeys', 'user_sso_managed'] },
  },
  'POST /passkeys/registration/verify': {
    access: 'user',
    id: 'auth_register_passkey',
    summary: 'Register a passkey',
    body: credential,
    answers: { 200: { description: 'It signs in from now on.', schema: ref('AuthPasskey') } },
    errors: {
      ...{ ...passkeysOff, 400: refused, 403: ['insufficient_aal'] },
      422: ['too_many_passkeys', 'webauthn_credential_exists'],
    },
  },
  'POST /passkeys/authentication/options': {
    access: 'key',
    id: 'auth_begin_passkey_sign_in',
    summary: 'Begin to sign in with a passkey',
    answers: { 200: options },
    errors: passkeysOff,
  },
  'POST /passkeys/authentication/verify': {
    access: 'key',
    id: 'auth_sign_in_with_passkey',
    summary: 'Sign in with a passkey',
    body: credential,
    answers: { 200: session },
    errors: {
      ...passkeysOff,
      400: [
        ...refused,
        ...['webauthn_credential_not_found', 'email_not_confirmed', 'phone_not_confirmed', 'user_banned'],
      ],
    },
  },
  'GET /passkeys': {
    access: 'user',
    id: 'auth_passkeys',
    summary: 'List one’s passkeys',
    answers: { 200: { description: 'All of them.', schema: listOf(ref('AuthPasskey'), 'All of them.') } },
    errors: passkeysOff,
  },
  'PATCH /passkeys/:id': {
    access: 'user',
    id: 'auth_rename_passkey',
    summary: 'Call a passkey something else',
    body: { fields: { friendly_name }, required: ['friendly_name'], example: { friendly_name: 'Laptop' } },
    answers: { 200: { description: 'As it is called now.', schema: ref('AuthPasskey') } },
    errors: { 404: ['passkey_disabled', 'webauthn_credential_not_found'] },
  },
  'DELETE /passkeys/:id': {
    access: 'user',
    id: 'auth_delete_passkey',
    summary: 'Take a passkey away',
    answers: { 204: done },
    errors: { 403: ['insufficient_aal'], 404: ['passkey_disabled', 'webauthn_credential_not_found'] },
  },
}

export const SECOND_FACTORS: Operations = { ...FACTORS, ...PASSKEYS }
