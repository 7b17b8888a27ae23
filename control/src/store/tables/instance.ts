/** What belongs to the instance as a whole, by name: its age identity and signing key (sealed), its claim. */
import { pgTable, text, timestamp } from 'drizzle-orm/pg-core'

export const instance = pgTable('instance', {
  name: text().primaryKey(),
  value: text().notNull(),
  updatedAt: timestamp({ withTimezone: true, mode: 'string' }).notNull().defaultNow(),
})
