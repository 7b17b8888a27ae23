/** Who may call: tokens (only their hash is kept) and the one-time claims that make the first one. */

import type { TokenScope } from '@cascata/shared/contract/tokens'
import { index, integer, pgTable, primaryKey, text, timestamp, uuid } from 'drizzle-orm/pg-core'

export const tokens = pgTable('tokens', {
  id: uuid().primaryKey().defaultRandom(),
  name: text().notNull(),
  /** SHA-256 of the token, hex: it has 256 random bits, so no slow hash is needed. */
  hash: text().notNull().unique(),
  scope: text().$type<TokenScope>().notNull(),
  /** Null: all projects. */
  projectRef: text(),
  createdAt: timestamp({ withTimezone: true, mode: 'string' }).notNull().defaultNow(),
  lastUsedAt: timestamp({ withTimezone: true, mode: 'string' }),
  expiresAt: timestamp({ withTimezone: true, mode: 'string' }),
  revokedAt: timestamp({ withTimezone: true, mode: 'string' }),
})
export type TokenRow = typeof tokens.$inferSelect

export const claims = pgTable('claims', {
  id: uuid().primaryKey().defaultRandom(),
  hash: text().notNull().unique(),
  createdAt: timestamp({ withTimezone: true, mode: 'string' }).notNull().defaultNow(),
  expiresAt: timestamp({ withTimezone: true, mode: 'string' }).notNull(),
  claimedAt: timestamp({ withTimezone: true, mode: 'string' }),
})
export type ClaimRow = typeof claims.$inferSelect

/** Answers given to POSTs that carried an `Idempotency-Key`, kept a day. */
export const idempotency = pgTable(
  'idempotency',
  {
    tokenId: uuid().notNull(),
    key: text().notNull(),
    /** SHA-256 of method, path and body: the same key with another request is refused. */
    request: text().notNull(),
    /** Of the first request: its audit row tells whether it was done although its answer was lost. */
    requestId: text().notNull(),
    /** Null while the first request is still under way. */
    status: integer(),
    /** Headers and body, sealed: an answer may hold a new token. */
    answer: text(),
    createdAt: timestamp({ withTimezone: true, mode: 'string' }).notNull().defaultNow(),
  },
  (table) => [
    primaryKey({ columns: [table.tokenId, table.key] }),
    index('idempotency_age').on(table.createdAt),
  ],
)
export type IdempotencyRow = typeof idempotency.$inferSelect
