/** Certificates there are, how far the orders for the next ones are, and what was asked of the authority lately. */
import {
  bigserial,
  boolean,
  index,
  integer,
  jsonb,
  pgTable,
  primaryKey,
  text,
  timestamp,
} from 'drizzle-orm/pg-core'
import type { Proof } from '../../acme/order.ts'
import type { CertificateSource } from '../../acme/port.ts'

const moment = () => timestamp({ withTimezone: true, mode: 'date' })

export const certificates = pgTable(
  'certificates',
  {
    /** The first of its names as it was asked for: `shop.example`, or `*.cascata.example`. */
    name: text().notNull(),
    source: text().$type<CertificateSource>().notNull(),
    /** The project whose name it is; null for the instance's own. */
    ref: text(),
    names: jsonb().$type<string[]>().notNull(),
    /** Name of its files in `edge/certs`, without the ending; another one for another certificate. */
    file: text().notNull(),
    chain: text().notNull(),
    /** Sealed PEM. */
    key: text().notNull(),
    /** Clients are to be sent to HTTPS for it. */
    trusted: boolean().notNull().default(true),
    issuer: text().notNull(),
    serial: text().notNull(),
    /** For renewal information (RFC 9773). */
    ariId: text(),
    notBefore: moment().notNull(),
    notAfter: moment().notNull(),
    /** Chosen in the window that the authority suggests; null goes by its life. */
    renewAt: moment(),
    /** The window that was chosen from. */
    windowStart: moment(),
    windowEnd: moment(),
    /** When the authority is asked for its window again. */
    windowCheckAt: moment(),
    createdAt: moment().notNull().defaultNow(),
  },
  (table) => [primaryKey({ columns: [table.name, table.source] })],
)
export type CertificateRow = typeof certificates.$inferSelect

/** `nextTryAt`: epoch milliseconds. `failures`: in a row. */
export type CleanupTrouble = {
  failures: number
  nextTryAt: number
  problem: { code: string; title: string; detail: string }
}

/** At most one for a name. What a step needs is written before the step. */
export const certificateOrders = pgTable('certificate_orders', {
  name: text().primaryKey(),
  ref: text(),
  names: jsonb().$type<string[]>().notNull(),
  /** Which authority it is with: another one knows nothing of it. */
  directory: text().notNull(),
  /** Sealed PEM; made with the CSR, and kept through failures. */
  key: text(),
  csr: text(),
  /** ARI id of the certificate it takes the place of. */
  replaces: text(),
  /** Set before the order is asked for: without a URL, the answer was lost. Null: none is under way. */
  askedAt: moment(),
  url: text(),
  proofs: jsonb().$type<Proof[]>().notNull().default([]),
  /** In a row. */
  failures: integer().notNull().default(0),
  problem: jsonb().$type<{ code: string; title: string; detail: string }>(),
  nextTryAt: moment(),
  /** Of taking its proofs down, once it has ended: null while that did not fail. Nothing waits for it. */
  cleanup: jsonb().$type<CleanupTrouble>(),
  createdAt: moment().notNull().defaultNow(),
})
export type OrderRow = typeof certificateOrders.$inferSelect

/** What counts for the authority's limits (acme/limits.ts). */
export const certificateLedger = pgTable(
  'certificate_ledger',
  {
    id: bigserial({ mode: 'number' }).primaryKey(),
    directory: text().notNull(),
    at: moment().notNull(),
    kind: text().$type<'order' | 'issued' | 'failure'>().notNull(),
    /** Of an `issued`. */
    names: jsonb().$type<string[]>(),
    isRenewal: boolean(),
    /** Of a `failure`. */
    host: text(),
  },
  (table) => [index('certificate_ledger_at').on(table.directory, table.at)],
)
