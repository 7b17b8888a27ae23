/** Sleep: which projects are stopped until somebody asks for them, and when each was last in use. */
import { and, eq, inArray, isNotNull, isNull, notExists, or, sql } from 'drizzle-orm'
import type { Db } from './db.ts'
import { operations } from './tables/operations.ts'
import { type ProjectRow, projects } from './tables/projects.ts'

export function sleepQueries(db: Db) {
  const isMeantToRun = and(eq(projects.desired, 'running'), isNull(projects.importing))

  return {
    /** Undefined when it is not free to: changed since it was looked at, not settled, or with something open. */
    async begin(
      ref: string,
      { generation, lastActiveAt }: { generation: number; lastActiveAt: string },
    ): Promise<ProjectRow | undefined> {
      const open = db
        .select({ one: sql`1` })
        .from(operations)
        .where(and(eq(operations.ref, ref), inArray(operations.status, ['pending', 'running'])))
      const rows = await db
        .update(projects)
        .set({ asleepSince: sql`now()`, lastActiveAt })
        .where(
          and(
            eq(projects.ref, ref),
            eq(projects.generation, generation),
            eq(projects.observedGeneration, generation),
            eq(projects.observedState, 'running'),
            isMeantToRun,
            isNull(projects.asleepSince),
            notExists(open),
          ),
        )
        .returning()
      return rows[0]
    },
    /** It was in use after all: as if it had never been said. */
    async cancel(ref: string): Promise<void> {
      await db
        .update(projects)
        .set({ asleepSince: null })
        .where(and(eq(projects.ref, ref), isNotNull(projects.asleepSince)))
    },
    /** Undefined when it does not sleep, or may not be woken. A wake that was cut off is one still to be done. */
    async end(ref: string): Promise<ProjectRow | undefined> {
      const rows = await db
        .update(projects)
        .set({ asleepSince: null, wokenAt: sql`now()` })
        .where(
          and(
            eq(projects.ref, ref),
            isMeantToRun,
            or(isNotNull(projects.asleepSince), eq(projects.observedState, 'asleep')),
          ),
        )
        .returning()
      return rows[0]
    },
    /** It answers. */
    async woken(ref: string, wakeMs: number): Promise<void> {
      await db
        .update(projects)
        .set({ wakeMs, lastActiveAt: sql`now()`, observedState: 'running', lastProblem: null })
        .where(and(eq(projects.ref, ref), isMeantToRun, isNull(projects.asleepSince)))
    },
    async recordActive(ref: string, lastActiveAt: string): Promise<void> {
      await db.update(projects).set({ lastActiveAt }).where(eq(projects.ref, ref))
    },
  }
}
