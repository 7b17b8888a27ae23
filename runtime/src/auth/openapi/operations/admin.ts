/** What the holder of the service key may do with everybody. */
import { aUser, done, email, nothing, pageHeaders, pages, phone, redirectTo, userData } from '../members.ts'
import {
  anything,
  type Body,
  flag,
  listOf,
  type Operations,
  object,
  oneOf,
  query,
  ref,
  text,
  uuid,
  whole,
} from '../operation.ts'
import { userMembers } from '../schemas.ts'

const LINKS = [
  ...(['signup', 'invite', 'magiclink', 'recovery'] as const),
  ...(['email_change_current', 'email_change_new'] as const),
]
const gone = { 404: ['user_not_found', 'validation_failed'] }

const given: Body = {
  fields: {
    ...{ email, phone },
    password: text('In clear; or `password_hash`.', 'correct horse battery staple'),
    password_hash: text('Of argon2id, bcrypt, scrypt or Firebase’s scrypt.', '$2a$10$...'),
    email_confirm: flag('The address counts as confirmed.'),
    phone_confirm: flag('The number counts as confirmed.'),
    user_metadata: userData,
    app_metadata: anything('What only an admin writes.', { plan: 'free' }),
    ban_duration: text('How long it may not sign in, as `24h`; `none` ends a ban.', '24h'),
    role: text('Role in Postgres.', 'authenticated'),
    aud: text('Audience of its tokens.', 'authenticated'),
    id: uuid('Of a new user; made when it is left out.'),
  },
  example: { email: 'ada@example.com', email_confirm: true },
}

const USERS: Operations = {
  'GET /admin/users': {
    access: 'admin',
    id: 'auth_admin_list_users',
    summary: 'List users',
    query: [
      ...pages,
      query('filter', 'Part of an address, a number or a name.', 'ada'),
      query('sort', 'Columns, each with `asc` or `desc`.', 'created_at desc'),
    ],
    answers: {
      200: {
        description: 'A page of them.',
        schema: object({
          users: listOf(ref('AuthUser'), 'Of this page.'),
          aud: text('Audience of their tokens.', 'authenticated'),
        }),
        headers: pageHeaders,
      },
    },
  },
  'POST /admin/users': {
    access: 'admin',
    id: 'auth_admin_create_user',
    summary: 'Make a user',
    body: given,
    answers: { 200: aUser },
    errors: { 422: ['email_exists', 'phone_exists', 'weak_password'] },
  },
  'GET /admin/users/:id': {
    access: 'admin',
    id: 'auth_admin_user',
    summary: 'Show a user',
    answers: { 200: aUser },
    errors: gone,
  },
  'PUT /admin/users/:id': {
    access: 'admin',
    id: 'auth_admin_update_user',
    summary: 'Change a user, or ban it',
    description: 'A new password and a ban end all its sessions.',
    body: given,
    answers: { 200: aUser },
    errors: { ...gone, 422: ['email_exists', 'phone_exists', 'weak_password'] },
  },
  'DELETE /admin/users/:id': {
    access: 'admin',
    id: 'auth_admin_delete_user',
    summary: 'Delete a user',
    body: {
      fields: { should_soft_delete: flag('Keep the row, without what it says of the person.', false) },
      example: { should_soft_delete: false },
    },
    answers: { 200: nothing },
    errors: gone,
  },
  'POST /admin/users/:id/logout': {
    access: 'admin',
    id: 'auth_admin_sign_out',
    summary: 'Sign a user out everywhere',
    description: 'Its refresh tokens are void at once; access tokens run out by themselves.',
    answers: {
      200: { description: 'Done.', schema: object({ sessions: whole('How many were ended.', 2) }) },
    },
    errors: gone,
  },
  'GET /admin/users/:id/factors': {
    access: 'admin',
    id: 'auth_admin_factors',
    summary: 'List a user’s second factors',
    answers: { 200: { description: 'All of them.', schema: listOf(ref('AuthFactor'), 'All of them.') } },
    errors: gone,
  },
  'PUT /admin/users/:id/factors/:factor': {
    access: 'admin',
    id: 'auth_admin_update_factor',
    summary: 'Change a user’s second factor',
    body: {
      fields: { friendly_name: text('What it is called.', 'Phone'), phone },
      example: { friendly_name: 'Phone' },
    },
    answers: { 200: { description: 'As it is now.', schema: ref('AuthFactor') } },
    errors: {
      404: ['user_not_found', 'mfa_factor_not_found', 'validation_failed'],
      422: ['mfa_factor_name_conflict', 'mfa_verified_factor_exists'],
    },
  },
  'DELETE /admin/users/:id/factors/:factor': {
    access: 'admin',
    id: 'auth_admin_delete_factor',
    summary: 'Take a user’s second factor away',
    answers: { 200: { description: 'What is gone.', schema: ref('AuthFactor') } },
    errors: { 404: ['user_not_found', 'mfa_factor_not_found', 'validation_failed'] },
  },
  'GET /admin/users/:id/passkeys': {
    access: 'admin',
    id: 'auth_admin_passkeys',
    summary: 'List a user’s passkeys',
    answers: { 200: { description: 'All of them.', schema: listOf(ref('AuthPasskey'), 'All of them.') } },
    errors: { 404: ['user_not_found', 'validation_failed', 'passkey_disabled'] },
  },
  'DELETE /admin/users/:id/passkeys/:passkey': {
    access: 'admin',
    id: 'auth_admin_delete_passkey',
    summary: 'Take a user’s passkey away',
    answers: { 204: done },
    errors: {
      404: ['user_not_found', 'validation_failed', 'passkey_disabled', 'webauthn_credential_not_found'],
    },
  },
}

