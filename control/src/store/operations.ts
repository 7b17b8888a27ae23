/** Operations: rows that the API, the CLI and the jobs share. A finished one is never written again. */
import { OperationNotFound } from '@cascata/shared/problems/operations'
import { and, asc, eq, gte, inArray, isNotNull, lte, sql } from 'drizzle-orm'
import { afterCursor, cut, newestFirst, type Page, type PageRequest } from './cursor.ts'
import { type Db, only } from './db.ts'
import { type OperationRow, operations } from './tables/operations.ts'

export type NewOperation = typeof operations.$inferInsert
type Step = OperationRow['steps'][number]
/** `detail`: what it waits for. */
export type StepTo = Step['status'] | { status: Step['status']; detail: string }
export type OperationProblem = NonNullable<OperationRow['problem']>

const OPEN = ['pending', 'running'] as const

/** The steps with one of them moved on; the same array when nothing changes. */
export function withStep(steps: Step[], step: Pick<Step, 'name' | 'status' | 'detail'>, now: string): Step[] {
  const known = steps.find(({ name }) => name === step.name)
  if (known?.status === step.status && known.detail === step.detail) return steps
  // One that waits has begun when it first did, whatever it waits for by now.
  const isTheSame = known?.status === step.status && known.detail !== undefined && step.detail !== undefined
  const started = known && (step.status !== 'running' || isTheSame) ? known.started_at : now
  const next: Step = { ...step, started_at: started, ended_at: step.status === 'running' ? null : now }
  return known ? steps.map((each) => (each === known ? next : each)) : [...steps, next]
}

export function operationQueries(db: Db) {
  const stillOpen = (id: string) => and(eq(operations.id, id), inArray(operations.status, [...OPEN]))
  const find = async (id: string): Promise<OperationRow | undefined> =>
    (await db.select().from(operations).where(eq(operations.id, id)))[0]
  const set = async (id: string, patch: Partial<NewOperation>) => {
    await db
      .update(operations)
      .set({ ...patch, updatedAt: sql`clock_timestamp()` })
      .where(stillOpen(id))
  }
  const finished = sql`clock_timestamp()` as unknown as string
  const atLeast = (progress: number) =>
    sql`greatest(${operations.progress}, ${progress}::float8)` as unknown as number

  return {
    find,
    insert: async (row: NewOperation): Promise<OperationRow> =>
      only(await db.insert(operations).values(row).returning()),
    async get(id: string): Promise<OperationRow> {
      const row = await find(id)
      if (!row) throw OperationNotFound()
      return row
    },
    /** `since` hides what belonged to an earlier project of the same ref. */
    async page(
      request: PageRequest & { ref?: string | undefined; since?: string | undefined },
    ): Promise<Page<OperationRow>> {
      const rows = await db
        .select()
        .from(operations)
        .where(
          and(
            afterCursor(operations, request.cursor),
            request.ref === undefined ? undefined : eq(operations.ref, request.ref),
            request.since === undefined ? undefined : gte(operations.createdAt, request.since),
          ),
        )
        .orderBy(...newestFirst(operations))
        .limit(request.limit + 1)
      return cut(rows, request.limit)
    },
    /** What is not finished, oldest first: at start, jobs among them are queued again. */
    listOpen: (): Promise<OperationRow[]> =>
      db
        .select()
        .from(operations)
        .where(inArray(operations.status, [...OPEN]))
        .orderBy(asc(operations.createdAt)),
    listOpenOf: (ref: string): Promise<OperationRow[]> =>
      db
        .select()
        .from(operations)
        .where(and(eq(operations.ref, ref), inArray(operations.status, [...OPEN]))),
    start: (id: string): Promise<void> => set(id, { status: 'running' }),
    step: (id: string, name: string, to: StepTo): Promise<void> =>
      db.transaction(async (tx) => {
        const [row] = await tx.select().from(operations).where(stillOpen(id)).for('update')
        if (!row) return
        const steps = withStep(
          row.steps,
          { name, ...(typeof to === 'string' ? { status: to } : to) },
          new Date().toISOString(),
        )
        if (steps === row.steps) return
        await tx
          .update(operations)
          .set({ steps, status: 'running', updatedAt: sql`clock_timestamp()` })
          .where(eq(operations.id, id))
      }),
    /** 0 to 1. It never goes back: a further pass counts its own steps, and a job that runs again begins anew. */
    progress: (id: string, progress: number): Promise<void> =>
      set(id, { progress: atLeast(Math.min(1, Math.max(0, progress))) }),
    succeed: (id: string, result?: Record<string, unknown>): Promise<void> =>
      set(id, { status: 'succeeded', progress: 1, result: result ?? null, input: {}, finishedAt: finished }),
    /** Why it will fail; it is open until what it did is undone. */
    verdict: (id: string, problem: OperationProblem): Promise<void> => set(id, { problem }),
    fail: (id: string, problem: OperationProblem): Promise<void> =>
      set(id, { status: 'failed', problem, input: {}, finishedAt: finished }),
    /** Whatever waited for this generation of the project, or an earlier one, has happened. */
    async completeLifecycle(ref: string, generation: number): Promise<void> {
      await db
        .update(operations)
        .set({ status: 'succeeded', progress: 1, updatedAt: sql`clock_timestamp()`, finishedAt: finished })
        .where(
          and(
            eq(operations.ref, ref),
            isNotNull(operations.generation),
            lte(operations.generation, generation),
            inArray(operations.status, [...OPEN]),
          ),
        )
    },
  }
}
