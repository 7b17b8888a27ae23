/** Failures of custom providers, by GoTrue's codes. */
import { failure } from '../errors.ts'

export const CustomProvidersOff = failure(
  'feature_disabled',
  404,
  () => 'Custom OAuth providers are disabled',
)
export const CustomProviderNotFound = failure(
  'custom_provider_not_found',
  404,
  () => 'Custom OAuth provider not found',
)
export const CustomProviderExists = failure(
  'conflict',
  400,
  () => 'A custom OAuth provider with this identifier already exists',
)
export const TooManyCustomProviders = failure(
  'over_custom_provider_quota',
  400,
  () => 'Maximum number of custom OAuth/OIDC providers reached',
)
