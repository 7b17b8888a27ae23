/** Archives that exist (or are being written) under `CASCATA_HOME/backups/<ref>/<id>.caf`. */
import { bigint, index, jsonb, pgTable, text, timestamp, uuid } from 'drizzle-orm/pg-core'

export const backups = pgTable(
  'backups',
  {
    id: uuid().primaryKey(),
    ref: text().notNull(),
    operation: uuid().notNull(),
    status: text().$type<'pending' | 'ready' | 'failed'>().notNull().default('pending'),
    bytes: bigint({ mode: 'number' }),
    /** SHA-256 of the file, hex. */
    sha256: text(),
    /** The manifest's summary: versions, tables, rows. */
    summary: jsonb().$type<Record<string, unknown>>(),
    createdAt: timestamp({ withTimezone: true, mode: 'string' }).notNull().defaultNow(),
    finishedAt: timestamp({ withTimezone: true, mode: 'string' }),
  },
  (table) => [index('backups_ref').on(table.ref, table.createdAt)],
)
export type BackupRow = typeof backups.$inferSelect
