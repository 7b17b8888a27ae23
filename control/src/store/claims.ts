/** One-time links that make an owner token. */
import { and, eq, gt, isNull, lt, sql } from 'drizzle-orm'
import { type Db, only } from './db.ts'
import { type ClaimRow, claims } from './tables/access.ts'

export function claimQueries(db: Db) {
  return {
    insert: async (row: { hash: string; expiresAt: string }): Promise<ClaimRow> =>
      only(await db.insert(claims).values(row).returning()),
    /** Takes it, once: of any number of callers at the same moment one gets the row. */
    claim: async (hash: string): Promise<ClaimRow | undefined> =>
      (
        await db
          .update(claims)
          .set({ claimedAt: sql`now()` })
          .where(and(eq(claims.hash, hash), isNull(claims.claimedAt), gt(claims.expiresAt, sql`now()`)))
          .returning()
      )[0],
    /** A new first link takes the place of those before it. */
    async withdrawOpen(): Promise<void> {
      await db.delete(claims).where(isNull(claims.claimedAt))
    },
    async forgetExpired(): Promise<void> {
      await db
        .delete(claims)
        .where(and(isNull(claims.claimedAt), lt(claims.expiresAt, sql`now() - interval '1 day'`)))
    },
  }
}
