/** SQL run in a project's database as its `postgres` role. */
import { z } from 'zod'

export const RunSql = z.object({
  /** One or more statements, run as one transaction unless they say otherwise. */
  query: z.string().min(1),
  /** Milliseconds after which a statement is cancelled. */
  timeout_ms: z.int().min(1).max(600_000).default(60_000),
})
export type RunSql = z.infer<typeof RunSql>

/** One entry for each statement. */
export const SqlResult = z.object({
  results: z.array(
    z.object({
      command: z.string(),
      columns: z.array(z.string()),
      rows: z.array(z.record(z.string(), z.unknown())),
      row_count: z.int().nullable(),
    }),
  ),
})
export type SqlResult = z.infer<typeof SqlResult>

export const ApplyMigration = z.object({
  /** As Supabase names them: digits, most often `YYYYMMDDHHMMSS`. */
  version: z.string().regex(/^\d{1,20}$/, 'a version is 1 to 20 digits'),
  name: z.string().trim().min(1).max(200),
  sql: z.string().min(1),
})
export type ApplyMigration = z.infer<typeof ApplyMigration>

export const Migration = z.object({ version: z.string(), name: z.string() })
export type Migration = z.infer<typeof Migration>

/** `applied` is false when this version was there already. */
export const AppliedMigration = Migration.extend({ applied: z.boolean() })
export type AppliedMigration = z.infer<typeof AppliedMigration>
