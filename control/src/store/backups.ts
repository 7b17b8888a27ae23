/** Backups: archives on disk, and how each came out. */
import { BackupNotFound } from '@cascata/shared/problems/backups'
import { and, eq, gte, sql } from 'drizzle-orm'
import { afterCursor, cut, newestFirst, type Page, type PageRequest } from './cursor.ts'
import { type Db, only } from './db.ts'
import { type BackupRow, backups } from './tables/backups.ts'

export type BackupOutcome = { bytes: number; sha256: string; summary: Record<string, unknown> }

export function backupQueries(db: Db) {
  const find = async (id: string): Promise<BackupRow | undefined> =>
    (await db.select().from(backups).where(eq(backups.id, id)))[0]

  return {
    find,
    insert: async (row: typeof backups.$inferInsert): Promise<BackupRow> =>
      only(await db.insert(backups).values(row).returning()),
    async get(id: string): Promise<BackupRow> {
      const row = await find(id)
      if (!row) throw BackupNotFound()
      return row
    },
    /** `since` hides what belonged to an earlier project of the same ref. */
    async page(ref: string, request: PageRequest & { since?: string | undefined }): Promise<Page<BackupRow>> {
      const rows = await db
        .select()
        .from(backups)
        .where(
          and(
            eq(backups.ref, ref),
            afterCursor(backups, request.cursor),
            request.since === undefined ? undefined : gte(backups.createdAt, request.since),
          ),
        )
        .orderBy(...newestFirst(backups))
        .limit(request.limit + 1)
      return cut(rows, request.limit)
    },
    listOf: (ref: string): Promise<BackupRow[]> => db.select().from(backups).where(eq(backups.ref, ref)),
    async ready(id: string, outcome: BackupOutcome): Promise<void> {
      await db
        .update(backups)
        .set({ ...outcome, status: 'ready', finishedAt: sql`now()` })
        .where(eq(backups.id, id))
    },
    async fail(id: string): Promise<void> {
      await db
        .update(backups)
        .set({ status: 'failed', finishedAt: sql`now()` })
        .where(and(eq(backups.id, id), eq(backups.status, 'pending')))
    },
    async remove(id: string): Promise<void> {
      await db.delete(backups).where(eq(backups.id, id))
    },
  }
}
