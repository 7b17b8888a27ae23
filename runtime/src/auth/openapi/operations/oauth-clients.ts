/** Applications of a project: registered by themselves or by an admin, and let in by users. */
import { done, pageHeaders, pages } from '../members.ts'
import {
  AN_ID,
  type Answer,
  type Body,
  listOf,
  type Operations,
  object,
  oneOf,
  query,
  ref,
  type Schema,
  text,
  time,
  uuid,
} from '../operation.ts'

const off = { 404: ['feature_disabled'] }
const gone = { 404: ['oauth_client_not_found', 'feature_disabled'] }
const words = (values: readonly string[], description: string): Schema =>
  listOf({ type: 'string', enum: values, example: values[0] }, description)

const fields = {
  redirect_uris: listOf(
    { type: 'string', example: 'https://app.example.com/callback' },
    'Where answers may go: https, the loopback, or a scheme of its own.',
  ),
  grant_types: words(
    ['authorization_code', 'refresh_token'],
    'What it may give for tokens; both by default.',
  ),
  token_endpoint_auth_method: oneOf(
    ['client_secret_basic', 'client_secret_post', 'none'],
    'How it says who it is; `none` has no secret.',
  ),
  client_name: text('What users read.', 'The shop'),
  client_uri: text('Its page.', 'https://app.example.com'),
  logo_uri: text('Its picture.', 'https://app.example.com/logo.svg'),
}
const registration: Body = {
  fields: {
    ...fields,
    response_types: words(['code'], 'May be left out.'),
    client_type: oneOf(['confidential', 'public'], 'Whether it keeps a secret; as the method says.'),
  },
  required: ['redirect_uris'],
  example: { client_name: 'The shop', redirect_uris: ['https://app.example.com/callback'] },
}
const client = (description: string): Answer => ({ description, schema: ref('AuthOAuthClient') })
const withSecret = client('The application. Its `client_secret` is shown this once.')

const BY_ITSELF: Operations = {
  'POST /oauth/clients/register': {
    access: 'open',
    id: 'auth_oauth_register',
    summary: 'Register, as an application',
    description: 'As RFC 7591 has it; off unless the settings let applications register themselves.',
    body: registration,
    answers: { 201: withSecret },
    errors: { ...off, 403: ['oauth_dynamic_client_registration_disabled'] },
  },
}

const OF_USERS: Operations = {
  'GET /user/oauth/grants': {
    access: 'user',
    id: 'auth_oauth_grants',
    summary: 'List the applications one has let in',
    answers: {
      200: {
        description: 'All of them.',
        schema: listOf(
          object({
            client: object({
              id: uuid('Of the application.'),
              name: text('What it is called.', 'The shop'),
              uri: text('Its page; may be empty.', 'https://app.example.com'),
              logo_uri: text('Its picture; may be empty.', 'https://app.example.com/logo.svg'),
            }),
            scopes: words(['openid', 'email', 'profile', 'phone'], 'What it may learn.'),
            granted_at: time('Since when.'),
          }),
          'All of them.',
        ),
      },
    },
    errors: off,
  },
  'DELETE /user/oauth/grants': {
    access: 'user',
    id: 'auth_oauth_revoke_grant',
    summary: 'Let an application in no more',
    description: 'Its sessions end.',
    query: [query('client_id', 'Which application.', AN_ID, { required: true })],
    answers: { 204: done },
    errors: { 404: ['oauth_consent_not_found', 'feature_disabled'] },
  },
}

const BY_ADMIN: Operations = {
  'GET /admin/oauth/clients': {
    access: 'admin',
    id: 'auth_admin_oauth_clients',
    summary: 'List applications',
    query: pages,
    answers: {
      200: {
        description: 'A page of them, the newest first.',
        schema: object({
          clients: listOf(ref('AuthOAuthClient'), 'Of this page.'),
          aud: text('Audience of their tokens.', 'authenticated'),
        }),
        headers: pageHeaders,
      },
    },
    errors: off,
  },
  'POST /admin/oauth/clients': {
    access: 'admin',
    id: 'auth_admin_create_oauth_client',
    summary: 'Register an application',
    body: registration,
    answers: { 201: withSecret },
    errors: off,
  },
  'GET /admin/oauth/clients/:id': {
    access: 'admin',
    id: 'auth_admin_oauth_client',
    summary: 'Show an application',
    answers: { 200: client('The application.') },
    errors: gone,
  },
  'PUT /admin/oauth/clients/:id': {
    access: 'admin',
    id: 'auth_admin_update_oauth_client',
    summary: 'Change an application',
    description: 'What is not named stays.',
    body: { fields, example: { client_name: 'The shop' } },
    answers: { 200: client('As it is now.') },
    errors: gone,
  },
  'DELETE /admin/oauth/clients/:id': {
    access: 'admin',
    id: 'auth_admin_delete_oauth_client',
    summary: 'Take an application away, with all it holds',
    answers: { 204: done },
    errors: gone,
  },
  'POST /admin/oauth/clients/:id/regenerate_secret': {
    access: 'admin',
    id: 'auth_admin_renew_oauth_secret',
    summary: 'Make an application a new secret',
    description: 'The one of before is void at once.',
    answers: { 200: withSecret },
    errors: gone,
  },
}

export const OAUTH_CLIENTS: Operations = { ...BY_ITSELF, ...OF_USERS, ...BY_ADMIN }
