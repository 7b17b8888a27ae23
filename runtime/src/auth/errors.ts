/**
 * Failures of `/auth/v1` as GoTrue names them. Codes and statuses are interface: auth-js tells its errors apart by them.
 * What they all are is listed in docs/compatibility.md.
 */
import { Problem } from '@cascata/shared/problem'

/** Members beside code and message, as `weak_password` has them. */
type More = Readonly<Record<string, unknown>>

export class AuthFailure extends Problem {
  readonly more: More
  /** Whole seconds. */
  readonly retryAfterS: number | undefined

  constructor(code: string, status: number, message: string, more: More = {}, retryAfterS?: number) {
    super(code, status, 'Auth request refused', message)
    this.more = more
    this.retryAfterS = retryAfterS
  }
}

/** Declares one of GoTrue's failures: call sites write `throw UserBanned()`. */
export const failure = <Args extends unknown[]>(
  code: string,
  status: number,
  message: (...args: Args) => string,
) => Object.assign((...args: Args) => new AuthFailure(code, status, message(...args)), { code })

export const ValidationFailed = failure('validation_failed', 400, (message: string) => message)
export const BadJson = failure(
  'bad_json',
  400,
  () => 'Could not parse request body as JSON: send one JSON object.',
)
export const NoAuthorization = failure(
  'no_authorization',
  401,
  () => 'This endpoint requires a valid Bearer token',
)
export const BadJwt = failure('bad_jwt', 403, (why: string) => `invalid JWT: ${why}`)
export const NotAdmin = failure('not_admin', 403, () => 'User not allowed')
export const NotForClients = failure(
  'no_authorization',
  403,
  () => 'A token of an OAuth client is not allowed to do this: the user has to be signed in',
)
export const UserOfTokenGone = failure(
  'user_not_found',
  403,
  () => 'User from sub claim in JWT does not exist',
)
export const SessionOfTokenGone = failure(
  'session_not_found',
  403,
  () => 'Session from session_id claim in JWT does not exist',
)
/** Of an id that was named, and is none of the caller's. */
export const SessionUnknown = failure('session_not_found', 404, () => 'Session not found')
export const UserNotFound = failure('user_not_found', 404, () => 'User not found')
export const UserBanned = failure('user_banned', 400, () => 'User is banned')
/** Of a token that was good until then. */
export const UserOfTokenBanned = failure('user_banned', 403, () => 'User is banned')
/** Of a code or a link that was good. */
export const UserOfProofBanned = failure('user_banned', 403, () => 'User is banned')
export const NothingHere = failure('validation_failed', 404, () => 'No auth endpoint is at this path.')
export const MethodNotAllowed = failure(
  'validation_failed',
  405,
  (method: string) => `${method} is not a method of this endpoint.`,
)

export const SignupDisabled = failure('signup_disabled', 422, () => 'Signups not allowed for this instance')
export const EmailProviderDisabled = failure(
  'email_provider_disabled',
  400,
  () => 'Email logins are disabled',
)
export const EmailSignupsDisabled = failure(
  'email_provider_disabled',
  400,
  () => 'Email signups are disabled',
)
export const PhoneProviderDisabled = failure(
  'phone_provider_disabled',
  400,
  () => 'Phone logins are disabled',
)
export const PhoneSignupsDisabled = failure(
  'phone_provider_disabled',
  400,
  () => 'Phone signups are disabled',
)
export const AnonymousDisabled = failure(
  'anonymous_provider_disabled',
  422,
  () => 'Anonymous sign-ins are disabled',
)
export const EmailInvalid = failure(
  'validation_failed',
  400,
  () => 'Unable to validate email address: invalid format',
)
/** Well formed, and of a host that can never be (RFC 6761, 6.4). */
export const EmailUnreachable = failure(
  'email_address_invalid',
  400,
  (email: string) => `Email address "${email}" is invalid: no mail can reach its domain`,
)
export const PhoneInvalid = failure(
  'validation_failed',
  400,
  () => 'Invalid phone number format (E.164 required)',
)
export const UserAlreadyExists = failure('user_already_exists', 422, () => 'User already registered')
export const EmailExists = failure(
  'email_exists',
  422,
  () => 'A user with this email address has already been registered',
)
export const PhoneExists = failure(
  'phone_exists',
  422,
  () => 'A user with this phone number has already been registered',
)
export const IdExists = failure(
  'user_already_exists',
  422,
  () => 'A user with this ID has already been registered',
)
export const InvalidCredentials = failure('invalid_credentials', 400, () => 'Invalid login credentials')
export const EmailNotConfirmed = failure('email_not_confirmed', 400, () => 'Email not confirmed')
export const PhoneNotConfirmed = failure('phone_not_confirmed', 400, () => 'Phone not confirmed')
/** Before another way in is added to what may be somebody else's. */
export const EmailNotProven = failure('email_not_confirmed', 422, () => 'Please verify your email first.')
export const PhoneNotProven = failure('phone_not_confirmed', 422, () => 'Please verify your phone first.')
export const OtpDisabled = failure('otp_disabled', 422, () => 'Signups not allowed for otp')
export const OtpExpired = failure('otp_expired', 403, () => 'Token has expired or is invalid')
export const LinkExpired = failure('otp_expired', 403, () => 'Email link is invalid or has expired')
export const SamePassword = failure(
  'same_password',
  422,
  () => 'New password should be different from the old password.',
)
export const ReauthenticationNeeded = failure(
  'reauthentication_needed',
  400,
  () => 'Password update requires reauthentication',
)
export const ReauthenticationInvalid = failure(
  'reauthentication_not_valid',
  422,
  () => 'Verification requires a nonce',
)
export const CurrentPasswordRequired = failure(
  'current_password_required',
  400,
  () => 'Current password required when setting new password.',
)
export const CurrentPasswordInvalid = failure(
  'current_password_invalid',
  400,
  () => 'Current password required when setting new password.',
)
export const InsufficientAal = failure(
  'insufficient_aal',
  401,
  () => 'AAL2 session is required to update email or password when MFA is enabled.',
)

