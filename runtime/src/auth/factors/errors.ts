/** Failures of second factors, by GoTrue's codes. */
import { failure } from '../errors.ts'
import type { FactorRow } from '../store/rows.ts'

export type FactorType = FactorRow['factor_type']

const NAMES = { totp: 'TOTP', phone: 'Phone', webauthn: 'WebAuthn' } as const

const enrollOff = (type: FactorType) =>
  failure(`mfa_${type}_enroll_not_enabled`, 422, () => `MFA enroll is disabled for ${NAMES[type]}`)
const verifyOff = (type: FactorType) =>
  failure(`mfa_${type}_verify_not_enabled`, 422, () => `MFA verification is disabled for ${NAMES[type]}`)

export const EnrollNotEnabled = {
  totp: enrollOff('totp'),
  phone: enrollOff('phone'),
  webauthn: enrollOff('webauthn'),
}
export const VerifyNotEnabled = {
  totp: verifyOff('totp'),
  phone: verifyOff('phone'),
  webauthn: verifyOff('webauthn'),
}

export const TooManyFactors = failure(
  'too_many_enrolled_mfa_factors',
  422,
  () => 'Maximum number of factors reached, unenroll one to continue',
)
export const FactorNameTaken = failure(
  'mfa_factor_name_conflict',
  422,
  (name: string) => `A factor with the friendly name "${name}" for this user already exists`,
)
export const PhoneFactorExists = failure(
  'mfa_verified_factor_exists',
  422,
  () => 'A verified factor with this phone number already exists, unenroll it to continue',
)
export const FactorIdInvalid = failure('validation_failed', 404, () => 'factor_id must be an UUID')
export const FactorNotFound = failure('mfa_factor_not_found', 404, () => 'Factor not found')
export const ChallengeNotFound = failure(
  'mfa_factor_not_found',
  422,
  () => 'MFA factor with the provided challenge ID not found',
)
export const AddressMismatch = failure(
  'mfa_ip_address_mismatch',
  422,
  () => 'Challenge and verify IP addresses mismatch.',
)
export const ChallengeExpired = failure(
  'mfa_challenge_expired',
  422,
  (id: string) => `MFA challenge ${id} has expired or was guessed at too often: create a new challenge.`,
)
export const VerificationFailed = failure('mfa_verification_failed', 422, (what: string) => what)
export const VerificationRejected = failure(
  'mfa_verification_rejected',
  403,
  (message: string) => message || 'Further MFA verification attempts will be rejected.',
)
export const Aal2NeededToEnroll = failure(
  'insufficient_aal',
  403,
  () => 'AAL2 required to enroll a new factor',
)
export const Aal2NeededToUnenroll = failure(
  'insufficient_aal',
  422,
  () => 'AAL2 required to unenroll a verified factor',
)
export const Aal2NeededForCodes = failure(
  'insufficient_aal',
  403,
  () => 'AAL2 required to make recovery codes: verify a factor first',
)
