/** What each project should be (intent, counted by `generation`) and what was last seen of it (`observed*`). */

import type { ProjectLimits, ProjectSettings, ProjectState } from '@cascata/shared/contract/projects'
import { sql } from 'drizzle-orm'
import { index, integer, jsonb, pgSequence, pgTable, text, timestamp, uuid } from 'drizzle-orm/pg-core'

/** One uid per project: its containers run as it and its files belong to it. */
export const projectUid = pgSequence('project_uid', { startWith: 200_000 })

export const projects = pgTable(
  'projects',
  {
    id: uuid().primaryKey().defaultRandom(),
    ref: text().notNull().unique(),
    name: text().notNull(),
    template: text().notNull(),
    uid: integer().notNull().unique().default(sql`nextval('project_uid')`),
    /** What it should be. `deleted` keeps the files until `purgeAfter`. */
    desired: text().$type<'running' | 'paused' | 'deleted'>().notNull(),
    /** While an import fills it, only its database runs and nothing is served. */
    importing: uuid(),
    generation: integer().notNull().default(1),
    /** Counts up to ask for new runtimes although nothing else changed. */
    restarts: integer().notNull().default(0),
    /** The same of its database. */
    dbRestarts: integer().notNull().default(0),
    limits: jsonb().$type<ProjectLimits>().notNull(),
    settings: jsonb().$type<ProjectSettings>().notNull(),
    /** Release of its own images; the instance's when null. */
    imageTag: text(),
    /** Sealed JSON of `ProjectSecrets`. */
    secrets: text().notNull(),
    observedGeneration: integer().notNull().default(0),
    observedState: text().$type<ProjectState>().notNull().default('creating'),
    /** A problem's `{code, title, detail}` when the last pass failed. */
    lastProblem: jsonb().$type<{ code: string; title: string; detail: string }>(),
    /** Last request or job of it, as far as control was told. */
    lastActiveAt: timestamp({ withTimezone: true, mode: 'string' }),
    /** Its containers are stopped until somebody asks for it; it is to run all the same. */
    asleepSince: timestamp({ withTimezone: true, mode: 'string' }),
    wokenAt: timestamp({ withTimezone: true, mode: 'string' }),
    /** What the last wake took, until the first request was passed on. */
    wakeMs: integer(),
    createdAt: timestamp({ withTimezone: true, mode: 'string' }).notNull().defaultNow(),
    updatedAt: timestamp({ withTimezone: true, mode: 'string' }).notNull().defaultNow(),
    deletedAt: timestamp({ withTimezone: true, mode: 'string' }),
    purgeAfter: timestamp({ withTimezone: true, mode: 'string' }),
  },
  (table) => [index('projects_page').on(table.createdAt, table.id)],
)
export type ProjectRow = typeof projects.$inferSelect
