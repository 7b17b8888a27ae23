/** GoTrue's error codes (2.196), and those that no suite provokes, each with the reason. */

const NAMES = [
  ...(['unexpected_failure', 'validation_failed', 'bad_json', 'email_exists', 'phone_exists'] as const),
  ...(['bad_jwt', 'not_admin', 'no_authorization', 'user_not_found', 'session_not_found'] as const),
  ...(['session_expired', 'refresh_token_not_found', 'refresh_token_already_used'] as const),
  ...(['flow_state_not_found', 'flow_state_expired', 'flow_state_already_used'] as const),
  ...(['oauth_client_state_not_found', 'oauth_client_state_expired', 'oauth_invalid_state'] as const),
  ...(['signup_disabled', 'user_banned', 'provider_email_needs_verification', 'invite_not_found'] as const),
  ...(['bad_oauth_state', 'bad_oauth_callback', 'oauth_provider_not_supported'] as const),
  ...(['unexpected_audience', 'single_identity_not_deletable'] as const),
  ...(['email_conflict_identity_not_deletable', 'identity_already_exists'] as const),
  ...(['email_provider_disabled', 'phone_provider_disabled', 'too_many_enrolled_mfa_factors'] as const),
  ...(['mfa_factor_name_conflict', 'mfa_factor_not_found', 'mfa_ip_address_mismatch'] as const),
  ...(['mfa_challenge_expired', 'mfa_verification_failed', 'mfa_verification_rejected'] as const),
  ...(['insufficient_aal', 'captcha_failed', 'saml_provider_disabled', 'manual_linking_disabled'] as const),
  ...(['sms_send_failed', 'email_not_confirmed', 'phone_not_confirmed'] as const),
  ...(['saml_relay_state_not_found', 'saml_relay_state_expired', 'saml_idp_not_found'] as const),
  ...(['saml_assertion_no_user_id', 'saml_assertion_no_email', 'user_already_exists'] as const),
  ...(['sso_provider_not_found', 'sso_provider_disabled', 'saml_metadata_fetch_failed'] as const),
  ...(['saml_idp_already_exists', 'sso_domain_already_exists', 'saml_entity_id_mismatch'] as const),
  ...(['conflict', 'provider_disabled', 'user_sso_managed', 'reauthentication_needed'] as const),
  ...(['same_password', 'reauthentication_not_valid', 'current_password_invalid'] as const),
  ...(['current_password_required', 'otp_expired', 'otp_disabled', 'identity_not_found'] as const),
  ...(['weak_password', 'over_request_rate_limit', 'over_email_send_rate_limit'] as const),
  ...(['over_sms_send_rate_limit', 'bad_code_verifier', 'anonymous_provider_disabled'] as const),
  ...(['hook_timeout', 'hook_timeout_after_retry', 'hook_payload_over_size_limit'] as const),
  ...(['hook_payload_invalid_content_type', 'request_timeout', 'mfa_phone_enroll_not_enabled'] as const),
  ...(['mfa_phone_verify_not_enabled', 'mfa_totp_enroll_not_enabled'] as const),
  ...(['mfa_totp_verify_not_enabled', 'mfa_webauthn_enroll_not_enabled'] as const),
  ...(['mfa_webauthn_verify_not_enabled', 'mfa_verified_factor_exists', 'invalid_credentials'] as const),
  ...(['email_address_not_authorized', 'email_address_invalid', 'web3_provider_disabled'] as const),
  ...(['web3_unsupported_chain', 'oauth_dynamic_client_registration_disabled'] as const),
  ...(['email_address_not_provided', 'feature_disabled', 'oauth_client_not_found'] as const),
  ...(['oauth_authorization_not_found', 'oauth_consent_not_found', 'request_entity_too_large'] as const),
  ...(['custom_provider_not_found', 'over_custom_provider_quota', 'passkey_disabled'] as const),
  ...(['too_many_passkeys', 'webauthn_credential_not_found', 'webauthn_challenge_not_found'] as const),
  ...(['webauthn_challenge_expired', 'webauthn_verification_failed', 'webauthn_credential_exists'] as const),
  ...(['unknown'] as const),
]
export type Code = (typeof NAMES)[number]
export const CODES: readonly Code[] = NAMES

const because = <Name extends Code>(reason: string, ...names: Name[]) =>
  Object.fromEntries(names.map((name) => [name, reason])) as Record<Name, string>

/** What no request is answered with. */
export const NOT_GIVEN: Partial<Record<Code, string>> = {
  ...because(
    'a code is taken from the table with its first use: flow_state_not_found',
    'flow_state_already_used',
  ),
  ...because(
    "of GoTrue's table of states; here a state is a flow: bad_oauth_state",
    'oauth_client_state_not_found',
    'oauth_client_state_expired',
    'oauth_invalid_state',
  ),
  ...because('an invitation is a link like any other: otp_expired', 'invite_not_found'),
  ...because(
    "a provider that is not set up is validation_failed, as GoTrue's /authorize has it",
    'oauth_provider_not_supported',
  ),
  ...because(
    'of the header X-JWT-AUD, which nobody sends: one project has one audience',
    'unexpected_audience',
  ),
  ...because(
    'there is no such limit beside those of mails, hooks and providers, which have codes of their own',
    'request_timeout',
  ),
  ...because("of Supabase's own mail server", 'email_address_not_authorized'),
  ...because('the edge answers first: body-too-large', 'request_entity_too_large'),
  ...because('of auth-js itself, for an answer that is no JSON', 'unknown'),
}
