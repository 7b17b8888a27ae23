import { createRest, type Rest } from '@cascata/runtime/rest/routes'
import type { Database } from '@cascata/runtime/session/database'
import { createSession } from '@cascata/runtime/session/session'
import { openDatabase } from '@cascata/runtime/wire/open'
import { RestSettings } from '@cascata/shared/project-document'
import type { Sql } from 'postgres'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { startPostgres, type TestPostgres } from '../../harness/postgres.ts'

const settings = RestSettings.parse({})
const session = createSession({ role: 'service_role', claims: {}, anonRole: 'anon' })

let pg: TestPostgres
let owner: Sql
let database: Database
let rest: Rest

beforeAll(async () => {
  pg = await startPostgres()
  owner = pg.as('postgres')
  const login = { user: 'authenticator', password: pg.passwords.authenticator }
  database = openDatabase({ host: pg.socketDir, port: 5432, database: 'postgres', ...login })
  rest = createRest({ database, settings: () => settings })
})

afterAll(async () => {
  await rest.close()
  await database.close()
  await pg.stop()
})

async function get(url: string): Promise<{ status: number; body: string }> {
  const [path = '', query = ''] = url.split('?')
  const input = { method: 'GET', path, query, headers: {}, body: null }
  const { status, body } = await rest.handle(input, session, new AbortController().signal)
  return { status, body: body?.toString() ?? '' }
}

const eventually = (assertion: () => Promise<void>) =>
  vi.waitFor(assertion, { timeout: 10_000, interval: 50 })

describe('the schema is read anew', () => {
  test('when it changed, without a restart', async () => {
    await eventually(async () => expect((await get('/fresh')).status).toBe(404))
    await owner`create table fresh (id int primary key, note text)`
    await owner`insert into fresh values (1, 'a')`
    await owner`notify pgrst, 'reload schema'`
    await eventually(async () => expect((await get('/fresh')).body).toBe('[{"id":1,"note":"a"}]'))
  })

  test('and statements prepared before a change answer after it', async () => {
    await owner`alter table fresh add column more int default 7`
    await owner`notify pgrst`
    await eventually(async () => expect((await get('/fresh')).body).toBe('[{"id":1,"note":"a","more":7}]'))
  })

  test('and what is gone is gone', async () => {
    await owner`drop table fresh`
    await owner`notify pgrst`
    await eventually(async () =>
      expect(await get('/fresh')).toMatchObject({ status: 404, body: expect.stringContaining('PGRST205') }),
    )
  })
})

test('settings in the database go before the project, and leave with it', async () => {
  await owner`create table many as select n from generate_series(1, 5) n`
  await pg.admin()`alter role authenticator set pgrst.db_max_rows = '2'`
  await owner`notify pgrst, 'reload config'`
  await eventually(async () => expect((await get('/many?order=n')).body).toBe('[{"n":1}, \n {"n":2}]'))
  await pg.admin()`alter role authenticator reset pgrst.db_max_rows`
  await owner`notify pgrst, 'reload config'`
  await eventually(async () => expect(JSON.parse((await get('/many?order=n')).body)).toHaveLength(5))
})
