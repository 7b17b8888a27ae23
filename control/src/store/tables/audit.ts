/**
 * Who did what: written in the transaction of the change itself. A trigger refuses update, delete and truncate, and
 * each row's hash covers the hash before it.
 */
import { bigserial, jsonb, pgTable, text, timestamp } from 'drizzle-orm/pg-core'

export const audit = pgTable('audit', {
  seq: bigserial({ mode: 'number' }).primaryKey(),
  at: timestamp({ withTimezone: true, mode: 'string' }).notNull(),
  /** `token:<id>`, `claim`, or `system`. */
  actor: text().notNull(),
  /** `project.create`, `token.revoke`, ... */
  action: text().notNull(),
  /** The ref or id it was done to. */
  target: text().notNull(),
  /** What changed; never a secret. */
  detail: jsonb().$type<Record<string, unknown>>().notNull(),
  requestId: text().notNull(),
  previous: text().notNull(),
  hash: text().notNull(),
})
export type AuditRow = typeof audit.$inferSelect
