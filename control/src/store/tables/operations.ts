/** What somebody asked for, and how far it is: the same row feeds the API, the CLI and the console. */

import type { OperationKind, OperationStatus, OperationStep } from '@cascata/shared/contract/operations'
import { doublePrecision, index, integer, jsonb, pgTable, text, timestamp, uuid } from 'drizzle-orm/pg-core'

export const operations = pgTable(
  'operations',
  {
    id: uuid().primaryKey(),
    kind: text().$type<OperationKind>().notNull(),
    /** The project's ref; an import has one before its project exists. */
    ref: text().notNull(),
    status: text().$type<OperationStatus>().notNull().default('pending'),
    /** A lifecycle operation has succeeded once its project is observed at this generation. */
    generation: integer(),
    steps: jsonb().$type<OperationStep[]>().notNull().default([]),
    /** 0 to 1. */
    progress: doublePrecision().notNull().default(0),
    /** What a job needs to run again after a kill. Secrets in it are sealed. */
    input: jsonb().$type<Record<string, unknown>>().notNull().default({}),
    result: jsonb().$type<Record<string, unknown>>(),
    problem: jsonb().$type<{ code: string; title: string; detail: string }>(),
    actor: text().notNull(),
    createdAt: timestamp({ withTimezone: true, mode: 'string' }).notNull().defaultNow(),
    updatedAt: timestamp({ withTimezone: true, mode: 'string' }).notNull().defaultNow(),
    finishedAt: timestamp({ withTimezone: true, mode: 'string' }),
  },
  (table) => [
    index('operations_ref').on(table.ref, table.createdAt),
    index('operations_status').on(table.status),
  ],
)
export type OperationRow = typeof operations.$inferSelect
