/** What `rest/plan/lines.ts` takes for granted, asked of Postgres: how `json_agg` writes rows of each type. */
import { ON_ONE_LINE } from '@cascata/runtime/rest/plan/lines'
import type { Sql } from 'postgres'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startPostgres, type TestPostgres } from '../../harness/postgres.ts'

let pg: TestPostgres
let owner: Sql

beforeAll(async () => {
  pg = await startPostgres()
  owner = pg.as('postgres')
})
afterAll(() => pg.stop())

/** The nastiest of each: what could hold a line feed does. */
const VALUES: Record<string, string> = {
  bigint: '9007199254740993',
  boolean: 'true',
  bytea: '\n\r\n',
  'character varying': 'a\nb\r\n"c"\u2028',
  character: '\n',
  date: '0044-03-15 BC',
  'double precision': 'NaN',
  inet: '::1/64',
  integer: '-1',
  jsonb: '{"a\\n": [1,\n\n2, "\\n"],\n "b": {}}',
  numeric: 'Infinity',
  real: '-Infinity',
  smallint: '0',
  text: '\n',
  'time without time zone': '24:00:00',
  'timestamp with time zone': 'infinity',
  'timestamp without time zone': '0001-01-01 BC',
  uuid: '00000000-0000-0000-0000-000000000000',
}

test.each([...ON_ONE_LINE])('%s: one line for each row, also in an array', async (type) => {
  const value = VALUES[type]
  if (value === undefined) throw new Error(`no value of type ${type}`)
  for (const rows of [1, 2, 5]) {
    const [found] = await owner.unsafe(
      `select json_agg(r.*)::text as body from (
         select null::${type} as none, v, array[v, null, v] as list, array[[v],[v]] as deep
         from (select $1::text::${type} as v from generate_series(1, ${rows})) t) r`,
      [value],
    )
    expect(found?.body.split('\n')).toHaveLength(rows)
  }
})

test('JSON that keeps its blanks does not hold to it', async () => {
  const [found] = await owner.unsafe(
    `select json_agg(r.*)::text as body from (select '[1,\n2]'::json as v) r`,
  )
  expect(found?.body.split('\n')).toHaveLength(2)
  expect(ON_ONE_LINE).not.toContain('json')
})
