/** Providers that the holder of the service key adds. */
import { done } from '../members.ts'
import {
  type Answer,
  anything,
  flag,
  listOf,
  type Operations,
  object,
  oneOf,
  query,
  ref,
  type Schema,
  text,
} from '../operation.ts'

const KINDS = ['oauth2', 'oidc'] as const
const IDENTIFIER = 'custom:acme'
const off = 'feature_disabled'
const gone = { 404: ['custom_provider_not_found', off] }
const named = { id: text('Its identifier.', IDENTIFIER, { pattern: '^custom:' }) }
const words = (description: string, example: string): Schema =>
  listOf({ type: 'string', example }, description)

const endpoints = {
  authorization_url: 'https://id.example.com/authorize',
  token_url: 'https://id.example.com/token',
  userinfo_url: 'https://id.example.com/userinfo',
}
const fields = {
  name: text('What it is called.', 'Acme'),
  client_id: text('What the project is to the provider.', 'cascata'),
  client_secret: text('Kept sealed, and shown to nobody.', 'the secret of Acme'),
  acceptable_client_ids: words('Whose ID tokens are taken besides.', 'cascata-ios'),
  scopes: words('Asked for; of `oidc` always `openid`.', 'email'),
  custom_claims_allowlist: words('Claims that users get in `custom_claims`.', 'department'),
  pkce_enabled: flag('Whether sign-ins go by PKCE.'),
  attribute_mapping: anything('Which claim of the provider is which of ours.', { name: 'displayName' }),
  authorization_params: anything('Added to what the provider is asked.', { prompt: 'consent' }),
  enabled: flag('Whether it lets anybody in.'),
  email_optional: flag('Lets in people without an address.', false),
  skip_nonce_check: flag('Takes ID tokens whose nonce nobody knows.', false),
  issuer: text('Of `oidc`: who signs the ID tokens.', 'https://id.example.com'),
  discovery_url: text('Of `oidc`: where it describes itself, if elsewhere.', 'https://id.example.com/config'),
  authorization_url: text('Of `oauth2`: where people are sent.', endpoints.authorization_url),
  token_url: text('Of `oauth2`: where a code becomes a token.', endpoints.token_url),
  userinfo_url: text('Of `oauth2`: where a token says whose it is.', endpoints.userinfo_url),
  jwks_uri: text('Of `oauth2`: its keys.', 'https://id.example.com/keys'),
}
const provider = (description: string): Answer => ({ description, schema: ref('AuthCustomProvider') })

export const CUSTOM_PROVIDERS: Operations = {
  'GET /admin/custom-providers': {
    access: 'admin',
    id: 'auth_admin_custom_providers',
    summary: 'List custom providers',
    query: [query('type', 'Those of one kind.', 'oidc', { values: KINDS })],
    answers: {
      200: {
        description: 'All of them.',
        schema: object({ providers: listOf(ref('AuthCustomProvider'), 'All of them.') }),
      },
    },
    errors: { 404: [off] },
  },
  'POST /admin/custom-providers': {
    access: 'admin',
    id: 'auth_admin_create_custom_provider',
    summary: 'Add a provider',
    description:
      'Good for sign-ins at once. `oidc` needs `issuer`, and its description is read; `oauth2` needs `authorization_url`, `token_url` and `userinfo_url`.',
    body: {
      fields: {
        provider_type: oneOf(KINDS, 'What it speaks.'),
        identifier: text('By which apps name it; begins with `custom:`.', IDENTIFIER),
        ...fields,
      },
      required: ['provider_type', 'identifier', 'name', 'client_id', 'client_secret'],
      example: {
        ...{ provider_type: 'oauth2', identifier: IDENTIFIER, name: 'Acme' },
        ...{ client_id: 'cascata', client_secret: 'the secret of Acme', ...endpoints },
      },
    },
    answers: { 201: provider('The provider.') },
    errors: { 400: ['conflict', 'over_custom_provider_quota'], 404: [off] },
  },
  'GET /admin/custom-providers/:id': {
    access: 'admin',
    id: 'auth_admin_custom_provider',
    summary: 'Show a custom provider',
    named,
    answers: { 200: provider('The provider.') },
    errors: gone,
  },
  'PUT /admin/custom-providers/:id': {
    access: 'admin',
    id: 'auth_admin_update_custom_provider',
    summary: 'Change a custom provider',
    description: 'What is not named stays; kind and identifier always do.',
    named,
    body: { fields, example: { name: 'Acme' } },
    answers: { 200: provider('As it is now.') },
    errors: gone,
  },
  'DELETE /admin/custom-providers/:id': {
    access: 'admin',
    id: 'auth_admin_delete_custom_provider',
    summary: 'Take a custom provider away',
    description: 'Its users stay, and sign in in other ways.',
    named,
    answers: { 204: done },
    errors: gone,
  },
}
