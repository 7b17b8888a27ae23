/** What anybody may know of the service. */
import { serverMetadata } from '../authorization/metadata.ts'
import { type Context, issuerOf } from '../context.ts'
import { type AuthAnswer, ok } from '../request.ts'
import { publicKeys } from '../tokens.ts'

export const getHealth = (): AuthAnswer =>
  ok({ version: 'cascata', name: 'GoTrue', description: 'Auth of a Cascata project, compatible with GoTrue' })

export function getSettings({ project, providers }: Context): AuthAnswer {
  const settings = project.settings()
  const external = Object.fromEntries(
    providers.names().map((name) => [name, settings.external[name]?.enabled ?? false]),
  )
  return ok({
    external: {
      ...external,
      email: settings.email.enabled,
      phone: settings.phone.enabled,
      anonymous_users: settings.anonymous.enabled,
    },
    disable_signup: settings.disableSignup,
    mailer_autoconfirm: settings.email.autoconfirm,
    phone_autoconfirm: settings.phone.autoconfirm,
    sms_provider: settings.phone.provider?.kind ?? '',
    saml_enabled: settings.saml.enabled,
    saml_private_key_next_configured: false,
    passkeys_enabled: settings.passkeys.enabled,
  })
}

const MINUTES_10 = 'public, max-age=600'

export const getKeys = ({ project }: Context): AuthAnswer => ({
  ...ok({ keys: publicKeys(project.settings()) }),
  headers: [['cache-control', MINUTES_10]],
})

export function getOpenIdConfiguration(context: Context): AuthAnswer {
  if (context.project.settings().oauthServer.enabled)
    return { ...ok(serverMetadata(context)), headers: [['cache-control', MINUTES_10]] }
  const issuer = issuerOf(context)
  const base = `${context.project.url()}/auth/v1`
  const algorithms = publicKeys(context.project.settings()).flatMap(({ alg }) => alg ?? [])
  return {
    ...ok({
      issuer,
      authorization_endpoint: `${base}/authorize`,
      token_endpoint: `${base}/token`,
      jwks_uri: `${base}/.well-known/jwks.json`,
      response_types_supported: ['code', 'token'],
      subject_types_supported: ['public'],
      id_token_signing_alg_values_supported: algorithms.length > 0 ? [...new Set(algorithms)] : ['HS256'],
      code_challenge_methods_supported: ['S256', 'plain'],
    }),
    headers: [['cache-control', MINUTES_10]],
  }
}
