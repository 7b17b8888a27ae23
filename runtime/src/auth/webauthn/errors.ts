/** Failures of passkeys, by GoTrue's codes. */
import { failure } from '../errors.ts'

export const PasskeysOff = failure('passkey_disabled', 404, () => 'Passkeys are disabled')
export const TooManyPasskeys = failure(
  'too_many_passkeys',
  422,
  () => 'Maximum number of passkeys reached, delete one to continue',
)
export const PasskeyChallengeNotFound = failure(
  'webauthn_challenge_not_found',
  400,
  () => 'Challenge not found or already used',
)
export const PasskeyChallengeExpired = failure(
  'webauthn_challenge_expired',
  400,
  () => 'Challenge has expired: ask for new options',
)
export const PasskeyRefused = failure(
  'webauthn_verification_failed',
  400,
  () => 'Credential verification failed',
)
export const PasskeyUnknown = failure(
  'webauthn_credential_not_found',
  400,
  () => 'No passkey of this project has this credential',
)
export const PasskeyTaken = failure(
  'webauthn_credential_exists',
  422,
  () => 'This credential is already registered',
)
export const PasskeyNotFound = failure('webauthn_credential_not_found', 404, () => 'Passkey not found')
export const Aal2NeededForPasskeys = failure(
  'insufficient_aal',
  403,
  () => 'AAL2 required to add or delete passkeys when MFA is enabled',
)
