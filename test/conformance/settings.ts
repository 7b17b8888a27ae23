/** What PostgREST's own tests call a configuration, as the settings a user would write. */
import type { Case, Settings } from './case.ts'

/** The configuration that every case starts from. */
const BASE: Settings = {
  'db-schemas': 'test',
  'db-extra-search-path': 'public,test',
  'db-anon-role': 'postgrest_test_anonymous',
  'db-pre-request': 'test.switch_role',
  'db-tx-end': 'rollback-allow-override',
  'jwt-secret': 'reallyreallyreallyreallyverysafe',
  'app.settings.app_host': 'localhost',
  'app.settings.external_api_secret': '0123456789abcdef',
  'openapi-mode': 'follow-privileges',
  'server-timing-enabled': true,
  'server-host': '127.0.0.1',
}

const NAMES: Readonly<Record<string, string>> = {
  configClientErrorVerbosity: 'client-error-verbosity',
  configDbAggregates: 'db-aggregates-enabled',
  configDbAnonRole: 'db-anon-role',
  configDbExtraSearchPath: 'db-extra-search-path',
  configDbMaxRows: 'db-max-rows',
  configDbPlanEnabled: 'db-plan-enabled',
  configDbPreRequest: 'db-pre-request',
  configDbRootSpec: 'db-root-spec',
  configDbSchemas: 'db-schemas',
  configJwtAudience: 'jwt-aud',
  configJwtRoleClaimKey: 'jwt-role-claim-key',
  configOpenApiSecurityActive: 'openapi-security-active',
  configOpenApiServerProxyUri: 'openapi-server-proxy-uri',
  configServerCorsAllowedOrigins: 'server-cors-allowed-origins',
  configServerTimingEnabled: 'server-timing-enabled',
  configServerTraceHeader: 'server-trace-header',
}

const OPENAPI_MODES: Readonly<Record<string, string>> = {
  OAFollowPriv: 'follow-privileges',
  OAIgnorePriv: 'ignore-privileges',
  OADisabled: 'disabled',
}

export function settingsOf(config: Case['config']): Settings {
  const settings: Settings = { ...BASE, ...txEnd(config), ...secret(config) }
  for (const [key, value] of Object.entries(config)) {
    const name = NAMES[key]
    if (name !== undefined) settings[name] = value
    else if (key === 'configOpenApiMode') settings['openapi-mode'] = OPENAPI_MODES[String(value)]
    else if (!READ_APART.has(key)) throw new Error(`${key}: no setting is known for it`)
  }
  return settings
}

const READ_APART = new Set([
  'configDbTxAllowOverride',
  'configDbTxRollbackAll',
  'configJwtSecret',
  'configJwtSecretIsBase64',
  // The same secret once more, already read.
  'configJWKS',
])

function txEnd(config: Case['config']): Settings {
  const rollback = config.configDbTxRollbackAll ?? true
  const override = config.configDbTxAllowOverride ?? true
  return { 'db-tx-end': `${rollback ? 'rollback' : 'commit'}${override ? '-allow-override' : ''}` }
}

/** Bytes come as `{base64}`; a key set as its JSON text. */
function secret({ configJwtSecret: value }: Case['config']): Settings {
  if (value === undefined) return {}
  if (typeof value !== 'object' || value === null) return { 'jwt-secret': value }
  const { base64 } = value as { base64?: string }
  return { 'jwt-secret': base64, 'jwt-secret-is-base64': true }
}
