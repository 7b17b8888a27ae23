/** What an application gets for a code, and whom its tokens speak of. */
import {
  AN_ID,
  type Answer,
  anything,
  flag,
  type Operation,
  type Operations,
  object,
  oneOf,
  text,
  uuid,
  whole,
} from '../operation.ts'

const off = { 404: ['feature_disabled'] }
const VERIFIER = 'dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk'
const CODE = 'q3mXcV0b8yR1uK5d'
const SECRET = 'the secret of before'

/** RFC 6749, 5.2. */
const refusal = (description: string, codes: readonly string[]): Answer => ({
  description,
  schema: object(
    {
      error: oneOf(codes, 'Why.'),
      error_description: text('The same for people.', 'Client authentication failed'),
    },
    ['error', 'error_description'],
  ),
  codes,
})

const token: Operation = {
  access: 'open',
  id: 'auth_oauth_token',
  summary: 'Get or refresh tokens, as an application',
  description:
    'By `grant_type`: `authorization_code` takes `code` and `code_verifier`; `refresh_token` the token. An application with a secret shows it by Basic, or as `client_secret`, as it is registered. 400 and 401 are worded as RFC 6749 has it.',
  body: {
    fields: {
      grant_type: oneOf(['authorization_code', 'refresh_token'], 'What is given.'),
      client_id: uuid('Who asks; by Basic it may be left out.'),
      client_secret: text('Of an application that sends it in the form.', SECRET),
      code: text('That came back with the user; good once.', CODE),
      code_verifier: text('What the challenge was made of.', VERIFIER),
      redirect_uri: text('As when the code was asked for, or none.', 'https://app.example.com/callback'),
      refresh_token: text('Of the tokens before.', 'v7Yc0Zr1'),
      scope: text('With a refresh token: some of what was granted.', 'email'),
      resource: text('As when the code was asked for, or none.', 'https://api.example.com'),
    },
    required: ['grant_type'],
    example: {
      ...{ grant_type: 'authorization_code', client_id: AN_ID, client_secret: SECRET },
      ...{ code: CODE, code_verifier: VERIFIER },
    },
    form: true,
  },
  answers: {
    200: {
      description: 'The tokens.',
      schema: object(
        {
          access_token: text('A JWT with `client_id`.', 'eyJhbGciOiJIUzI1NiJ9.e30.signature'),
          token_type: oneOf(['bearer'], 'Always the same.'),
          expires_in: whole('Seconds that the access token is valid.', 3600),
          refresh_token: text('For the next ones, if the application may refresh; good once.', 'v7Yc0Zr1'),
          scope: text('What was granted.', 'openid email'),
          id_token: text('For a code with `openid`: who it is.', 'eyJhbGciOiJFUzI1NiJ9.e30.signature'),
        },
        ['access_token', 'token_type', 'expires_in', 'scope'],
      ),
    },
    400: refusal('Refused.', [
      ...['invalid_request', 'invalid_grant', 'invalid_scope'],
      ...['unauthorized_client', 'unsupported_grant_type'],
    ]),
    401: refusal('Not the application that it says.', ['invalid_client']),
  },
  errors: { ...off, 409: ['conflict'] },
}

const claims = object(
  {
    sub: uuid('Of the user.'),
    email: text('With `email`.', 'ada@example.com'),
    email_verified: flag('With `email`.'),
    name: text('With `profile`.', 'Ada'),
    picture: text('With `profile`.', 'https://app.example.com/ada.png'),
    preferred_username: text('With `profile`.', 'ada'),
    updated_at: whole('With `profile`: in seconds since 1970.', 1_769_853_000),
    user_metadata: anything('With `profile`.', { name: 'Ada' }),
    phone_number: text('With `phone`.', '4915112345678'),
    phone_number_verified: flag('With `phone`.'),
    phone: text('The same.', '4915112345678'),
    phone_verified: flag('The same.'),
  },
  ['sub'],
)

const userinfo = (id: string): Operation => ({
  access: 'user',
  id,
  summary: 'See whom an access token speaks of',
  description: 'The userinfo endpoint of OpenID Connect: as much as the scopes of the token show.',
  answers: { 200: { description: 'Who it is.', schema: claims } },
  errors: off,
})

export const OAUTH_TOKENS: Operations = {
  'POST /oauth/token': token,
  'GET /oauth/userinfo': userinfo('auth_oauth_userinfo'),
  'POST /oauth/userinfo': userinfo('auth_oauth_userinfo_by_post'),
}
