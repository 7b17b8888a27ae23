/** Runs what people send as SQL in a project's database, as its `postgres` role: a connection for each request. */
import type { ProjectSecrets } from '@cascata/shared/contract/projects'
import type { Catalog } from '../typegen/catalog.ts'
import { catalogSql } from '../typegen/catalog-sql.ts'
import { applyMigration } from './project-migrations.ts'
import { runStatements } from './project-sql.ts'
import { SqlSession } from './sql-session.ts'

export type SqlRunnerDeps = {
  secretsOf(ref: string): Promise<ProjectSecrets>
  socketDirOf(ref: string): string
  /** Throws while the project is in somebody's hand. */
  assertNotInHand(ref: string): Promise<void>
}

const ROWS_MAX = 10_000
const MIGRATION_TIMEOUT_MS = 600_000
const LIST_TIMEOUT_MS = 10_000
const CATALOG_TIMEOUT_MS = 15_000

/** Fits the port `ProjectSql` of the use cases (app/ports.ts). */
export function sqlRunner({ secretsOf, socketDirOf, assertNotInHand }: SqlRunnerDeps) {
  async function within<Result>(
    ref: string,
    work: (session: SqlSession) => Promise<Result>,
  ): Promise<Result> {
    const { passwords } = await secretsOf(ref)
    const session = await SqlSession.open(socketDirOf(ref), {
      user: 'postgres',
      password: passwords.postgres,
    })
    try {
      // Once connected: whoever takes the project in hand from now on ends this session first, so that nothing it was
      // told is done can be undone. Asked before, the answer could be an old one by now.
      await assertNotInHand(ref)
      return await work(session)
    } finally {
      await session.close()
    }
  }

  return {
    run: (ref: string, sql: string, { timeoutMs }: { timeoutMs: number }) =>
      within(ref, async (session) => {
        const results = await runStatements(session, sql, { rowsMax: ROWS_MAX, timeoutMs })
        return {
          results: results.map(({ command, rowCount, columns, rows, truncated }) => ({
            command,
            row_count: rowCount,
            columns: columns.map(({ name }) => name),
            rows,
            truncated,
          })),
        }
      }),

    migrate: (ref: string, migration: { version: string; name: string; sql: string }) =>
      within(ref, async (session) => {
        const done = await applyMigration(session, migration, { timeoutMs: MIGRATION_TIMEOUT_MS })
        return { applied: done === 'applied' }
      }),

    migrations: (ref: string) =>
      within(ref, async (session) => {
        const [found] = await runStatements(
          session,
          'select version, name from supabase_migrations.schema_migrations order by version',
          { rowsMax: ROWS_MAX, timeoutMs: LIST_TIMEOUT_MS },
        )
        return (found?.rows ?? []).map(([version, name]) => ({
          version: String(version),
          name: typeof name === 'string' ? name : null,
        }))
      }),

    catalog: (ref: string, schemas: readonly string[]) =>
      within(ref, async (session) => {
        const limits = { rowsMax: 1, timeoutMs: CATALOG_TIMEOUT_MS }
        const results = await runStatements(session, catalogSql(schemas), limits)
        return results.flatMap(({ rows }) => rows)[0]?.[0] as Catalog
      }),
  }
}
