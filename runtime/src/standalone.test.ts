import { describe, expect, test } from 'vitest'
import { parseStandalone } from './standalone.ts'

const SECRET = 'reallyreallyreallyreallyverysafe'
const parse = (settings: object) =>
  parseStandalone(JSON.stringify({ 'db-uri': 'postgres://authenticator@/app', ...settings }))

describe('a standalone configuration', () => {
  test('says in PostgREST words what the document says', () => {
    const { document, jwtSecret, listen } = parse({
      'db-uri': 'postgres://Some_Role:p%40ss@db.example:6543/app',
      'db-schemas': 'test, other',
      'db-extra-search-path': ['public', 'extensions'],
      'db-anon-role': 'web_anon',
      'db-pre-request': 'test.switch_role',
      'db-tx-end': 'rollback-allow-override',
      'db-max-rows': '50',
      'db-pool': 8,
      'db-aggregates-enabled': true,
      'db-plan-enabled': 'true',
      'jwt-secret': SECRET,
      'jwt-aud': 'us',
      'jwt-role-claim-key': '.app."my-role"',
      'db-root-spec': 'test.root',
      'openapi-mode': 'disabled',
      'openapi-security-active': 'true',
      'openapi-server-proxy-uri': 'https://api.example/rest',
      'server-timing-enabled': true,
      'server-trace-header': 'X-Trace',
      'server-cors-allowed-origins': 'https://a.example, https://b.example',
      'client-error-verbosity': 'minimal',
      'db-hoisted-tx-settings': 'statement_timeout',
      'db-channel': 'reload',
      'db-config': false,
      'db-pre-config': 'api.settings',
      'server-port': 4000,
      'app.settings.app_host': 'localhost',
      'app.settings.answer': 42,
    })
    expect(document.database).toEqual({
      host: 'db.example',
      port: 6543,
      database: 'app',
      user: 'Some_Role',
      password: 'p@ss',
      poolSize: 8,
      spareConnections: 4,
    })
    expect(document.rest).toEqual({
      schemas: ['test', 'other'],
      extraSearchPath: ['public', 'extensions'],
      anonRole: 'web_anon',
      maxRows: 50,
      preRequest: 'test.switch_role',
      aggregates: true,
      plan: true,
      txEnd: 'rollback-allow-override',
      appSettings: { 'app.settings.app_host': 'localhost', 'app.settings.answer': '42' },
      jwtAudience: 'us',
      roleClaimKey: '.app."my-role"',
      serverTiming: true,
      rootSpec: 'test.root',
      openapiMode: 'disabled',
      openapiSecurityActive: true,
      openapiServerProxyUri: 'https://api.example/rest',
      trustForwarded: true,
      traceHeader: 'X-Trace',
      corsAllowedOrigins: ['https://a.example', 'https://b.example'],
      errorVerbosity: 'minimal',
      hoistedSettings: ['statement_timeout'],
      channel: 'reload',
      databaseSettings: false,
      preConfig: 'api.settings',
    })
    expect([jwtSecret, listen]).toEqual([SECRET, { host: '127.0.0.1', port: 4000 }])
  })

  test('bounds requests where it is told to, and as a project does where it is not', () => {
    const { document } = parse({
      'limit-statement-timeout-ms': 500,
      'limit-embed-depth': '3',
      'limit-embeds': 9,
      'limit-url-bytes': 4096,
      'limit-plan-cost': 1000,
    })
    expect(document.limits).toEqual({
      statementTimeoutMs: 500,
      embedDepthMax: 3,
      embedsMax: 9,
      urlBytesMax: 4096,
      bodyBytesMax: 10 * 1024 * 1024,
      planCostMax: 1000,
    })
    expect(() => parse({ 'limit-embed-depth': 0 })).toThrow('limit-embed-depth')
  })

  test('has PostgREST defaults where nothing is said: nobody is anonymous, no secret, port 3000', () => {
    const { document, jwtSecret, listen } = parse({})
    expect(document.rest).toMatchObject({
      anonRole: null,
      schemas: ['public'],
      maxRows: null,
      txEnd: 'commit',
    })
    expect([jwtSecret, listen]).toEqual([null, { host: '127.0.0.1', port: 3000 }])
  })

  test.each([
    ['a misspelt setting', { 'db-shemas': 'test' }, 'db-shemas: no such setting; did you mean db-schemas?'],
    ['underscores for dashes', { db_anon_role: 'x' }, 'did you mean db-anon-role?'],
    ['a setting of another world', { 'totally-unrelated': 1 }, 'totally-unrelated: no such setting'],
    ['a way to end that is none', { 'db-tx-end': 'maybe' }, 'db-tx-end: '],
    ['a number that is none', { 'db-max-rows': 'many' }, 'db-max-rows: expected a whole number'],
    ['no rows at all', { 'db-max-rows': 0 }, 'db-max-rows: '],
    ['a flag that is none', { 'db-plan-enabled': 'yes' }, 'db-plan-enabled: expected true or false'],
    ['a short secret', { 'jwt-secret': 'short' }, 'jwt-secret: at least 32 characters'],
    [
      'a key that checks no signature',
      { 'jwt-secret': '{"kty":"RSA","n":"x","e":"AQAB","use":"enc"}' },
      'no key here',
    ],
    ['short bytes', { 'jwt-secret': '/////w==', 'jwt-secret-is-base64': true }, 'at least 32 characters'],
    ['a role path nobody can walk', { 'jwt-role-claim-key': 'role' }, 'jwt-role-claim-key: '],
    ['a proxy of no web', { 'openapi-server-proxy-uri': 'ftp://api.example' }, 'openapi-server-proxy-uri: '],
    ['a proxy with a query', { 'openapi-server-proxy-uri': 'http://a/?b' }, 'openapi-server-proxy-uri: '],
    ['no database', { 'db-uri': '' }, 'db-uri: required'],
    ['a database without a user', { 'db-uri': 'postgres:///app' }, 'db-uri: names no user'],
    ['a level nobody knows', { 'log-level': 'loud' }, 'log-level: one of'],
  ])('refuses %s', (_sentence, settings, message) => {
    expect(() => parse(settings)).toThrow(message)
  })

  test('refuses what is no JSON object', () => {
    expect(() => parseStandalone('db-uri = "x"')).toThrow('not JSON')
    expect(() => parseStandalone('[]')).toThrow('one JSON object')
  })

  test.each([
    ['a socket directory in the query', 'postgres://u@/app?host=/run/pg&port=6000', '/run/pg', 6000, 'app'],
    ['a socket directory as an escaped host', 'postgresql://u@%2Frun%2Fpg/app', '/run/pg', 5432, 'app'],
    ['an IPv6 host', 'postgres://u@[::1]:6000/app', '::1', 6000, 'app'],
    ['key=value words', "host=/run/pg dbname='my app' user=u password='it\\'s'", '/run/pg', 5432, 'my app'],
    ['no database name: the user has one', 'postgres://u@h', 'h', 5432, 'u'],
  ])('reads %s', (_sentence, uri, host, port, database) => {
    expect(parse({ 'db-uri': uri }).document.database).toMatchObject({ host, port, database, user: 'u' })
  })

  test('reads a secret as base64, and hands a JWK on as it is', () => {
    const base64 = Buffer.from(SECRET).toString('base64')
    expect(parse({ 'jwt-secret': base64, 'jwt-secret-is-base64': true }).jwtSecret).toEqual(
      Buffer.from(SECRET),
    )
    const jwk = { kty: 'oct', k: Buffer.from(SECRET).toString('base64url') }
    expect(parse({ 'jwt-secret': jwk }).jwtSecret).toBe(JSON.stringify(jwk))
    expect(parse({ 'jwt-secret': { keys: [jwk] } }).jwtSecret).toBe(JSON.stringify({ keys: [jwk] }))
  })

  test('takes secrets from files, and names of earlier versions', () => {
    const files: Record<string, string> = { './secret': `${SECRET}\n`, './uri': 'postgres://u@/app' }
    const text = JSON.stringify({ 'db-uri': '@./uri', 'jwt-secret': '@./secret', 'max-rows': 3 })
    const { document, jwtSecret } = parseStandalone(text, (file) => files[file] ?? '')
    expect([document.database.database, document.rest.maxRows, jwtSecret]).toEqual(['app', 3, SECRET])
  })

  test('listens to no channel when told so', () => {
    expect(parse({ 'db-channel-enabled': false }).document.rest.channel).toBeNull()
    expect(parse({ 'db-channel-enabled': true }).document.rest.channel).toBe('pgrst')
  })

  test('says which settings do nothing here', () => {
    expect(parse({ 'admin-server-port': 3001 }).ignored).toEqual(['admin-server-port'])
  })

  test('takes PostgREST special hosts and a socket', () => {
    expect(parse({ 'server-host': '!4' }).listen).toEqual({ host: '0.0.0.0', port: 3000 })
    expect(parse({ 'server-unix-socket': '/tmp/x.sock' }).listen).toEqual({ socket: '/tmp/x.sock' })
  })
})