export const RefreshTokenNotFound = failure(
  'refresh_token_not_found',
  400,
  () => 'Invalid Refresh Token: Refresh Token Not Found',
)
export const RefreshTokenUsed = failure(
  'refresh_token_already_used',
  400,
  () => 'Invalid Refresh Token: Already Used',
)
export const RefreshSessionGone = failure(
  'session_not_found',
  400,
  () => 'Invalid Refresh Token: Session Not Found',
)
/** The token is as good as before. */
export const RefreshConflict = failure(
  'conflict',
  409,
  () => 'The session changed while its token was refreshed: try again',
)
export const SessionExpired = failure(
  'session_expired',
  400,
  (why: 'Session Expired' | 'Session Expired (Inactivity)' | 'Session Expired (Revoked by Newer Login)') =>
    `Invalid Refresh Token: ${why}`,
)

export const FlowStateNotFound = failure(
  'flow_state_not_found',
  404,
  () => 'invalid flow state, no valid flow state found',
)
export const FlowStateExpired = failure(
  'flow_state_expired',
  422,
  () => 'invalid flow state, flow state has expired',
)
export const BadCodeVerifier = failure(
  'bad_code_verifier',
  400,
  () => 'code challenge does not match previously saved code verifier',
)

export const OverEmailRate = failure(
  'over_email_send_rate_limit',
  429,
  (seconds: number) => `For security purposes, you can only request this after ${seconds} seconds.`,
)
export const OverSmsRate = failure(
  'over_sms_send_rate_limit',
  429,
  (seconds: number) => `For security purposes, you can only request this after ${seconds} seconds.`,
)
export const OverRequestRate = failure('over_request_rate_limit', 429, () => 'Request rate limit reached')

export const Unexpected = failure(
  'unexpected_failure',
  500,
  () => 'Unexpected failure, please check server logs for more information',
)

export const ProviderNotEnabled = failure(
  'validation_failed',
  400,
  () => 'Unsupported provider: provider is not enabled',
)
export const ProviderDisabled = failure(
  'provider_disabled',
  400,
  (name: string) => `Provider (${name}) is not enabled`,
)
export const BadOAuthState = failure('bad_oauth_state', 400, () => 'OAuth state not found or expired')
export const BadOAuthCallback = failure('bad_oauth_callback', 400, (why: string) => why)
export const EmailNeedsVerification = failure(
  'provider_email_needs_verification',
  403,
  (provider: string) =>
    `Unverified email with ${provider}. Verify the email with ${provider} in order to sign in`,
)
export const ProofAskedFor = failure(
  'provider_email_needs_verification',
  403,
  (provider: string) =>
    `Unverified email with ${provider}. A confirmation email has been sent to it: confirm it in order to sign in`,
)
export const EmailNotProvided = failure(
  'email_address_not_provided',
  422,
  (provider: string) => `Error getting user email from external provider ${provider}`,
)
export const IdentityExists = failure(
  'identity_already_exists',
  422,
  () => 'Identity is already linked to another user',
)
export const IdentityNotFound = failure('identity_not_found', 422, () => 'Identity does not exist')
export const SingleIdentity = failure(
  'single_identity_not_deletable',
  422,
  () => 'User must have at least 1 identity after unlinking',
)
export const EmailConflict = failure(
  'email_conflict_identity_not_deletable',
  422,
  () => "The address of the identity that would remain is another user's",
)
export const LinkingDisabled = failure('manual_linking_disabled', 404, () => 'Manual linking is disabled')

export const CaptchaFailed = failure('captcha_failed', 400, (message: string) => message)

export const HookRefusal = failure('hook_refused', 403, (message: string) => message)

/** @param reasons in GoTrue's words. */
export const WeakPassword = (message: string, reasons: readonly string[]) =>
  new AuthFailure('weak_password', 422, message, { weak_password: { reasons } })
