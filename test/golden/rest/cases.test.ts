import { readdirSync, readFileSync } from 'node:fs'
import { DEFAULT_LIMITS } from '@cascata/runtime/rest/contract'
import { bind, prepare } from '@cascata/runtime/rest/prepared'
import { parseRequest } from '@cascata/runtime/rest/request/request'
import { createRest, type Rest } from '@cascata/runtime/rest/routes'
import { loadSchemaCache } from '@cascata/runtime/rest/schema/load'
import type { SchemaCache } from '@cascata/runtime/rest/schema/types'
import type { Database } from '@cascata/runtime/session/database'
import { createSession } from '@cascata/runtime/session/session'
import { openDatabase } from '@cascata/runtime/wire/open'
import { RestSettings } from '@cascata/shared/project-document'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startPostgres, type TestPostgres } from '../../harness/postgres.ts'
import { type Case, inLines, parseCase } from './cases.ts'

const FOLDER = new URL('cases/', import.meta.url)
const SHOWN_HEADERS = ['Content-Range', 'Content-Type', 'Location', 'Preference-Applied', 'X-Pot']

// Every case ends as it began: what it writes is rolled back.
const settings = RestSettings.parse({ txEnd: 'rollback', aggregates: true })

let pg: TestPostgres
let database: Database
let cache: SchemaCache
let rest: Rest

beforeAll(async () => {
  pg = await startPostgres()
  const owner = pg.as('postgres')
  await owner.unsafe(readFileSync(new URL('schema.sql', import.meta.url), 'utf8')).simple()
  database = openDatabase({
    host: pg.socketDir,
    port: 5432,
    database: 'postgres',
    user: 'authenticator',
    password: pg.passwords.authenticator,
  })
  cache = await loadSchemaCache(database, settings)
  rest = createRest({ database, settings: () => settings })
})

afterAll(async () => {
  await rest.close()
  await database.close()
  await pg.stop()
})

/** The statement and its values; nothing for a request that is refused before it has one. */
function statementOf({ input }: Case): string {
  try {
    const context = { settings, limits: DEFAULT_LIMITS, timezones: new Set<string>() }
    const request = parseRequest(input, context)
    const { text, values } = bind(prepare(cache, request, settings).main, request.values)
    return `=== sql\n${inLines(text)}\n=== values\n${JSON.stringify(values)}\n`
  } catch {
    return ''
  }
}

async function answerOf({ input, role, sub }: Case): Promise<string> {
  const claims = sub === null ? { role } : { role, sub }
  const session = createSession({ role, claims, anonRole: 'anon' })
  const { status, headers, body } = await rest.handle(input, session, new AbortController().signal)
  const shown = headers
    .filter(([name]) => SHOWN_HEADERS.includes(name))
    .map(([name, value]) => `${name}: ${value}\n`)
  return `=== answer ${status}\n${shown.join('')}\n${body?.toString() ?? ''}\n`
}

describe('a request becomes this SQL, and Postgres answers this', () => {
  const files = readdirSync(FOLDER).filter((name) => name.endsWith('.case'))
  test.each(files)('%s', async (file) => {
    const path = new URL(file, FOLDER).pathname
    const found = parseCase(readFileSync(path, 'utf8'))
    const whole = `${found.head}${statementOf(found)}${await answerOf(found)}`
    await expect(whole).toMatchFileSnapshot(path)
  })
})
