/** Documents of 1, 30 and 300 tables that look like those of an application: still valid, and not endless. */
import { Validator } from '@seriousme/openapi-schema-validator'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { startPostgres, type TestPostgres } from '../../harness/postgres.ts'
import { startTestRuntime, type TestRuntime } from '../../harness/runtime.ts'
import { type Document, restOperationsOf } from './document.ts'

let pg: TestPostgres
let runtime: TestRuntime
beforeAll(async () => {
  pg = await startPostgres()
  runtime = await startTestRuntime(pg)
})
afterAll(async () => {
  await runtime?.stop()
  await pg?.stop()
})

/** Ten columns of the usual kinds each, with a key to the table before; every tenth has a function. */
const tableSql = (number: number) => `
create table entity_${number} (
  id bigint generated always as identity primary key,
  owner_id uuid not null,
  parent_id bigint ${number > 1 ? `references entity_${number - 1}` : ''},
  title varchar(200) not null,
  description text,
  amount numeric(12, 2) not null default 0,
  active boolean not null default true,
  details jsonb not null default '{}',
  labels text[] not null default '{}',
  created_at timestamptz not null default now()
);
${number % 10 === 0 ? `create function count_${number}(after int default 0) returns bigint stable language sql as 'select count(*) from entity_${number} where id > after';` : ''}`

/** What a document may take, with room for a busy machine: the figures are in docs/figures.md. */
const BYTES_MAX = 6_000_000

test.each([1, 30, 300])('of %i tables', async (tables) => {
  const owner = pg.as('postgres')
  const [{ n = 0 } = {}] = await owner<{ n: number }[]>`
    select count(*)::int as n from pg_class where relkind = 'r' and relname like 'entity_%'`
  const missing = Array.from({ length: tables - n }, (_, at) => tableSql(n + at + 1))
  await owner.unsafe(missing.join('\n')).simple()
  const headers = { apikey: runtime.keys.service }
  for (const path of ['/openapi.json', '/openapi-3.1.json']) {
    const text = await vi.waitFor(
      async () => {
        const found = await (await fetch(`${runtime.url}${path}`, { headers })).text()
        expect(found).toContain(`"/rest/v1/entity_${tables}"`)
        return found
      },
      { timeout: 30_000, interval: 100 },
    )
    const document = JSON.parse(text) as Document
    expect(restOperationsOf(document)).toHaveLength(tables * 4 + Math.floor(tables / 10))
    expect(text.length).toBeLessThan(BYTES_MAX)
    const { errors } = await new Validator().validate(document)
    expect(errors).toBeUndefined()
  }
})
