/** Failures of single sign-on. Codes and statuses are GoTrue's. */
import { problem } from '@cascata/shared/problem'
import { failure } from '../errors.ts'

export const SamlDisabled = failure('saml_provider_disabled', 404, () => 'SAML 2.0 is disabled')
export const SsoProviderNotFound = failure('sso_provider_not_found', 404, () => 'No such SSO provider')
export const SsoDomainNotFound = failure(
  'sso_provider_not_found',
  404,
  () => 'No SSO provider assigned for this domain',
)
export const SsoProviderDisabled = failure(
  'sso_provider_disabled',
  404,
  () => 'This SSO provider is disabled',
)
export const RelayStateNotFound = failure(
  'saml_relay_state_not_found',
  404,
  (why: string) => `${why} Begin the sign-in again.`,
)
export const RelayStateExpired = failure(
  'saml_relay_state_expired',
  422,
  () => 'The sign-in took too long. Begin it again.',
)
export const SamlIdpNotFound = failure(
  'saml_idp_not_found',
  404,
  () => 'No SAML connection is set up with this identity provider',
)
/** The code is GoTrue's for all that may be wrong with one. */
export const AssertionRefused = failure(
  'validation_failed',
  400,
  (reason: string) => `SAML Assertion is not valid: ${reason}`,
)
export const MetadataRunOut = failure(
  'validation_failed',
  400,
  () => 'The metadata of the identity provider has run out (validUntil)',
)
export const AssertionNoUserId = failure(
  'saml_assertion_no_user_id',
  400,
  () => 'The SAML assertion has neither a subject-id nor a NameID that stays',
)
export const AssertionNoEmail = failure(
  'saml_assertion_no_email',
  400,
  () => 'The SAML assertion has no email address',
)
export const MetadataRefused = failure(
  'validation_failed',
  400,
  (reason: string) => `SAML metadata is not valid: ${reason}`,
)
export const MetadataFetchFailed = failure(
  'saml_metadata_fetch_failed',
  400,
  (reason: string) => `SAML metadata could not be fetched from metadata_url: ${reason}`,
)
export const SamlIdpExists = failure(
  'saml_idp_already_exists',
  422,
  () => 'A SAML identity provider with this entityID exists already',
)
export const SsoDomainExists = failure(
  'sso_domain_already_exists',
  400,
  (domain: string) => `The domain ${domain} is assigned to another SSO provider`,
)
export const SsoResourceExists = failure('conflict', 422, () => 'Another SSO provider has this resource_id')
export const EntityIdMismatch = failure(
  'saml_entity_id_mismatch',
  400,
  () => 'The metadata has another entityID than the provider: make a new one for it',
)
export const SsoManaged = failure(
  'user_sso_managed',
  422,
  () => 'Email, phone, password, identities and passkeys of an SSO account are managed by its provider',
)

export const SamlNotSetUp = problem('saml-not-set-up', {
  status: 500,
  title: 'Single sign-on is not set up',
  detail: (what: string) => `Single sign-on by SAML is not set up: ${what}.`,
  hint: 'Mend `saml` in the auth settings of the project.',
})
