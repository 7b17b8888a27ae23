/** A tenant's own clients take all the connections they can get: requests still find some. */
import { connectionSettings, FOR_RUNTIMES, FOR_TENANT } from '@cascata/control/engine/connections'
import type { Sql } from 'postgres'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startPostgres, type TestPostgres } from '../../harness/postgres.ts'

let pg: TestPostgres
beforeAll(async () => {
  const settings = Object.entries(connectionSettings).map(([name, value]) => `${name}=${value}`)
  pg = await startPostgres({ settings })
})
afterAll(() => pg.stop())

/** Opens one connection after the other until it is refused, or has enough. */
async function open(
  make: () => Sql,
  enough: number,
): Promise<{ opened: Sql[]; refusal: string | undefined }> {
  const opened: Sql[] = []
  while (opened.length < enough) {
    const sql = make()
    const refusal = await sql`select 1`.then(
      () => undefined,
      (error: unknown) => String(error),
    )
    if (refusal !== undefined) return { opened, refusal }
    opened.push(sql)
  }
  return { opened, refusal: undefined }
}

const END = { timeout: 1 }

test('all that the runtimes may need is left when a tenant has taken what there is', async () => {
  // A role of the tenant's own making, whose limit the tenant sets.
  const [{ password } = { password: '' }] = await pg.as('postgres')<{ password: string }[]>`
    select gen_random_uuid()::text as password`
  await pg.as('postgres').unsafe(`create role greedy login password '${password}' connection limit -1`)
  const taken = await open(() => pg.as('postgres'), 500)
  expect(taken.refusal).toMatch(/remaining connection slots are reserved/)
  const runtimes = await open(() => pg.as('authenticator'), FOR_RUNTIMES)
  expect(runtimes.refusal).toBeUndefined()
  await Promise.all([...taken.opened, ...runtimes.opened].map((sql) => sql.end(END)))
})

test('runtimes at their limit leave a tenant what was promised', async () => {
  const runtimes = await open(() => pg.as('authenticator'), FOR_RUNTIMES)
  expect(runtimes.refusal).toBeUndefined()
  // Some connections of the tests' own are open besides.
  const taken = await open(() => pg.as('postgres'), FOR_TENANT - 4)
  expect(taken.refusal).toBeUndefined()
  await Promise.all([...taken.opened, ...runtimes.opened].map((sql) => sql.end(END)))
})

test('a tenant cannot help itself to what is kept back', async () => {
  const sql = pg.as('postgres')
  for (const statement of [
    'grant pg_use_reserved_connections to postgres',
    'create role clever login in role pg_use_reserved_connections',
    'alter role authenticator connection limit 0',
  ]) {
    await expect(sql.unsafe(statement), statement).rejects.toThrow(/permission denied|must have|only roles/i)
  }
})
