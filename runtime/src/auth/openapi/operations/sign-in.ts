/** Signing up and in, and what is sent for it. */
import {
  channel,
  email,
  flow,
  moved,
  password,
  phone,
  redirectTo,
  sent,
  session,
  userData,
} from '../members.ts'
import { flag, type Operations, oneOf, query, ref, text } from '../operation.ts'
import { WEB3 } from './web3.ts'

const GRANTS = ['password', 'refresh_token', 'pkce', 'id_token', WEB3.grant] as const
const TYPES = [
  ...(['signup', 'invite', 'magiclink', 'recovery'] as const),
  ...(['email_change', 'email', 'sms', 'phone_change'] as const),
]
const contactErrors = ['email_provider_disabled', 'phone_provider_disabled', 'captcha_failed']
const overMail = ['over_email_send_rate_limit', 'over_sms_send_rate_limit']

export const SIGN_IN: Operations = {
  'POST /signup': {
    access: 'key',
    id: 'auth_sign_up',
    summary: 'Sign up',
    description: 'With neither e-mail nor phone: an anonymous user, signed in at once.',
    query: [redirectTo],
    body: {
      fields: { email, phone, password, channel, data: userData, ...flow },
      example: { email: 'ada@example.com', password: 'correct horse battery staple' },
    },
    answers: {
      200: {
        description:
          'A session (`AuthSession`) where new users count as confirmed, else the user. Of an address that is taken: a user that is none.',
        schema: ref('AuthUser'),
      },
    },
    errors: {
      400: [...contactErrors, 'email_address_invalid'],
      403: ['hook_refused'],
      422: ['signup_disabled', 'user_already_exists', 'weak_password', 'anonymous_provider_disabled'],
      429: overMail,
    },
  },
  'POST /token': {
    access: 'key',
    id: 'auth_token',
    summary: 'Sign in, or refresh a session',
    description: `By \`grant_type\`: \`password\` takes \`email\` or \`phone\` with \`password\`; \`refresh_token\` the token; \`pkce\` \`auth_code\` and \`code_verifier\`; \`id_token\` \`provider\` and \`id_token\`; ${WEB3.told}.`,
    query: [
      query('grant_type', 'What is given for the session.', 'password', { values: GRANTS, required: true }),
    ],
    body: {
      fields: {
        ...{ email, phone, password },
        refresh_token: text('Of the session.', 'v7Yc0Zr1'),
        auth_code: text('What came back in the query.', '3f2b1c4e-8d5a-4b6f-9c7d-0e1f2a3b4c5d'),
        code_verifier: text('What the challenge was made of.', 'dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk'),
        provider: text('Who made the ID token.', 'google'),
        client_id: text('For whom it was made, instead of the provider’s name.', '123.apps.example.com'),
        issuer: text('Beside `client_id`: who made it.', 'https://accounts.google.com'),
        id_token: text('The token.', 'eyJhbGciOiJSUzI1NiJ9.e30.signature'),
        access_token: text('Of the provider, where the ID token names its hash.', 'ya29.a0'),
        nonce: text('That the token was made with.', 'n-0S6_WzA2Mj'),
        link_identity: flag('Add it to the user who is signed in.', false),
        ...WEB3.fields,
        gotrue_meta_security: flow.gotrue_meta_security ?? {},
      },
      example: { email: 'ada@example.com', password: 'correct horse battery staple' },
    },
    answers: { 200: session },
    errors: {
      400: [
        ...['invalid_credentials', 'email_not_confirmed', 'phone_not_confirmed', 'user_banned'],
        ...['refresh_token_not_found', 'refresh_token_already_used', 'session_not_found', 'session_expired'],
        ...['bad_code_verifier', 'provider_disabled', ...contactErrors, ...WEB3.errors[400]],
      ],
      403: ['provider_email_needs_verification', 'hook_refused'],
      404: ['flow_state_not_found'],
      409: ['conflict'],
      422: [
        ...['flow_state_expired', 'email_address_not_provided', 'identity_already_exists', 'signup_disabled'],
        ...WEB3.errors[422],
      ],
    },
  },
  'POST /otp': {
    access: 'key',
    id: 'auth_send_code',
    summary: 'Send a sign-in link or code',
    query: [redirectTo],
    body: {
      fields: {
        ...{ email, phone, channel, data: userData },
        create_user: flag('Make one where there is none.'),
        ...flow,
      },
      example: { email: 'ada@example.com', create_user: true },
    },
    answers: { 200: sent },
    errors: { 400: contactErrors, 422: ['otp_disabled', 'signup_disabled'], 429: overMail },
  },
  'POST /magiclink': {
    access: 'key',
    id: 'auth_send_magic_link',
    summary: 'Send a sign-in link',
    description: 'As `/otp` with an e-mail address.',
    query: [redirectTo],
    body: { fields: { email, data: userData, ...flow }, example: { email: 'ada@example.com' } },
    answers: { 200: sent },
    errors: { 400: ['email_provider_disabled'], 422: ['signup_disabled'], 429: overMail },
  },
  'POST /recover': {
    access: 'key',
    id: 'auth_recover',
    summary: 'Send a link to set a new password',
    query: [redirectTo],
    body: { fields: { email, ...flow }, example: { email: 'ada@example.com' } },
    answers: { 200: sent },
    errors: { 400: ['captcha_failed'], 429: overMail },
  },
  'POST /resend': {
    access: 'key',
    id: 'auth_resend',
    summary: 'Send again what did not arrive',
    query: [redirectTo],
    body: {
      fields: {
        type: oneOf(['signup', 'email_change', 'sms', 'phone_change'], 'What was sent.'),
        ...{ email, phone, ...flow },
      },
      required: ['type'],
      example: { type: 'signup', email: 'ada@example.com' },
    },
    answers: { 200: sent },
    errors: { 400: ['captcha_failed'], 429: overMail },
  },
  'POST /verify': {
    access: 'key',
    id: 'auth_verify',
    summary: 'Sign in with what was sent',
    description:
      'A code with the address or number that it was sent to, or the `token_hash` of a link. Of a change of address the first half answers `{msg, code}`.',
    body: {
      fields: {
        type: oneOf(TYPES, 'What it was sent for.'),
        token: text('The code.', '123456'),
        token_hash: text('Of a link, in place of the code.', 'pkce_7f3c'),
        ...{ email, phone },
      },
      required: ['type'],
      example: { type: 'email', token: '123456', email: 'ada@example.com' },
    },
    answers: { 200: session },
    errors: { 400: ['user_banned'], 403: ['otp_expired'], 422: ['email_exists', 'phone_exists'] },
  },
  'GET /verify': {
    access: 'open',
    id: 'auth_follow_link',
    summary: 'Follow the link of a mail',
    query: [
      query('token', 'From the link.', '7f3c', { required: true }),
      query('type', 'What it was sent for.', 'signup', { values: TYPES, required: true }),
      redirectTo,
    ],
    answers: { 303: moved },
  },
}
