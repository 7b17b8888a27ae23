/** Signing in with a provider, and the identities that come of it. */
import { moved, nothing, redirectTo } from '../members.ts'
import { type Operations, object, query, text } from '../operation.ts'

const departure = [
  query('provider', 'Whom to sign in with.', 'google', { required: true }),
  redirectTo,
  query('scopes', 'Asked for besides, with commas or blanks between them.', 'email'),
  query(
    'code_challenge',
    'PKCE: what the verifier hashes to.',
    'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM',
  ),
  query('code_challenge_method', 'PKCE: how.', 's256', { values: ['s256', 'plain'] }),
  query('skip_http_redirect', 'Answer the place as JSON.', 'true', { values: ['true', 'false'] }),
]
const place = {
  description: 'Where to go, if the redirect is not wanted.',
  schema: object({ url: text('At the provider.', 'https://accounts.google.com/o/oauth2/v2/auth') }),
}
const back = {
  state: text('As it was given to the provider.', 'state'),
  code: text('For the provider’s token.', 'code'),
  error: text('Why there is no code.', 'access_denied'),
  error_description: text('The same in words.', 'The user said no'),
}

export const OAUTH: Operations = {
  'GET /authorize': {
    access: 'open',
    id: 'auth_authorize',
    summary: 'Go to a provider to sign in',
    description: 'What else stands in the query goes to the provider.',
    query: departure,
    answers: { 200: place, 302: moved },
  },
  'GET /callback': {
    access: 'open',
    id: 'auth_callback',
    summary: 'Come back from a provider',
    query: Object.entries(back).map(([name, { description, example }]) =>
      query(name, String(description), String(example)),
    ),
    answers: { 302: moved },
    errors: { 400: ['bad_oauth_state', 'bad_oauth_callback'] },
  },
  'POST /callback': {
    access: 'open',
    id: 'auth_callback_form',
    summary: 'Come back from a provider that sends a form',
    body: { fields: back, example: { state: 'state', code: 'code' }, form: true },
    answers: { 303: moved },
    errors: { 400: ['bad_oauth_state', 'bad_oauth_callback'] },
  },
  'GET /user/identities/authorize': {
    access: 'user',
    id: 'auth_link_identity',
    summary: 'Go to a provider to add an identity',
    query: departure,
    answers: { 200: place, 302: moved },
    errors: { 404: ['manual_linking_disabled'], 422: ['user_sso_managed'] },
  },
  'DELETE /user/identities/:id': {
    access: 'user',
    id: 'auth_unlink_identity',
    summary: 'Take an identity away',
    answers: { 200: nothing },
    errors: {
      404: ['manual_linking_disabled'],
      422: [
        ...['identity_not_found', 'single_identity_not_deletable', 'email_conflict_identity_not_deletable'],
      ],
    },
  },
}
