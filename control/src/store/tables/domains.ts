/** Names of projects' own, besides `<ref>.<domain>`. Several may claim one; it belongs to who has shown that it is theirs. */
import { sql } from 'drizzle-orm'
import { boolean, jsonb, pgTable, text, timestamp, unique, uniqueIndex, uuid } from 'drizzle-orm/pg-core'

export const domains = pgTable(
  'domains',
  {
    id: uuid().primaryKey().defaultRandom(),
    ref: text().notNull(),
    /** Canonical: ASCII, lower case, no dot at the end. */
    name: text().notNull(),
    /** Another name that requests are sent on to; null serves the project itself. */
    redirectTo: text(),
    /** Plain HTTP is sent on to HTTPS, once a certificate is there that clients trust. */
    httpsOnly: boolean().notNull().default(true),
    /** What shows that the name is its owner's: the value of a TXT record, and of a path on the name itself. */
    proof: text().notNull(),
    /** Null: not shown yet, and not served. */
    verifiedAt: timestamp({ withTimezone: true, mode: 'string' }),
    checkedAt: timestamp({ withTimezone: true, mode: 'string' }),
    /** Why the last look found no proof. */
    lastProblem: jsonb().$type<{ code: string; title: string; detail: string }>(),
    createdAt: timestamp({ withTimezone: true, mode: 'string' }).notNull().defaultNow(),
  },
  (table) => [
    unique('domains_claim').on(table.ref, table.name),
    uniqueIndex('domains_owner').on(table.name).where(sql`${table.verifiedAt} is not null`),
  ],
)
export type DomainRow = typeof domains.$inferSelect
