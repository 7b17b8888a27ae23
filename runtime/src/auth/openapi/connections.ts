/** Shapes of what a project is connected with: applications that sign people in by it, providers that it signs people in by. */
import { anything, flag, listOf, object, oneOf, type Schema, text, time, uuid } from './operation.ts'

const words = (description: string, example: string): Schema =>
  listOf({ type: 'string', example }, description)
const url = (description: string, path: string): Schema => text(description, `https://id.example.com/${path}`)

export const oauthClient = object({
  client_id: uuid('Of the application.'),
  client_secret: text('Where it was just made.', 'the secret'),
  client_secret_expires_at: {
    type: 'integer',
    description: 'Of one that registered itself: 0, for never.',
    example: 0,
  },
  client_name: text('What users read.', 'The shop'),
  client_type: oneOf(['confidential', 'public'], 'Whether it has a secret.'),
  token_endpoint_auth_method: oneOf(
    ['client_secret_basic', 'client_secret_post', 'none'],
    'How it says who it is.',
  ),
  registration_type: oneOf(['manual', 'dynamic'], 'Who registered it: an admin, or itself.'),
  client_uri: text('Its page.', 'https://app.example.com'),
  logo_uri: text('Its picture.', 'https://app.example.com/logo.svg'),
  redirect_uris: words('Where answers may go.', 'https://app.example.com/callback'),
  grant_types: words('What it may give for tokens.', 'authorization_code'),
  response_types: words('Always `code`.', 'code'),
  created_at: time('When it was registered.'),
  updated_at: time('When it last changed.'),
})

export const customProvider = object({
  id: uuid('Of its row.'),
  provider_type: oneOf(['oauth2', 'oidc'], 'What it speaks.'),
  identifier: text('By which apps name it.', 'custom:acme'),
  name: text('What it is called.', 'Acme'),
  client_id: text('What the project is to the provider.', 'cascata'),
  acceptable_client_ids: words('Whose ID tokens are taken besides.', 'cascata-ios'),
  scopes: words('Asked for.', 'email'),
  custom_claims_allowlist: words('Claims that users get in `custom_claims`.', 'department'),
  pkce_enabled: flag('Whether sign-ins go by PKCE.'),
  attribute_mapping: anything('Which claim of the provider is which of ours.', { name: 'displayName' }),
  authorization_params: anything('Added to what the provider is asked.', { prompt: 'consent' }),
  enabled: flag('Whether it lets anybody in.'),
  email_optional: flag('Lets in people without an address.', false),
  skip_nonce_check: flag('Takes ID tokens whose nonce nobody knows.', false),
  issuer: text('Of `oidc`.', 'https://id.example.com'),
  discovery_url: url('Of `oidc`, if it describes itself elsewhere.', 'config'),
  discovery_document: anything('Of `oidc`: how it described itself.', { issuer: 'https://id.example.com' }),
  authorization_url: url('Of `oauth2`.', 'authorize'),
  token_url: url('Of `oauth2`.', 'token'),
  userinfo_url: url('Of `oauth2`.', 'userinfo'),
  jwks_uri: url('Of `oauth2`, where it has keys.', 'keys'),
  created_at: time('When it was added.'),
  updated_at: time('When it last changed.'),
})

export const ssoProvider = object({
  id: uuid('Of the provider.'),
  resource_id: text('A name that it was given.', 'acme'),
  disabled: flag('Lets nobody in.', false),
  saml: object({
    entity_id: url('What it calls itself.', 'metadata'),
    metadata_xml: text('How it describes itself.', '<EntityDescriptor>…</EntityDescriptor>'),
    metadata_url: url('Where that was read.', 'metadata'),
    attribute_mapping: anything('Which attribute of it is which claim of ours.', {
      keys: { name: { name: 'displayName' } },
    }),
    name_id_format: text(
      'What it is asked to call people by.',
      'urn:oasis:names:tc:SAML:2.0:nameid-format:persistent',
    ),
  }),
  domains: listOf(
    object({
      domain: text('Whose people it signs in.', 'example.com'),
      created_at: time('Since when.'),
      updated_at: time('The same.'),
    }),
    'Whose people it signs in.',
  ),
  created_at: time('When it was added.'),
  updated_at: time('When it last changed.'),
})

const place = (description: string, path: string): Schema =>
  text(description, `https://shop.example.com/auth/v1${path}`)

export const serverMetadata = object({
  issuer: place('`iss` of tokens.', ''),
  authorization_endpoint: place('Where a person is sent to.', '/oauth/authorize'),
  token_endpoint: place('Where a code becomes tokens.', '/oauth/token'),
  userinfo_endpoint: place('Where a token says whose it is.', '/oauth/userinfo'),
  jwks_uri: place('Where the keys are.', '/.well-known/jwks.json'),
  registration_endpoint: place('Where applications register, if they may.', '/oauth/clients/register'),
  scopes_supported: words('What may be asked for.', 'openid'),
  response_types_supported: words('What may be answered.', 'code'),
  response_modes_supported: words('How that comes back.', 'query'),
  grant_types_supported: words('What may be given for tokens.', 'authorization_code'),
  subject_types_supported: words('Users are the same to all.', 'public'),
  id_token_signing_alg_values_supported: words('How ID tokens are signed.', 'ES256'),
  token_endpoint_auth_methods_supported: words('How applications say who they are.', 'client_secret_basic'),
  code_challenge_methods_supported: words('Of PKCE.', 'S256'),
  claims_supported: words('What ID tokens may say.', 'email'),
  authorization_response_iss_parameter_supported: flag('Answers name who gives them (RFC 9207).'),
  request_parameter_supported: flag('Whether a question may be a signed object.', false),
  request_uri_parameter_supported: flag('The same, by a reference.', false),
})
