/**
 * Who did what: written in the transaction of the change itself. A trigger refuses update, delete and truncate, and
 * each row's hash covers the hash before it.
 */
import { bigint, jsonb, pgTable, text, timestamp } from 'drizzle-orm/pg-core'

export const audit = pgTable('audit', {
  /** 1, 2, 3, ... without gaps: the insert trigger gives it under the chain's lock, with `previous` and `hash`. */
  seq: bigint({ mode: 'number' }).primaryKey().default(0),
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
  previous: text().notNull().default(''),
  hash: text().notNull().default(''),
})
export type AuditRow = typeof audit.$inferSelect
