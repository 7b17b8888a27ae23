/** Projects: what each should be and what was last seen of it. */
import type { OperationKind } from '@cascata/shared/contract/operations'
import { ProjectNotFound } from '@cascata/shared/problems/projects'
import { and, asc, eq, getTableColumns, isNotNull, isNull, ne, sql } from 'drizzle-orm'
import { afterCursor, cut, newestFirst, type Page, type PageRequest } from './cursor.ts'
import type { Db } from './db.ts'
import { tokens } from './tables/access.ts'
import { domains } from './tables/domains.ts'
import { operations } from './tables/operations.ts'
import { type ProjectRow, projects } from './tables/projects.ts'

export type NewProject = typeof projects.$inferInsert
export type ProjectPatch = Partial<
  Pick<
    ProjectRow,
    | 'name'
    | 'desired'
    | 'limits'
    | 'settings'
    | 'secrets'
    | 'restarts'
    | 'dbRestarts'
    | 'importing'
    | 'asleepSince'
    | 'deletedAt'
    | 'purgeAfter'
    | 'imageTag'
    | 'asleepSince'
  >
>
/** `heldFor`: what the operation named by `importing` is; absent where nobody looked. */
export type ListedProject = ProjectRow & { heldFor?: OperationKind | null }

export type Observed = {
  generation: number
  state: ProjectRow['observedState']
  problem: ProjectRow['lastProblem']
}

export function projectQueries(db: Db) {
  const find = async (ref: string): Promise<ProjectRow | undefined> =>
    (await db.select().from(projects).where(eq(projects.ref, ref)))[0]

  return {
    find,
    list: (): Promise<ListedProject[]> =>
      db
        .select({ ...getTableColumns(projects), heldFor: operations.kind })
        .from(projects)
        .leftJoin(operations, eq(operations.id, projects.importing))
        .orderBy(asc(projects.createdAt)),
    async get(ref: string): Promise<ProjectRow> {
      const row = await find(ref)
      if (!row) throw ProjectNotFound()
      return row
    },
    /** Only inside a transaction: nobody else changes the row until it ends. */
    lock: async (ref: string): Promise<ProjectRow | undefined> =>
      (await db.select().from(projects).where(eq(projects.ref, ref)).for('update'))[0],
    /** `ref` narrows the list to that one: what a token tied to a project may see. */
    async page(request: PageRequest & { ref?: string | undefined }): Promise<Page<ProjectRow>> {
      const rows = await db
        .select()
        .from(projects)
        .where(
          and(
            afterCursor(projects, request.cursor),
            request.ref === undefined ? undefined : eq(projects.ref, request.ref),
          ),
        )
        .orderBy(...newestFirst(projects))
        .limit(request.limit + 1)
      return cut(rows, request.limit)
    },
    /** Undefined when the ref is taken. */
    insert: async (row: NewProject): Promise<ProjectRow | undefined> =>
      (await db.insert(projects).values(row).onConflictDoNothing({ target: projects.ref }).returning())[0],
    /** Changes the intent and counts the generation up. Undefined when absent or past `expectGeneration`. */
    async change(
      ref: string,
      patch: ProjectPatch,
      { expectGeneration }: { expectGeneration?: number } = {},
    ): Promise<ProjectRow | undefined> {
      const rows = await db
        .update(projects)
        .set({ ...patch, generation: sql`${projects.generation} + 1`, updatedAt: sql`now()` })
        .where(
          and(
            eq(projects.ref, ref),
            expectGeneration === undefined ? undefined : eq(projects.generation, expectGeneration),
          ),
        )
        .returning()
      return rows[0]
    },
    /** What a pass saw; equal to what is known already, it writes nothing. */
    async recordObserved(ref: string, { generation, state, problem }: Observed): Promise<void> {
      const lastProblem = problem && JSON.stringify(problem)
      await db
        .update(projects)
        .set({ observedGeneration: generation, observedState: state, lastProblem: problem })
        .where(
          and(
            eq(projects.ref, ref),
            sql`(${projects.observedGeneration}, ${projects.observedState}, ${projects.lastProblem})
              is distinct from (${generation}::int, ${state}::text, ${lastProblem}::jsonb)`,
          ),
        )
    },
    /** The import is done: the generation moves on, so that the reconciler starts the rest. */
    async clearImporting(ref: string): Promise<ProjectRow | undefined> {
      const rows = await db
        .update(projects)
        .set({
          importing: null,
          asleepSince: null,
          generation: sql`${projects.generation} + 1`,
          updatedAt: sql`now()`,
        })
        .where(and(eq(projects.ref, ref), isNotNull(projects.importing)))
        .returning()
      return rows[0]
    },
    /** Of a row that names no release yet: which one it is to stay at. */
    async pin(ref: string, imageTag: string): Promise<void> {
      await db
        .update(projects)
        .set({ imageTag })
        .where(and(eq(projects.ref, ref), isNull(projects.imageTag)))
    },
    /** Those at another release than this one, deleted ones left out. */
    countBehind: async (imageTag: string): Promise<number> =>
      db.$count(projects, and(ne(projects.desired, 'deleted'), ne(projects.imageTag, imageTag))),
    /** Inside a transaction: until it ends nobody else creates or imports a project of this ref. */
    async reserve(ref: string): Promise<void> {
      await db.execute(sql`select pg_advisory_xact_lock(7166244, hashtext(${ref}))`)
    },
    /** Purges the row of a project whose files are gone. Its tokens go too: they would open whatever takes the ref next. */
    remove: (ref: string): Promise<void> =>
      db.transaction(async (tx) => {
        await tx.delete(projects).where(eq(projects.ref, ref))
        await tx.delete(domains).where(eq(domains.ref, ref))
        await tx
          .update(tokens)
          .set({ revokedAt: sql`now()` })
          .where(and(eq(tokens.projectRef, ref), isNull(tokens.revokedAt)))
      }),
    async countByState(): Promise<Record<string, number>> {
      const rows = await db
        .select({ state: projects.observedState, count: sql<number>`count(*)::int` })
        .from(projects)
        .where(ne(projects.desired, 'deleted'))
        .groupBy(projects.observedState)
      return Object.fromEntries(rows.map(({ state, count }) => [state, count]))
    },
    countDeleted: async (): Promise<number> => db.$count(projects, eq(projects.desired, 'deleted')),
  }
}
