/** Failures of sign-in by wallet, by GoTrue's codes. */
import { AuthFailure, failure } from '../errors.ts'

export const Web3Disabled = failure('web3_provider_disabled', 422, (chain: string) =>
  chain === '' ? 'Web3 provider is disabled' : `${chain} Web3 provider is disabled`,
)
export const ChainUnsupported = failure('web3_unsupported_chain', 400, () => 'Unsupported chain')

/** GoTrue words these as OAuth does (RFC 6749, 5.2); the code beside it is ours, so that clients can tell it. */
export const Web3Refused = (why: string) =>
  new AuthFailure('invalid_credentials', 400, why, { error: 'invalid_grant', error_description: why })
