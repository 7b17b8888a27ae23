/** What anybody may know of the service. */
import { anything, flag, listOf, type Operations, object, ref, text } from '../operation.ts'

const settings = object({
  external: anything('Ways to sign in that are on.', { email: true, google: false }),
  disable_signup: flag('Nobody new gets in but by invitation.', false),
  mailer_autoconfirm: flag('New addresses count as confirmed.', false),
  phone_autoconfirm: flag('New numbers count as confirmed.', false),
  sms_provider: text('Who sends messages; empty for nobody.', 'twilio'),
  saml_enabled: flag('Whether there is sign-in by SAML.', false),
  saml_private_key_next_configured: flag('Whether its next key is there.', false),
  passkeys_enabled: flag('Whether passkeys sign in.', false),
})

export const PUBLIC: Operations = {
  'GET /health': {
    access: 'open',
    id: 'auth_health',
    summary: 'See whether auth answers',
    answers: {
      200: {
        description: 'It does.',
        schema: object({
          version: text('Of what.', 'cascata'),
          name: text('As whom it speaks.', 'GoTrue'),
          description: text('In words.', 'Auth of a Cascata project'),
        }),
      },
    },
  },
  'GET /settings': {
    access: 'key',
    id: 'auth_settings',
    summary: 'See which ways to sign in are on',
    answers: { 200: { description: 'What a sign-in form needs to know.', schema: settings } },
  },
  'GET /.well-known/jwks.json': {
    access: 'open',
    id: 'auth_keys',
    summary: 'Read the keys that check tokens',
    answers: {
      200: {
        description: 'Public JWKs; none where the project’s secret signs.',
        schema: object({ keys: listOf({ type: 'object' }, 'JWKs.') }),
      },
    },
  },
  'GET /.well-known/openid-configuration': {
    access: 'open',
    id: 'auth_discovery',
    summary: 'Read where the endpoints are',
    answers: {
      200: {
        description: 'As OpenID Connect Discovery has it; where the OAuth server is off, of sign-ins alone.',
        schema: ref('AuthServerMetadata'),
      },
    },
  },
}