const LETTERS: Operations = {
  'POST /invite': {
    access: 'admin',
    id: 'auth_admin_invite',
    summary: 'Invite somebody by mail',
    query: [redirectTo],
    body: { fields: { email, data: userData }, required: ['email'], example: { email: 'ada@example.com' } },
    answers: { 200: aUser },
    errors: { 422: ['email_exists'] },
  },
  'POST /admin/generate_link': {
    access: 'admin',
    id: 'auth_admin_generate_link',
    summary: 'Make the link of a mail without sending it',
    body: {
      fields: {
        type: oneOf(LINKS, 'Of which mail.'),
        email,
        new_email: text('Of a change of address.', 'ada@example.org'),
        password: text('Of a sign-up.', 'correct horse battery staple'),
        data: userData,
        redirect_to: text('Where it leads back to.', 'https://shop.example.com/welcome'),
      },
      required: ['type', 'email'],
      example: { type: 'magiclink', email: 'ada@example.com' },
    },
    answers: {
      200: {
        description: 'The user’s members, and these.',
        schema: object({
          ...userMembers,
          action_link: text('The link.', 'https://shop.example.com/auth/v1/verify?token=7f3c&type=magiclink'),
          email_otp: text('The code, in place of the link.', '123456'),
          hashed_token: text('For `/verify` with `token_hash`.', '7f3c'),
          verification_type: oneOf(LINKS, 'What was asked for.'),
          redirect_to: text('Where it leads back to.', 'https://shop.example.com/welcome'),
        }),
      },
    },
    errors: { 404: ['user_not_found'], 422: ['email_exists', 'weak_password'] },
  },
  'GET /admin/audit': {
    access: 'admin',
    id: 'auth_admin_audit',
    summary: 'Read what was done to users',
    query: [
      ...pages,
      query(
        'query',
        'Whose, what or of which kind: `author:`, `action:` or `type:`, and a part of it.',
        'author:ada@example.com',
      ),
    ],
    answers: {
      200: {
        description: 'A page of entries, the latest first.',
        schema: listOf(ref('AuthAuditEntry'), 'Of this page.'),
        headers: { 'X-Total-Count': 'How many there are.' },
      },
    },
  },
}

export const ADMIN: Operations = { ...USERS, ...LETTERS }
