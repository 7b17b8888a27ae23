/**
 * A runtime by itself, against any Postgres: a JSON file with PostgREST's setting names becomes the project
 * document that control would have written. A name nobody knows is an error, never silence.
 */
import { ProjectDocument } from '@cascata/shared/project-document'
import type { LogLevel } from './gate/logger.ts'
import type { Endpoint } from './http/door.ts'
import { parseRolePath } from './session/role-path.ts'
import type { SigningSecret } from './session/signing-keys.ts'
import { readConnection } from './standalone/connection.ts'
import { nearest } from './standalone/nearest.ts'
import { readSecret } from './standalone/secret.ts'
import { ConfigInvalid, readers } from './standalone/values.ts'

export type Standalone = {
  document: ProjectDocument
  /** null: started without `jwt-secret`; each token is then refused. */
  jwtSecret: SigningSecret
  listen: Endpoint
  logLevel: LogLevel
  /** Settings that were understood and have no effect here. */
  ignored: string[]
}

type Mapping = { to: readonly [string, string]; as: keyof typeof readers }

/** PostgREST's name -> place in the document. */
const MAPPED: Readonly<Record<string, Mapping>> = {
  'client-error-verbosity': { to: ['rest', 'errorVerbosity'], as: 'text' },
  'db-channel': { to: ['rest', 'channel'], as: 'text' },
  'db-config': { to: ['rest', 'databaseSettings'], as: 'flag' },
  'db-hoisted-tx-settings': { to: ['rest', 'hoistedSettings'], as: 'list' },
  'db-pre-config': { to: ['rest', 'preConfig'], as: 'text' },
  'db-schemas': { to: ['rest', 'schemas'], as: 'list' },
  'db-extra-search-path': { to: ['rest', 'extraSearchPath'], as: 'list' },
  'db-anon-role': { to: ['rest', 'anonRole'], as: 'text' },
  'db-max-rows': { to: ['rest', 'maxRows'], as: 'count' },
  'db-pre-request': { to: ['rest', 'preRequest'], as: 'text' },
  'db-tx-end': { to: ['rest', 'txEnd'], as: 'text' },
  'db-aggregates-enabled': { to: ['rest', 'aggregates'], as: 'flag' },
  'db-plan-enabled': { to: ['rest', 'plan'], as: 'flag' },
  'db-pool': { to: ['database', 'poolSize'], as: 'count' },
  'jwt-aud': { to: ['rest', 'jwtAudience'], as: 'text' },
  'jwt-role-claim-key': { to: ['rest', 'roleClaimKey'], as: 'text' },
  'db-root-spec': { to: ['rest', 'rootSpec'], as: 'text' },
  'openapi-mode': { to: ['rest', 'openapiMode'], as: 'text' },
  'openapi-security-active': { to: ['rest', 'openapiSecurityActive'], as: 'flag' },
  'openapi-server-proxy-uri': { to: ['rest', 'openapiServerProxyUri'], as: 'text' },
  'server-cors-allowed-origins': { to: ['rest', 'corsAllowedOrigins'], as: 'list' },
  'server-trace-header': { to: ['rest', 'traceHeader'], as: 'text' },
  'server-timing-enabled': { to: ['rest', 'serverTiming'], as: 'flag' },
  // Ours: PostgREST bounds none of these.
  'limit-body-bytes': { to: ['limits', 'bodyBytesMax'], as: 'count' },
  'limit-url-bytes': { to: ['limits', 'urlBytesMax'], as: 'count' },
  'limit-statement-timeout-ms': { to: ['limits', 'statementTimeoutMs'], as: 'count' },
  'limit-embed-depth': { to: ['limits', 'embedDepthMax'], as: 'count' },
  'limit-embeds': { to: ['limits', 'embedsMax'], as: 'count' },
  'limit-plan-cost': { to: ['limits', 'planCostMax'], as: 'count' },
}

const READ_APART = [
  'db-channel-enabled',
  'db-uri',
  'jwt-secret',
  'jwt-secret-is-base64',
  'log-level',
  'server-host',
  'server-port',
  'server-unix-socket',
]

/** They steer machinery that works otherwise here, and change no answer. */
const WITHOUT_EFFECT = [
  'admin-server-host',
  'admin-server-port',
  'db-pool-acquisition-timeout',
  'db-pool-automatic-recovery',
  'db-pool-max-idletime',
  'db-pool-max-lifetime',
  'db-prepared-statements',
  'jwt-cache-max-entries',
  'jwt-cache-max-lifetime',
  'server-unix-socket-mode',
]

/** Names of earlier versions, which PostgREST still takes. */
const FORMER: Readonly<Record<string, string>> = {
  'db-pool-timeout': 'db-pool-max-idletime',
  'db-schema': 'db-schemas',
  'max-rows': 'db-max-rows',
  'pre-request': 'db-pre-request',
  'role-claim-key': 'jwt-role-claim-key',
  'root-spec': 'db-root-spec',
  'secret-is-base64': 'jwt-secret-is-base64',
  'server-proxy-uri': 'openapi-server-proxy-uri',
}

const APP_SETTINGS = 'app.settings.'
const KNOWN = [...Object.keys(MAPPED), ...READ_APART, ...WITHOUT_EFFECT]
const LEVELS: Readonly<Record<string, LogLevel>> = {
  crit: 'fatal',
  error: 'error',
  warn: 'warn',
  info: 'info',
  debug: 'debug',
}

