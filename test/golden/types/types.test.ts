/** The types of a schema with one of each shape, made from a real database: as recorded, and fit for supabase-js. */
import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { sqlRunner } from '@cascata/control/adapters/sql-runner'
import type { ProjectSql } from '@cascata/control/app/ports'
import { renderTypes } from '@cascata/control/typegen/render'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startPostgres, type TestPostgres } from '../../harness/postgres.ts'

const here = (name: string) => fileURLToPath(new URL(name, import.meta.url))

let server: TestPostgres
let sql: ProjectSql
beforeAll(async () => {
  server = await startPostgres()
  sql = sqlRunner({
    socketDirOf: () => server.socketDir,
    secretsOf: async () => ({ jwtSecret: '', anonKey: '', serviceRoleKey: '', passwords: server.passwords }),
  })
  const schema = await readFile(here('../../fixtures/every-shape.sql'), 'utf8')
  await sql.run('shop', schema, { timeoutMs: 30_000 })
})
afterAll(() => server?.stop())

test('a schema with one of each shape is written as recorded', async () => {
  const written = renderTypes(await sql.catalog('shop', ['public', 'shop']))
  await expect(written).toMatchFileSnapshot('./database.ts')
})
