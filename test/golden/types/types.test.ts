/** The types of a schema with one of each shape, made from a real database: as recorded, and fit for supabase-js. */
import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { sqlRunner } from '@cascata/control/adapters/sql-runner'
import type { ProjectSql } from '@cascata/control/app/ports'
import { renderTypes } from '@cascata/control/typegen/render'
import { POSTGREST_VERSION } from '@cascata/shared/version'
import { generateTypescript, introspect, sortGeneratorMetadata } from '@supabase/postgrest-typegen'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startPostgres, type TestPostgres } from '../../harness/postgres.ts'

const here = (name: string) => fileURLToPath(new URL(name, import.meta.url))

let server: TestPostgres
let sql: ProjectSql
beforeAll(async () => {
  server = await startPostgres()
  sql = sqlRunner({
    socketDirOf: () => server.socketDir,
    assertNotInHand: async () => {},
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

/** Spaces, separators, needless quotes and brackets are each generator's own. */
const solid = (text: string) =>
  (/export type Database = \{[\s\S]*?\n\}/.exec(text)?.[0] ?? '')
    .replaceAll(/\/\/.*$/gm, '')
    .replaceAll(/'([\w.]*)'/g, '"$1"')
    .replaceAll(/"([A-Za-z_$][\w$]*)"(\??:)/g, '$1$2')
    .replaceAll(/\(([^()|]*)\)\[\]/g, '$1[]')
    .replaceAll(/(?<=:)\s*\|/g, '')
    .replaceAll(/[\s;,]+/g, '')

test('Supabase’s own generator writes the same of the same database', async () => {
  const connection = server.as('postgres')
  const db = { query: async (text: string) => ({ rows: await connection.unsafe(text) }) }
  const seen = sortGeneratorMetadata(await introspect(db, { includedSchemas: ['public', 'shop'] }))
  const theirs = await generateTypescript(seen, {
    detectOneToOneRelationships: true,
    postgrestVersion: POSTGREST_VERSION,
    format: async (code) => code,
  })
  const ours = renderTypes(await sql.catalog('shop', ['public', 'shop']))
  // They give up on a domain over a domain, and name the rows of other schemas by what the search path makes of them.
  const asTheirs = ours
    .replaceAll(/\bwork(\??): string \| null/g, 'work$1: unknown')
    .replaceAll('from: "branches"', 'from: "shop.branches"')
  expect(solid(asTheirs)).toBe(solid(theirs))
  expect(solid(theirs).length).toBeGreaterThan(5_000)
})
