import { RestSettings } from '@cascata/shared/project-document'
import { expect, test } from 'vitest'
import { overrideSettings } from './database-settings.ts'

const own = RestSettings.parse({ maxRows: 10 })

test.each([
  ['a list of schemas, quoted or not', { db_schemas: 'api, "Odd"' }, { schemas: ['api', 'Odd'] }],
  ['a number', { db_max_rows: '7' }, { maxRows: 7 }],
  ['a number taken away', { db_max_rows: '' }, { maxRows: null }],
  ['a flag', { db_aggregates_enabled: 'true' }, { aggregates: true }],
  ['a number that is none', { db_max_rows: 'many' }, {}],
  ['no schemas at all', { db_schemas: ' ' }, {}],
  ['a role to be without a token', { db_anon_role: 'web' }, { anonRole: 'web' }],
  ['nobody without a token', { db_anon_role: '' }, { anonRole: null }],
  ['a path to the role', { jwt_role_claim_key: '.app.role' }, { roleClaimKey: '.app.role' }],
  ['a path that is none', { jwt_role_claim_key: 'role' }, {}],
  ['what descriptions say of tokens', { openapi_security_active: 'on' }, { openapiSecurityActive: true }],
  [
    'where descriptions say we are',
    { openapi_server_proxy_uri: 'https://api.example/rest' },
    { openapiServerProxyUri: 'https://api.example/rest' },
  ],
  ['a place that is none', { openapi_server_proxy_uri: 'api.example' }, {}],
  ['a name that is for others, or for nobody', { jwt_secret: 'x', colour: 'red' }, {}],
])('the database says: %s', (_sentence, found, changed) => {
  expect(overrideSettings(own, found)).toEqual({ ...own, ...changed })
})

test('settings nobody overrides are the same object: what was planned under them stays', () => {
  expect(overrideSettings(own, {})).toBe(own)
})
