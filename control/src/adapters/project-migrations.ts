/**
 * A tenant's migrations and the starter a project begins with. Each runs as the tenant's `postgres` role in one
 * transaction with the row that records it: it is there and recorded, or neither.
 */
import { MigrationChanged, MigrationEndsTransaction } from '@cascata/shared/problems/database'
import { join, literal, type Sql as Text, sql as text, toStatement } from '@cascata/shared/sql'
import type { Starter } from '@cascata/templates'
import { runStatements } from './project-sql.ts'
import type { SqlSession, StatementResult } from './sql-session.ts'
import { findTransactionControl, splitSql } from './sql-split.ts'

/** `version` orders them: Supabase's CLI takes the time, `20260131120000`. */
export type Migration = { version: string; name: string; sql: string }
export type Applied = 'applied' | 'already'

const OWN_STATEMENTS = { rowsMax: 10_000, timeoutMs: 30_000 }

/** @throws MigrationChanged, MigrationEndsTransaction, SqlFailed, or what the session throws. */
export function applyMigration(
  session: SqlSession,
  migration: Migration,
  options: { timeoutMs: number },
): Promise<Applied> {
  const { version, name, sql } = migration
  const statements = splitSql(sql)
  const control = findTransactionControl(statements)
  if (control) throw MigrationEndsTransaction(control.line, control.head)
  const pieces = statements.map((statement) => statement.text)

  return inTransaction(session, { begin: text`begin` }, async () => {
    // Two pushes of one file at once: the second waits here and then finds it recorded.
    await own(session, text`lock table supabase_migrations.schema_migrations in share row exclusive mode`)
    const [found] = await own(
      session,
      text`select statements is null, to_jsonb(statements) from supabase_migrations.schema_migrations
        where version = ${literal(version)}`,
    )
    const row = found?.rows[0]
    if (row) {
      // Recorded without its statements, by an older CLI: there is nothing to compare with.
      if (row[0] !== true && !sameStatements(row[1], pieces)) throw MigrationChanged(version)
      return 'already'
    }
    await runStatements(session, sql, { rowsMax: 0, timeoutMs: options.timeoutMs })
    // The file may have changed who it is.
    await own(session, text`reset role`)
    const list = join(pieces.map(literal), text`, `)
    await own(
      session,
      text`insert into supabase_migrations.schema_migrations (version, name, statements)
        values (${literal(version)}, ${literal(name)}, array[${list}]::text[])`,
    )
    return 'applied'
  })
}

/** Runs the starter if this project has had none by that name. */
export function applyStarter(
  session: SqlSession,
  starter: Starter,
  options: { timeoutMs: number } = { timeoutMs: 60_000 },
): Promise<Applied> {
  // A project that may only be read (tenant-access.ts) is asked this, too.
  const begin = text`begin read write`
  return inTransaction(session, { begin }, async () => {
    const [recorded] = await own(
      session,
      text`insert into cascata.starters (name) values (${literal(starter.name)}) on conflict do nothing`,
    )
    if (recorded?.rowCount === 0) return 'already'
    await runStatements(session, starter.sql, { rowsMax: 0, timeoutMs: options.timeoutMs })
    return 'applied'
  })
}

async function inTransaction(
  session: SqlSession,
  { begin }: { begin: Text },
  work: () => Promise<Applied>,
): Promise<Applied> {
  await own(session, begin)
  try {
    const applied = await work()
    await own(session, text`commit`)
    return applied
  } catch (error) {
    // A connection that is gone has rolled back by itself.
    await own(session, text`rollback`).catch(() => undefined)
    throw error
  }
}

const own = (session: SqlSession, query: Text): Promise<StatementResult[]> =>
  runStatements(session, toStatement(query).text, OWN_STATEMENTS)

function sameStatements(recorded: unknown, pieces: readonly string[]): boolean {
  // The CLI cuts at other places now and then; what counts is the text, whatever stands between the pieces.
  const solid = (texts: readonly unknown[]) =>
    texts
      .join(';')
      .replaceAll(/[\s;]+/g, ' ')
      .trim()
  return Array.isArray(recorded) && solid(recorded) === solid(pieces)
}
