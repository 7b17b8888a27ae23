/** Shapes that answers share. */
import { customProvider, oauthClient, serverMetadata, ssoProvider } from './connections.ts'
import {
  anything,
  flag,
  listOf,
  object,
  oneOf,
  orNull,
  ref,
  type Schema,
  text,
  time,
  uuid,
  whole,
} from './operation.ts'

const identity = object({
  identity_id: uuid('Its own id.'),
  id: text('Who it is with the provider.', '1234567890'),
  user_id: uuid('Whose it is.'),
  identity_data: anything('What the provider says.', { email: 'ada@example.com' }),
  provider: text('Which provider.', 'email'),
  last_sign_in_at: orNull(time('When it was last used.')),
  created_at: time('Since when it is there.'),
  updated_at: time('When it last changed.'),
  email: text('The address that the provider gives.', 'ada@example.com'),
})

const factor = object({
  id: uuid('Of the factor.'),
  created_at: time('When it was enrolled.'),
  updated_at: time('When it last changed.'),
  status: oneOf(['verified', 'unverified'], 'Only what is verified counts.'),
  friendly_name: text('What its owner calls it.', 'Phone'),
  factor_type: oneOf(['totp', 'phone', 'webauthn'], 'What it is.'),
  phone: text('Where codes are sent.', '4915112345678'),
  last_challenged_at: time('When it was last asked for.'),
})

/** In a shape of its own: importers of no-code tools know no composed ones. */
export const userMembers: Readonly<Record<string, Schema>> = {
  id: uuid('Of the user.'),
  aud: text('Audience of its tokens.', 'authenticated'),
  role: text('Role in Postgres.', 'authenticated'),
  email: text('Empty when there is none.', 'ada@example.com'),
  email_confirmed_at: time('When the address was confirmed.'),
  phone: text('Empty when there is none; digits alone.', ''),
  phone_confirmed_at: time('When the number was confirmed.'),
  confirmed_at: time('When the first of both was confirmed.'),
  invited_at: time('When it was invited.'),
  confirmation_sent_at: time('When a confirmation was last sent.'),
  recovery_sent_at: time('When a sign-in link or a recovery was last sent.'),
  reauthentication_sent_at: time('When a code to change the password was last sent.'),
  new_email: text('The address that waits to be confirmed.', 'ada@example.org'),
  email_change_sent_at: time('When its confirmation was sent.'),
  new_phone: text('The number that waits to be confirmed.', '4915112345678'),
  phone_change_sent_at: time('When its code was sent.'),
  last_sign_in_at: time('When it last signed in.'),
  app_metadata: anything('What only an admin writes.', { provider: 'email', providers: ['email'] }),
  user_metadata: anything('What the user itself may write.', { name: 'Ada' }),
  factors: listOf(ref('AuthFactor'), 'Second factors; absent when there is none.'),
  identities: listOf(ref('AuthIdentity'), 'Ways it signs in.'),
  created_at: time('When it signed up.'),
  updated_at: time('When it last changed.'),
  banned_until: time('Until then it may not sign in.'),
  deleted_at: time('When it was deleted, if its row was kept.'),
  is_anonymous: flag('Whether it has neither address nor number.', false),
}

const session = object(
  {
    access_token: text('A JWT: the Bearer token of this user.', 'eyJhbGciOiJIUzI1NiJ9.e30.signature'),
    token_type: oneOf(['bearer'], 'Always the same.'),
    expires_in: whole('Seconds that the access token is valid.', 3600),
    expires_at: whole('When it ends, in seconds since 1970.', 1_769_853_000),
    refresh_token: text('For the next access token; good once.', 'v7Yc0Zr1'),
    user: ref('AuthUser'),
    provider_token: text('Of the provider that was signed in with.', 'ya29.a0'),
    provider_refresh_token: text('The same, if it gives one.', '1//0g'),
  },
  ['access_token', 'token_type', 'expires_in', 'expires_at', 'refresh_token', 'user'],
)

const passkey = object({
  id: uuid('Of the passkey.'),
  friendly_name: text('What its owner calls it.', 'Laptop'),
  created_at: time('When it was registered.'),
  last_used_at: time('When it last signed in.'),
})

const auditEntry = object({
  id: uuid('Of the entry.'),
  payload: anything('Who did what.', { action: 'login', actor_username: 'ada@example.com' }),
  created_at: time('When.'),
  ip_address: text('From where.', '192.0.2.7'),
})

const error: Schema = {
  type: 'object',
  description:
    'What went wrong, in the generation that the request asks for. Without `X-Supabase-Api-Version`: `code` is the status, `error_code` the name, `msg` the words. With `2024-01-01`: `code` is the name and `message` the words. The header `x-sb-error-code` has the name in both.',
  required: ['code'],
  properties: {
    code: { description: 'The status as a number, or the name.', example: 400 },
    error_code: text('The name, in the first generation.', 'validation_failed'),
    msg: text('For people, in the first generation.', 'Signup requires a valid password'),
    error_id: text('Of a failure inside, in the first generation: what the log calls it.', '36aabf2b'),
    message: text('For people, since 2024-01-01.', 'Signup requires a valid password'),
    error: text('Of what OAuth has words for: those.', 'invalid_redirect_uri'),
    error_description: text('The same for people.', 'redirect_uris: must name one at least'),
    weak_password: anything('With `weak_password` alone: why.', { reasons: ['length'] }),
  },
}

export const SCHEMAS: Readonly<Record<string, Schema>> = {
  AuthUser: object(userMembers),
  AuthSession: session,
  AuthIdentity: identity,
  AuthFactor: factor,
  AuthPasskey: passkey,
  AuthAuditEntry: auditEntry,
  AuthOAuthClient: oauthClient,
  AuthCustomProvider: customProvider,
  AuthSsoProvider: ssoProvider,
  AuthServerMetadata: serverMetadata,
  AuthError: error,
}
