/** A person's SQL in a project's database, as its `postgres` role: one session for each request. */
import type { SqlResult } from '@cascata/shared/contract/sql'
import { applyMigration, type Migration } from './project-migrations.ts'
import { runStatements } from './project-sql.ts'
import { SqlSession, type StatementResult } from './sql-session.ts'

const ROWS_MAX = 10_000
const MIGRATION_TIMEOUT_MS = 10 * 60_000
const LIST =
  'select version, coalesce(name, version) from supabase_migrations.schema_migrations order by version'

export type Place = { socketDir: string; password: string }

export function tenantSql(placeOf: (ref: string) => Promise<Place>) {
  async function inSession<Result>(
    ref: string,
    work: (session: SqlSession) => Promise<Result>,
  ): Promise<Result> {
    const { socketDir, password } = await placeOf(ref)
    const session = await SqlSession.open(socketDir, { user: 'postgres', password })
    try {
      return await work(session)
    } finally {
      await session.close()
    }
  }

  return {
    run: (ref: string, sql: string, { timeoutMs }: { timeoutMs: number }): Promise<SqlResult> =>
      inSession(ref, async (session) => ({
        results: (await runStatements(session, sql, { rowsMax: ROWS_MAX, timeoutMs })).map(toResult),
      })),

    migrate: (ref: string, migration: Migration): Promise<{ applied: boolean }> =>
      inSession(ref, async (session) => {
        const outcome = await applyMigration(session, migration, { timeoutMs: MIGRATION_TIMEOUT_MS })
        return { applied: outcome === 'applied' }
      }),

    migrations: (ref: string): Promise<{ version: string; name: string }[]> =>
      inSession(ref, async (session) => {
        const [listed] = await runStatements(session, LIST, { rowsMax: ROWS_MAX, timeoutMs: 30_000 })
        return (listed?.rows ?? []).map(([version, name]) => ({
          version: String(version),
          name: String(name),
        }))
      }),
  }
}

function toResult({ command, columns, rows, rowCount }: StatementResult): SqlResult['results'][number] {
  const names = columns.map(({ name }) => name)
  return {
    command,
    columns: names,
    rows: rows.map((cells) => Object.fromEntries(names.map((name, at) => [name, cells[at]]))),
    row_count: rowCount,
  }
}
