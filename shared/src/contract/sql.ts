/** SQL run in a project's database as its `postgres` role. */
import { z } from 'zod'

export const RunSql = z
  .object({
    /** One or more statements, run as one transaction unless they say otherwise. */
    query: z.string().min(1),
    /** Milliseconds after which a statement is cancelled. */
    timeout_ms: z.int().min(1).max(600_000).default(60_000),
  })
  .meta({ id: 'RunSql', examples: [{ query: 'select count(*) from todos' }] })
export type RunSql = z.infer<typeof RunSql>

/** One entry for each statement. */
export const SqlResult = z
  .object({
    results: z.array(
      z.object({
        /** As in the command tag: `SELECT`, `INSERT`, `CREATE TABLE`. */
        command: z.string().nullable(),
        /** Rows written or read; null where the command counts none. */
        row_count: z.int().nullable(),
        columns: z.array(z.string()),
        /** One array of values for each row, in the order of the columns. */
        rows: z.array(z.array(z.unknown())),
        /** There were more rows than are shown. */
        truncated: z.boolean(),
      }),
    ),
  })
  .meta({
    id: 'SqlResult',
    examples: [
      {
        results: [{ command: 'SELECT', row_count: 1, columns: ['count'], rows: [[42]], truncated: false }],
      },
    ],
  })
export type SqlResult = z.infer<typeof SqlResult>

export const ApplyMigration = z
  .object({
    /** As Supabase names them, most often `YYYYMMDDHHMMSS`; a file without digits in front is its own version. */
    version: z
      .string()
      .regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$/, 'a version is 1 to 100 of A-Z, a-z, 0-9, ".", "_" and "-"'),
    name: z.string().trim().min(1).max(200),
    sql: z.string().min(1),
  })
  .meta({
    id: 'ApplyMigration',
    examples: [{ version: '20260301093000', name: 'todos', sql: 'create table todos (title text not null)' }],
  })
export type ApplyMigration = z.infer<typeof ApplyMigration>

export const Migration = z
  .object({ version: z.string(), name: z.string().nullable() })
  .meta({ id: 'Migration' })
export type Migration = z.infer<typeof Migration>

/** `applied` is false when this version was there already. */
export const AppliedMigration = Migration.extend({ applied: z.boolean() }).meta({ id: 'AppliedMigration' })
export type AppliedMigration = z.infer<typeof AppliedMigration>