/**
 * @param readText reads a file that a value names as `@file`.
 * @throws ConfigInvalid, with every wrong setting named.
 */
export function parseStandalone(text: string, readText: (file: string) => string = noFiles): Standalone {
  const settings = withFiles(parseObject(text), readText)
  refuseUnknown(Object.keys(settings))
  const { text: read, count } = readers
  const host = read('server-host', settings['server-host'] ?? '127.0.0.1') ?? '127.0.0.1'
  const port = count('server-port', settings['server-port'] ?? 3000) ?? 3000
  const socket = read('server-unix-socket', settings['server-unix-socket'])
  const jwtSecret = readSecret(settings['jwt-secret'], settings['jwt-secret-is-base64'])
  const level = read('log-level', settings['log-level']) ?? 'error'
  const logLevel = LEVELS[level]
  if (!logLevel) throw new ConfigInvalid(`log-level: one of ${Object.keys(LEVELS).join(', ')}`)

  return {
    document: toDocument(settings, {
      jwtSecret,
      url: `http://${host.includes(':') ? `[${host}]` : host}:${port}`,
    }),
    jwtSecret,
    listen: socket === null ? { host: HOSTS[host] ?? host, port } : { socket },
    logLevel,
    ignored: Object.keys(settings).filter((key) => WITHOUT_EFFECT.includes(key)),
  }
}

function noFiles(file: string): string {
  throw new ConfigInvalid(`@${file}: files cannot be read here`)
}

/** Secrets may lie in files of their own: `@./secret` stands for what is in one. */
const MAY_BE_FILES: readonly string[] = ['db-uri', 'jwt-secret']

function withFiles(given: Record<string, unknown>, readText: (file: string) => string) {
  const named = Object.entries(given).map(([key, value]): [string, unknown] => [FORMER[key] ?? key, value])
  return Object.fromEntries(
    named.map(([key, value]) =>
      MAY_BE_FILES.includes(key) && typeof value === 'string' && value.startsWith('@')
        ? [key, readText(value.slice(1)).trim()]
        : [key, value],
    ),
  )
}

/** PostgREST's special values of `server-host`. */
const HOSTS: Readonly<Record<string, string>> = {
  '*': '::',
  '*4': '0.0.0.0',
  '!4': '0.0.0.0',
  '*6': '::',
  '!6': '::',
}

function parseObject(text: string): Record<string, unknown> {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    throw new ConfigInvalid('the file is not JSON')
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new ConfigInvalid('the file must hold one JSON object')
  return value as Record<string, unknown>
}

function refuseUnknown(keys: readonly string[]): void {
  const unknown = keys.filter((key) => !KNOWN.includes(key) && !key.startsWith(APP_SETTINGS))
  if (unknown.length === 0) return
  const lines = unknown.map((key) => {
    const close = nearest(key, KNOWN)
    return `${key}: no such setting${close ? `; did you mean ${close}?` : ''}`
  })
  throw new ConfigInvalid(lines.join('\n'))
}

function toDocument(
  settings: Record<string, unknown>,
  { jwtSecret, url }: { jwtSecret: SigningSecret; url: string },
): ProjectDocument {
  const sections: Record<string, Record<string, unknown>> = {
    database: { ...readConnection(readers.text('db-uri', settings['db-uri'])) },
    // Without `db-anon-role` nobody is anonymous: PostgREST's default, not a project's.
    rest: { anonRole: null, extraSearchPath: ['public'], appSettings: {}, trustForwarded: true },
    limits: {},
  }
  for (const [key, { to, as }] of Object.entries(MAPPED)) {
    const value = readers[as](key, settings[key])
    const section = sections[to[0]]
    if (value !== null && section) section[to[1]] = value
  }
  if (readers.flag('db-channel-enabled', settings['db-channel-enabled']) === false && sections.rest)
    sections.rest.channel = null
  const appSettings = Object.entries(settings).filter(([key]) => key.startsWith(APP_SETTINGS))
  const named = appSettings.map(([key, value]) => [key, readers.text(key, value) ?? ''])
  const parsed = ProjectDocument.safeParse({
    version: 1,
    ref: 'standalone',
    generation: 0,
    url,
    // The document must hold a secret; without one of the caller's no token is ever checked against it.
    jwtSecret: typeof jwtSecret === 'string' ? jwtSecret : crypto.randomUUID(),
    keys: { anon: '', serviceRole: '' },
    ...sections,
    rest: { ...sections.rest, appSettings: Object.fromEntries(named) },
  })
  if (parsed.success) {
    if (parseRolePath(parsed.data.rest.roleClaimKey)) return parsed.data
    throw new ConfigInvalid('jwt-role-claim-key: no path such as .role, .app."my-role" or .roles[0]')
  }
  const lines = parsed.error.issues.map(({ path, message }) => `${settingOf(path)}: ${message}`)
  throw new ConfigInvalid(lines.join('\n'))
}

/** The setting that filled this place of the document. */
function settingOf(path: readonly PropertyKey[]): string {
  const place = path.slice(0, 2).join('.')
  const found = Object.entries(MAPPED).find(([, { to }]) => to.join('.') === place)
  if (found) return found[0]
  return path[0] === 'database' ? 'db-uri' : path[0] === 'jwtSecret' ? 'jwt-secret' : path.join('.')
}
