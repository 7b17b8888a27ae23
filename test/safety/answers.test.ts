/**
 * The same answer as psql in the same role: random worlds of rows, grants and policies, random requests, and beside
 * each the SQL a person would write, run with the role and claims of the caller. Rows, counts, refusals and what is
 * in the tables afterwards must agree.
 *
 * CASCATA_SEED replays one world; a difference is told with its seed.
 */
import { readFileSync } from 'node:fs'
import { createRest, type Rest } from '@cascata/runtime/rest/routes'
import type { Database } from '@cascata/runtime/session/database'
import { openDatabase } from '@cascata/runtime/wire/open'
import { RestSettings } from '@cascata/shared/project-document'
import type { ReservedSql } from 'postgres'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { testConfig } from '../harness/config.ts'
import { startPostgres, type TestPostgres } from '../harness/postgres.ts'
import { chanceOf } from '../harness/seeded.ts'
import { compared, type Difference } from './answers/compare.ts'
import { caseOf } from './answers/generate.ts'
import { policiesSql, rowsSql } from './answers/world.ts'

const WORLDS = testConfig.size === 'full' ? 1_000 : 30
const CASES = 50
const settings = RestSettings.parse({ aggregates: true })

let pg: TestPostgres
let owner: ReservedSql
let database: Database
let rest: Rest

beforeAll(async () => {
  pg = await startPostgres()
  const admin = pg.admin()
  await admin.unsafe('create role auditor nologin; grant auditor to authenticator').simple()
  await pg
    .as('postgres')
    .unsafe(readFileSync(new URL('answers/schema.sql', import.meta.url), 'utf8'))
    .simple()
  await admin.unsafe('grant usage on schema public to auditor').simple()
  owner = await admin.reserve()
  await owner.unsafe('set search_path = public')
  const login = { user: 'authenticator', password: pg.passwords.authenticator }
  database = openDatabase({ host: pg.socketDir, port: 5432, database: 'postgres', ...login })
  rest = createRest({ database, settings: () => settings })
})

afterAll(async () => {
  await rest?.close()
  await database?.close()
  owner?.release()
  await pg?.stop()
})

const tally: Record<string, number> = {}
const count = (what: string) => {
  tally[what] = (tally[what] ?? 0) + 1
}

async function world(seed: number): Promise<Difference[]> {
  const chance = chanceOf(seed)
  await owner.unsafe(rowsSql(chance)).simple()
  await owner.unsafe(policiesSql(chance)).simple()
  const differences: Difference[] = []
  for (let at = 0; at < CASES; at++) {
    const each = caseOf(chance)
    const { difference, outcome } = await compared(each, { owner, rest })
    count(each.asked.do)
    count(outcome)
    if (difference !== null) differences.push({ seed, at, ...difference })
  }
  return differences
}

test('each answer is what psql in the same role would have got, and leaves the same behind', async () => {
  const only = testConfig.seed
  const seeds = only === undefined ? Array.from({ length: WORLDS }, (_, at) => at + 1) : [only]
  const differences: Difference[] = []
  for (const seed of seeds) {
    differences.push(...(await world(seed)))
    if (differences.length > 20) break
  }
  process.stdout.write(`answers: ${JSON.stringify(tally)}\n`)
  expect(differences.map((each) => JSON.stringify(each, null, 1)).join('\n')).toBe('')
  if (only !== undefined) return
  // Worlds in which nobody may do anything would prove nothing.
  expect(tally.answered).toBeGreaterThan((WORLDS * CASES) / 3)
  expect(tally.refused).toBeGreaterThan((WORLDS * CASES) / 20)
  expect(tally.changed).toBeGreaterThan((WORLDS * CASES) / 40)
})
