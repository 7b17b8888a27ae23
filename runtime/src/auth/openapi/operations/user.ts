/** The person who is signed in. */
import { aUser, channel, done, email, flow, password, phone, redirectTo, sent, userData } from '../members.ts'
import { type Operations, query, text } from '../operation.ts'

export const USER: Operations = {
  'GET /user': {
    access: 'user',
    id: 'auth_user',
    summary: 'Show who is signed in',
    answers: { 200: aUser },
  },
  'PUT /user': {
    access: 'user',
    id: 'auth_update_user',
    summary: 'Change one’s own password, address, number or metadata',
    query: [redirectTo],
    body: {
      fields: {
        ...{ email, phone, password, channel, data: userData },
        current_password: text('Where the settings ask for it.', 'the one of before'),
        nonce: text('The code of `/reauthenticate`, where one is asked for.', '123456'),
        ...flow,
      },
      example: { data: { name: 'Ada' } },
    },
    answers: { 200: aUser },
    errors: {
      400: [
        'email_address_invalid',
        'reauthentication_needed',
        'current_password_required',
        'current_password_invalid',
      ],
      401: ['insufficient_aal'],
      422: [
        ...['email_exists', 'phone_exists', 'same_password', 'weak_password', 'reauthentication_not_valid'],
        ...['user_sso_managed', 'email_not_confirmed', 'phone_not_confirmed'],
      ],
      429: ['over_email_send_rate_limit', 'over_sms_send_rate_limit'],
    },
  },
  'GET /reauthenticate': {
    access: 'user',
    id: 'auth_reauthenticate',
    summary: 'Send oneself a code to change the password with',
    answers: { 200: sent },
    errors: {
      422: ['email_not_confirmed', 'phone_not_confirmed'],
      429: ['over_email_send_rate_limit', 'over_sms_send_rate_limit'],
    },
  },
  'POST /logout': {
    access: 'user',
    id: 'auth_sign_out',
    summary: 'Sign out',
    query: [
      query('scope', 'This session, the others, or all.', 'global', {
        values: ['global', 'local', 'others'],
      }),
    ],
    answers: { 204: done },
  },
}
