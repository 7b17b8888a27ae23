/** How the authorization server describes itself (RFC 8414, OpenID Connect Discovery 1.0). */
import { type Context, issuerOf } from '../context.ts'
import { publicKeys } from '../tokens.ts'
import { OAuthServerOff } from './errors.ts'
import { SCOPES } from './scopes.ts'

/** @throws OAuthServerOff */
export function assertOAuthServerOn({ project }: Pick<Context, 'project'>): void {
  if (!project.settings().oauthServer.enabled) throw OAuthServerOff()
}

export function serverMetadata({ project }: Pick<Context, 'project'>) {
  const settings = project.settings()
  const base = `${project.url()}/auth/v1`
  const algorithms = publicKeys(settings).flatMap(({ alg }) => alg ?? [])
  return {
    issuer: issuerOf({ project }),
    authorization_endpoint: `${base}/oauth/authorize`,
    token_endpoint: `${base}/oauth/token`,
    userinfo_endpoint: `${base}/oauth/userinfo`,
    jwks_uri: `${base}/.well-known/jwks.json`,
    ...(settings.oauthServer.allowDynamicRegistration && {
      registration_endpoint: `${base}/oauth/clients/register`,
    }),
    scopes_supported: SCOPES,
    response_types_supported: ['code'],
    response_modes_supported: ['query'],
    grant_types_supported: ['authorization_code', 'refresh_token'],
    subject_types_supported: ['public'],
    id_token_signing_alg_values_supported: algorithms.length > 0 ? [...new Set(algorithms)] : ['HS256'],
    token_endpoint_auth_methods_supported: ['client_secret_basic', 'client_secret_post', 'none'],
    code_challenge_methods_supported: ['S256'],
    claims_supported: [
      ...['sub', 'iss', 'aud', 'exp', 'iat', 'auth_time', 'nonce', 'email', 'email_verified'],
      ...['phone_number', 'phone_number_verified', 'name', 'picture', 'preferred_username', 'updated_at'],
    ],
    authorization_response_iss_parameter_supported: true,
    request_parameter_supported: false,
    request_uri_parameter_supported: false,
  }
}
