/** API tokens, found by their hash. */
import { and, eq, gt, isNull, lt, or, sql } from 'drizzle-orm'
import { afterCursor, cut, newestFirst, type Page, type PageRequest } from './cursor.ts'
import { type Db, only } from './db.ts'
import { type TokenRow, tokens } from './tables/access.ts'

export function tokenQueries(db: Db) {
  const live = and(isNull(tokens.revokedAt), or(isNull(tokens.expiresAt), gt(tokens.expiresAt, sql`now()`)))

  return {
    insert: async (row: typeof tokens.$inferInsert): Promise<TokenRow> =>
      only(await db.insert(tokens).values(row).returning()),
    /** Neither revoked nor expired. */
    findLive: async (hash: string): Promise<TokenRow | undefined> =>
      (
        await db
          .select()
          .from(tokens)
          .where(and(eq(tokens.hash, hash), live))
      )[0],
    /** Notes the use, to the minute: a busy caller costs one write a minute. */
    async touch(id: string): Promise<void> {
      const stale = or(isNull(tokens.lastUsedAt), lt(tokens.lastUsedAt, sql`now() - interval '1 minute'`))
      await db
        .update(tokens)
        .set({ lastUsedAt: sql`now()` })
        .where(and(eq(tokens.id, id), stale))
    },
    async page(request: PageRequest): Promise<Page<TokenRow>> {
      const rows = await db
        .select()
        .from(tokens)
        .where(afterCursor(tokens, request.cursor))
        .orderBy(...newestFirst(tokens))
        .limit(request.limit + 1)
      return cut(rows, request.limit)
    },
    /** Live owners of everything, locked until the transaction ends: the last one may not go. */
    listOwners: (): Promise<TokenRow[]> =>
      db
        .select()
        .from(tokens)
        .where(and(eq(tokens.scope, 'owner'), isNull(tokens.projectRef), isNull(tokens.expiresAt), live))
        .orderBy(tokens.id)
        .for('update'),
    /** Undefined when there is none, or it was revoked before. */
    revoke: async (id: string): Promise<TokenRow | undefined> =>
      (
        await db
          .update(tokens)
          .set({ revokedAt: sql`now()` })
          .where(and(eq(tokens.id, id), isNull(tokens.revokedAt)))
          .returning()
      )[0],
  }
}
