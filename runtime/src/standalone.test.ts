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
      'openapi-mode': 'disabled',
      'server-timing-enabled': true,
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
      openapiMode: 'disabled',
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
    ['a misspelt setting', { 'db-schema': 'test' }, 'db-schema: no such setting; did you mean db-schemas?'],
    ['underscores for dashes', { db_anon_role: 'x' }, 'did you mean db-anon-role?'],
    ['a setting of another world', { 'totally-unrelated': 1 }, 'totally-unrelated: no such setting'],
    ['a way to end that is none', { 'db-tx-end': 'maybe' }, 'db-tx-end: '],
    ['a number that is none', { 'db-max-rows': 'many' }, 'db-max-rows: expected a whole number'],
    ['no rows at all', { 'db-max-rows': 0 }, 'db-max-rows: '],
    ['a flag that is none', { 'db-plan-enabled': 'yes' }, 'db-plan-enabled: expected true or false'],
    ['a short secret', { 'jwt-secret': 'short' }, 'jwt-secret: at least 32 characters'],
    ['an asymmetric key', { 'jwt-secret': '{"kty":"RSA","n":"x","e":"AQAB"}' }, 'only one symmetric key'],
    ['bytes that are no text', { 'jwt-secret': '/////w==', 'jwt-secret-is-base64': true }, 'no UTF-8'],
    ['a role path nobody can walk', { 'jwt-role-claim-key': 'role' }, 'jwt-role-claim-key: '],
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

  test.each([
    ['base64', { 'jwt-secret': Buffer.from(SECRET).toString('base64'), 'jwt-secret-is-base64': true }],
    ['a JWK', { 'jwt-secret': { kty: 'oct', k: Buffer.from(SECRET).toString('base64url') } }],
    [
      'a set of one JWK',
      { 'jwt-secret': { keys: [{ kty: 'oct', k: Buffer.from(SECRET).toString('base64url') }] } },
    ],
  ])('reads a secret as %s', (_sentence, settings) => {
    expect(parse(settings).jwtSecret).toBe(SECRET)
  })

  test('says which settings do nothing here', () => {
    expect(parse({ 'db-channel-enabled': true }).ignored).toEqual(['db-channel-enabled'])
  })

  test('takes PostgREST special hosts and a socket', () => {
    expect(parse({ 'server-host': '!4' }).listen).toEqual({ host: '0.0.0.0', port: 3000 })
    expect(parse({ 'server-unix-socket': '/tmp/x.sock' }).listen).toEqual({ socket: '/tmp/x.sock' })
  })
})
