/** Failures of the authorization server: by GoTrue's codes to the site, by RFC 6749's to applications. */
import { AuthFailure, failure } from '../errors.ts'

export const OAuthServerOff = failure('feature_disabled', 404, () => 'OAuth server is disabled')
export const RegistrationOff = failure(
  'oauth_dynamic_client_registration_disabled',
  403,
  () => 'Dynamic client registration is not enabled',
)
export const ClientNotFound = failure('oauth_client_not_found', 404, () => 'OAuth client not found')
/** Before it is known where an answer may go. */
export const ClientUnknown = failure('oauth_client_not_found', 400, () => 'invalid client_id')
/** Gone, run out, or somebody else's: nobody is told which. */
export const AuthorizationNotFound = failure(
  'oauth_authorization_not_found',
  404,
  () => 'authorization not found',
)
export const ConsentNotFound = failure(
  'oauth_consent_not_found',
  404,
  () => 'No active grant found for this client',
)
export const TooManyClients = failure(
  'over_request_rate_limit',
  429,
  () => 'Too many clients have registered themselves: an administrator has to make room',
)

/** RFC 6749, 4.1.2.1 and 5.2; RFC 9101; OpenID Connect Core, 3.1.2.6. */
export type OAuthError =
  | 'invalid_request'
  | 'invalid_client'
  | 'invalid_grant'
  | 'invalid_scope'
  | 'unauthorized_client'
  | 'unsupported_grant_type'
  | 'unsupported_response_type'
  | 'access_denied'
  | 'interaction_required'
  | 'request_not_supported'
  | 'server_error'

export class OAuthRefusal extends AuthFailure {
  readonly error: OAuthError

  constructor(error: OAuthError, description: string) {
    super(error, error === 'invalid_client' ? 401 : 400, description)
    this.error = error
  }
}

export const oauthRefusal = (error: OAuthError, description: string): OAuthRefusal =>
  new OAuthRefusal(error, description)

/** What the session's own rules refuse, in an application's words: the grant is dead. */
const DEAD = new Set([
  ...['refresh_token_not_found', 'refresh_token_already_used', 'session_not_found', 'session_expired'],
  'user_banned',
])

/** @returns undefined for what says nothing of the grant: too many requests, a fault of ours. */
export function asOAuthRefusal(error: unknown): OAuthRefusal | undefined {
  if (error instanceof OAuthRefusal) return error
  if (!(error instanceof AuthFailure)) return undefined
  if (DEAD.has(error.code)) return oauthRefusal('invalid_grant', 'The grant is invalid, expired or revoked')
  return error.status === 400 ? oauthRefusal('invalid_request', error.message) : undefined
}
