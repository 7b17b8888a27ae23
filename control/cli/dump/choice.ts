/** Which entries of a Supabase project's dump belong into a project here. Pure. */
import type { Entry } from './reader.ts'

/** What Supabase keeps for itself: a project here has its own of it, or none. */
const MANAGED = new Set([
  ...['_analytics', '_realtime', '_supavisor', 'auth', 'cron', 'extensions', 'graphql', 'graphql_public'],
  ...['information_schema', 'net', 'pgbouncer', 'pgmq', 'pgsodium', 'pgsodium_masks', 'pgtle', 'realtime'],
  ...['repack', 'storage', 'supabase_functions', 'supabase_migrations', 'tiger', 'tiger_data', 'topology'],
  'vault',
])

/** Tables of `auth` that are here, too. Which migrations GoTrue had is its own affair. */
const AUTH_TABLES = new Set([
  ...['audit_log_entries', 'custom_oauth_providers', 'flow_state', 'identities', 'instances'],
  ...['mfa_amr_claims', 'mfa_challenges', 'mfa_factors', 'oauth_authorizations', 'oauth_client_states'],
  ...['oauth_clients', 'oauth_consents', 'one_time_tokens', 'refresh_tokens', 'saml_providers'],
  ...['saml_relay_states', 'sessions', 'sso_domains', 'sso_providers', 'users', 'webauthn_challenges'],
  'webauthn_credentials',
])

/** Of the whole database, or of a role that is no tenant's to speak for. */
const NEVER = new Set([
  ...[
    'DEFAULT ACL',
    'EVENT TRIGGER',
    'EXTENSION',
    'FOREIGN DATA WRAPPER',
    'PUBLICATION',
    'PUBLICATION TABLE',
  ],
  ...['PUBLICATION TABLES IN SCHEMA', 'SECURITY LABEL', 'SERVER', 'SUBSCRIPTION', 'USER MAPPING'],
])

const isOwn = (schema: string): boolean => !MANAGED.has(schema) && !schema.startsWith('pg_')

export function isWanted({ name, type, schema }: Entry): boolean {
  if (NEVER.has(type)) return false
  if (schema === 'auth') return isWantedOfAuth(name, type)
  if (schema !== '-') return isOwn(schema)
  // Entries of a schema itself; `public` is here.
  const named = type === 'SCHEMA' ? name : /^SCHEMA (.*)$/.exec(name)?.[1]
  return named !== undefined && named !== 'public' && isOwn(named)
}

/** Rows, and triggers, which are the tenant's: GoTrue has none. */
function isWantedOfAuth(name: string, type: string): boolean {
  if (type === 'TABLE DATA') return AUTH_TABLES.has(name)
  return type === 'TRIGGER' || (type === 'SEQUENCE SET' && name === 'refresh_tokens_id_seq')
}
