/** The columns that `pg_dump` of a Supabase project names in its COPY lines (generated ones are not among them). */
const dates = 'created_at updated_at'

export const AUTH_COLUMNS: Record<string, string> = {
  audit_log_entries: 'instance_id id payload created_at ip_address',
  custom_oauth_providers: `id provider_type identifier name client_id client_secret acceptable_client_ids scopes
    pkce_enabled attribute_mapping authorization_params enabled email_optional issuer discovery_url skip_nonce_check
    cached_discovery discovery_cached_at authorization_url token_url userinfo_url jwks_uri ${dates}
    custom_claims_allowlist`,
  flow_state: `id user_id auth_code code_challenge_method code_challenge provider_type provider_access_token
    provider_refresh_token ${dates} authentication_method auth_code_issued_at invite_token referrer
    oauth_client_state_id linking_target_id email_optional`,
  identities: `provider_id user_id identity_data provider last_sign_in_at ${dates} id`,
  instances: `id uuid raw_base_config ${dates}`,
  mfa_amr_claims: `session_id ${dates} authentication_method id`,
  mfa_challenges: 'id factor_id created_at verified_at ip_address otp_code web_authn_session_data',
  mfa_factors: `id user_id friendly_name factor_type status ${dates} secret phone last_challenged_at
    web_authn_credential web_authn_aaguid last_webauthn_challenge_data`,
  oauth_authorizations: `id authorization_id client_id user_id redirect_uri scope state resource code_challenge
    code_challenge_method response_type status authorization_code created_at expires_at approved_at nonce`,
  oauth_client_states: 'id provider_type code_verifier created_at',
  oauth_clients: `id client_secret_hash registration_type redirect_uris grant_types client_name client_uri logo_uri
    ${dates} deleted_at client_type token_endpoint_auth_method`,
  oauth_consents: 'id user_id client_id scopes granted_at revoked_at',
  one_time_tokens: `id user_id token_type token_hash relates_to ${dates}`,
  refresh_tokens: `instance_id id token user_id revoked ${dates} parent session_id`,
  saml_providers: `id sso_provider_id entity_id metadata_xml metadata_url attribute_mapping ${dates} name_id_format`,
  saml_relay_states: `id sso_provider_id request_id for_email redirect_to ${dates} flow_state_id`,
  schema_migrations: 'version',
  sessions: `id user_id ${dates} factor_id aal not_after refreshed_at user_agent ip tag oauth_client_id
    refresh_token_hmac_key refresh_token_counter scopes`,
  sso_domains: `id sso_provider_id domain ${dates}`,
  sso_providers: `id resource_id ${dates} disabled`,
  users: `instance_id id aud role email encrypted_password email_confirmed_at invited_at confirmation_token
    confirmation_sent_at recovery_token recovery_sent_at email_change_token_new email_change email_change_sent_at
    last_sign_in_at raw_app_meta_data raw_user_meta_data is_super_admin ${dates} phone phone_confirmed_at
    phone_change phone_change_token phone_change_sent_at email_change_token_current email_change_confirm_status
    banned_until reauthentication_token reauthentication_sent_at is_sso_user deleted_at is_anonymous`,
  webauthn_challenges: 'id user_id challenge_type session_data created_at expires_at',
  webauthn_credentials: `id user_id credential_id public_key attestation_type aaguid sign_count transports
    backup_eligible backed_up friendly_name ${dates} last_used_at`,
}
