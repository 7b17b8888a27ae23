import { RestSettings } from '@cascata/shared/project-document'
import { expect, test } from 'vitest'
import { overrideSettings } from './database-settings.ts'

const own = RestSettings.parse({ maxRows: 10 })

test.each([
  ['a list of schemas, quoted or not', { 'pgrst.db_schemas': 'api, "Odd"' }, { schemas: ['api', 'Odd'] }],
  ['a number', { 'pgrst.db_max_rows': '7' }, { maxRows: 7 }],
  ['a number taken away', { 'pgrst.db_max_rows': '' }, { maxRows: null }],
  ['a flag', { 'pgrst.db_aggregates_enabled': 'true' }, { aggregates: true }],
  ['a number that is none', { 'pgrst.db_max_rows': 'many' }, {}],
  ['no schemas at all', { 'pgrst.db_schemas': ' ' }, {}],
  ['a name nobody knows', { 'pgrst.jwt_secret': 'x', 'pgrst.colour': 'red' }, {}],
])('the database says: %s', (_sentence, found, changed) => {
  expect(overrideSettings(own, found)).toEqual({ ...own, ...changed })
})

test('settings nobody overrides are the same object: what was planned under them stays', () => {
  expect(overrideSettings(own, {})).toBe(own)
})
