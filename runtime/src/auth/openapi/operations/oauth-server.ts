/** The project as the OAuth server of applications: how it describes itself, what they ask, what their users agree to. */
import { moved } from '../members.ts'
import {
  AN_ID,
  type Answer,
  type Operations,
  object,
  oneOf,
  query,
  ref,
  type Schema,
  text,
  uuid,
} from '../operation.ts'

const off = 'feature_disabled'
const CHALLENGE = 'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM'
const CALLBACK = 'https://app.example.com/callback'

const asked: Readonly<Record<string, Schema>> = {
  client_id: uuid('Who asks.'),
  redirect_uri: text('Where the answer goes: one that the application has registered.', CALLBACK),
  code_challenge: text('PKCE: the SHA-256 of the verifier, in base64url.', CHALLENGE),
  code_challenge_method: oneOf(['S256'], 'PKCE: how.'),
  response_type: oneOf(['code'], 'May be left out.'),
  scope: text(
    'Some of `openid`, `email`, `profile` and `phone`; else what the settings say.',
    'openid email',
  ),
  state: text('Comes back with the answer.', 'af0ifjsldkj'),
  nonce: text('Stands in the ID token.', 'n-0S6_WzA2Mj'),
  resource: text('For which server the tokens are meant (RFC 8707).', 'https://api.example.com'),
}
const ASKED_FOR = ['client_id', 'redirect_uri', 'code_challenge', 'code_challenge_method'] as const
const question = Object.entries(asked).map(([name, { description, example, enum: values }]) =>
  query(name, String(description), String(example), {
    ...(Array.isArray(values) && { values: values as string[] }),
    ...(ASKED_FOR.some((each) => each === name) && { required: true }),
  }),
)

const METADATA: Operations = {
  'GET /.well-known/oauth-authorization-server': {
    access: 'open',
    id: 'auth_oauth_metadata',
    summary: 'Read how the OAuth server describes itself',
    answers: {
      200: {
        description: 'As RFC 8414 has it. `/.well-known/openid-configuration` then says the same.',
        schema: ref('AuthServerMetadata'),
      },
    },
    errors: { 404: [off] },
  },
}

const toThePage: Answer = {
  ...moved,
  description:
    'To the site’s page that asks for consent, with `authorization_id`; or back to the application with what is wrong.',
}
const notAsked = { 400: ['oauth_client_not_found'], 404: [off] }

const authorizationId = {
  id: text('`authorization_id` of the page’s address.', 'Zk3vT1s9Qb7eH0xN4uWmYc2LpRgJfD8a'),
}
const redirectUrl = text('Where the page sends the person.', `${CALLBACK}?code=q3mXcV0b8yR1uK5d`)
const shownClient = object({
  id: uuid('Of the application.'),
  name: text('What it is called.', 'The shop'),
  uri: text('Its page; may be empty.', 'https://app.example.com'),
  logo_uri: text('Its picture; may be empty.', 'https://app.example.com/logo.svg'),
})

const AUTHORIZATION: Operations = {
  'GET /oauth/authorize': {
    access: 'open',
    id: 'auth_oauth_authorize',
    summary: 'Ask a user for access, as an application',
    description:
      'The authorization endpoint of OAuth 2.1, with PKCE. Nothing is sent to an address that is not the application’s.',
    query: question,
    answers: { 302: toThePage },
    errors: notAsked,
  },
  'POST /oauth/authorize': {
    access: 'open',
    id: 'auth_oauth_authorize_form',
    summary: 'Ask a user for access by a form, as an application',
    body: {
      fields: asked,
      required: ASKED_FOR,
      example: {
        ...{ client_id: AN_ID, redirect_uri: CALLBACK },
        ...{ code_challenge: CHALLENGE, code_challenge_method: 'S256', scope: 'email' },
      },
      form: true,
    },
    answers: { 303: toThePage },
    errors: notAsked,
  },
  'GET /oauth/authorizations/:id': {
    access: 'user',
    id: 'auth_oauth_authorization',
    summary: 'Show what an application asks for',
    description:
      'For the site’s own page. Where the user agreed to as much before, there is `redirect_url` alone. Nobody but the first who looks finds it.',
    named: authorizationId,
    answers: {
      200: {
        description: 'What is asked for, or where to go on.',
        schema: object({
          authorization_id: authorizationId.id,
          redirect_uri: text('Where the answer goes.', CALLBACK),
          client: shownClient,
          user: object({ id: uuid('Who is asked.'), email: text('Of that user.', 'ada@example.com') }),
          scope: text('What is asked for, with blanks between.', 'openid email'),
          redirect_url: redirectUrl,
        }),
      },
    },
    errors: { 404: ['oauth_authorization_not_found', off] },
  },
  'POST /oauth/authorizations/:id/consent': {
    access: 'user',
    id: 'auth_oauth_consent',
    summary: 'Let an application in, or not',
    named: authorizationId,
    body: {
      fields: { action: oneOf(['approve', 'deny'], 'What the user says.') },
      required: ['action'],
      example: { action: 'approve' },
    },
    answers: {
      200: {
        description: 'Where to go on.',
        schema: object({ redirect_url: redirectUrl }, ['redirect_url']),
      },
    },
    errors: { 404: ['oauth_authorization_not_found', off] },
  },
}

export const OAUTH_SERVER: Operations = { ...METADATA, ...AUTHORIZATION }
