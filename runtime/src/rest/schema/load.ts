/** Asks the catalogs, and makes the cache of what they say. */
import type { Database, Query } from '../../session/database.ts'
import { buildSchemaCache } from './cache.ts'
import { CATALOG_SQL, TIMEZONES_SQL } from './catalog-sql.ts'
import type { SchemaCache } from './types.ts'

const TIMEOUT_MS = 60_000

export type CacheScope = { schemas: readonly string[]; extraSearchPath: readonly string[] }

const arrayOf = (names: readonly string[]): string =>
  `{${names.map((name) => `"${name.replace(/[\\"]/g, '\\$&')}"`).join(',')}}`

async function askOne(database: Database, main: Query, signal?: AbortSignal): Promise<unknown> {
  const turn = {
    // Asked once: compiling the question would cost more than answering it.
    settings: [['search_path', ''] as const, ['jit', 'off'] as const],
    main,
    readOnly: true,
    end: 'commit' as const,
    timeoutMs: TIMEOUT_MS,
  }
  const answer = await database.run(turn, signal)
  return JSON.parse(answer.rows[0]?.[0]?.toString('utf8') ?? 'null')
}

export async function loadSchemaCache(database: Database, scope: CacheScope): Promise<SchemaCache> {
  const reachable = [...new Set([...scope.schemas, ...scope.extraSearchPath])]
  const values = [arrayOf(scope.schemas), arrayOf(reachable)]
  const document = await askOne(database, { text: CATALOG_SQL, values, prepare: false })
  return buildSchemaCache(document, scope.schemas)
}

/** Slow in Postgres (it reads the zone files): asked only when someone prefers one. */
export async function loadTimezones(database: Database): Promise<ReadonlySet<string>> {
  const names = await askOne(database, { text: TIMEZONES_SQL, values: [], prepare: false })
  return new Set(Array.isArray(names) ? names.map(String) : [])
}
