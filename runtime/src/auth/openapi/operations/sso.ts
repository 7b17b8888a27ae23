/** Sign-in by way of a company's identity provider (SAML 2.0), and who looks after those. */
import { flow, moved } from '../members.ts'
import {
  AN_ID,
  type Answer,
  anything,
  flag,
  listOf,
  type Operations,
  object,
  oneOf,
  query,
  ref,
  text,
  uuid,
} from '../operation.ts'

const off = { 404: ['saml_provider_disabled'] }
const gone = ['sso_provider_not_found']
const named = { id: text('Its id; or `resource_` and its `resource_id`.', AN_ID) }
const provider = (description: string): Answer => ({ description, schema: ref('AuthSsoProvider') })

const fields = {
  metadata_url: text(
    'Where the provider describes itself, read again from time to time.',
    'https://idp.example.com/metadata',
  ),
  metadata_xml: text('The description itself, in its place.', '<EntityDescriptor>…</EntityDescriptor>'),
  domains: listOf({ type: 'string', example: 'example.com' }, 'Whose people it signs in.'),
  attribute_mapping: anything('Which attribute of the provider is which claim of ours.', {
    keys: { name: { name: 'displayName' } },
  }),
  name_id_format: text(
    'What it is asked to call people by.',
    'urn:oasis:names:tc:SAML:2.0:nameid-format:persistent',
  ),
  resource_id: text('A name of yours.', 'acme'),
  disabled: flag('Lets nobody in.', false),
}

const SIGN_IN: Operations = {
  'POST /sso': {
    access: 'key',
    id: 'auth_sso',
    summary: 'Go to a company’s identity provider to sign in',
    body: {
      fields: {
        domain: text('Whose identity provider.', 'example.com'),
        provider_id: uuid('Of the identity provider, in place of the domain.'),
        redirect_to: text('Where it leads back to.', 'https://shop.example.com/welcome'),
        skip_http_redirect: flag('Answer the place as JSON.'),
        ...flow,
      },
      example: { domain: 'example.com', skip_http_redirect: true },
    },
    answers: {
      200: {
        description: 'Where to go, if the redirect is not wanted.',
        schema: object({ url: text('At the identity provider.', 'https://idp.example.com/sso') }, ['url']),
      },
      303: moved,
    },
    errors: {
      400: ['captcha_failed'],
      404: ['saml_provider_disabled', 'sso_provider_disabled', ...gone],
    },
  },
  'GET /sso/saml/metadata': {
    access: 'open',
    id: 'auth_saml_metadata',
    summary: 'Read how the project describes itself to identity providers',
    query: [query('download', 'A copy to be kept, good for years.', 'true', { values: ['true', 'false'] })],
    answers: {
      200: {
        description: 'SAML metadata.',
        schema: text('An `EntityDescriptor`.', '<EntityDescriptor>…</EntityDescriptor>'),
        type: 'application/xml',
      },
    },
    errors: off,
  },
  'POST /sso/saml/acs': {
    access: 'open',
    id: 'auth_saml_answer',
    summary: 'Come back from an identity provider',
    body: {
      fields: {
        SAMLResponse: text('The answer, in base64.', 'PHNhbWxwOlJlc3BvbnNlLz4='),
        RelayState: text('As it was given to the provider.', AN_ID),
      },
      example: { SAMLResponse: 'PHNhbWxwOlJlc3BvbnNlLz4=', RelayState: AN_ID },
      form: true,
    },
    answers: { 303: moved },
    errors: off,
  },
}

const taken = {
  400: ['saml_metadata_fetch_failed', 'sso_domain_already_exists'],
  422: ['saml_idp_already_exists', 'conflict'],
}

const PROVIDERS: Operations = {
  'GET /admin/sso/providers': {
    access: 'admin',
    id: 'auth_admin_sso_providers',
    summary: 'List identity providers',
    query: [
      query('resource_id', 'The one of this name.', 'acme'),
      query('resource_id_prefix', 'Those whose names begin so.', 'ac'),
    ],
    answers: {
      200: {
        description: 'All of them, without their `metadata_xml`.',
        schema: object({ items: listOf(ref('AuthSsoProvider'), 'All of them.') }),
      },
    },
  },
  'POST /admin/sso/providers': {
    access: 'admin',
    id: 'auth_admin_create_sso_provider',
    summary: 'Add an identity provider',
    description: 'With `metadata_url` or `metadata_xml`.',
    body: {
      fields: { type: oneOf(['saml'], 'What it speaks.'), ...fields },
      required: ['type'],
      example: {
        ...{ type: 'saml', metadata_url: 'https://idp.example.com/metadata' },
        domains: ['example.com'],
      },
    },
    answers: { 201: provider('The provider.') },
    errors: taken,
  },
  'GET /admin/sso/providers/:id': {
    access: 'admin',
    id: 'auth_admin_sso_provider',
    summary: 'Show an identity provider',
    named,
    answers: { 200: provider('The provider.') },
    errors: { 404: gone },
  },
  'PUT /admin/sso/providers/:id': {
    access: 'admin',
    id: 'auth_admin_update_sso_provider',
    summary: 'Change an identity provider',
    description: 'What is not named stays; its entity id always does.',
    named,
    body: { fields, example: { domains: ['example.com'] } },
    answers: { 200: provider('As it is now.') },
    errors: {
      400: [...taken[400], 'saml_entity_id_mismatch'],
      404: gone,
      422: ['conflict'],
    },
  },
  'DELETE /admin/sso/providers/:id': {
    access: 'admin',
    id: 'auth_admin_delete_sso_provider',
    summary: 'Take an identity provider away',
    description: 'Its users stay, with the sessions they have; nobody comes in this way any more.',
    named,
    answers: { 200: provider('What is gone.') },
    errors: { 404: gone },
  },
}

export const SSO: Operations = { ...SIGN_IN, ...PROVIDERS }
