/** Answers kept for a day, so that a POST sent twice with one `Idempotency-Key` is done once. */
import { and, eq, isNull, lt, sql } from 'drizzle-orm'
import type { Db } from './db.ts'
import { type IdempotencyRow, idempotency } from './tables/access.ts'

type Key = { tokenId: string; key: string }

export function idempotencyQueries(db: Db) {
  const named = ({ tokenId, key }: Key) => and(eq(idempotency.tokenId, tokenId), eq(idempotency.key, key))

  return {
    /** Undefined: the key is ours now. Otherwise what is known of the earlier request. */
    async begin(row: Key & { request: string; requestId: string }): Promise<IdempotencyRow | undefined> {
      const { tokenId, key, request, requestId } = row
      const inserted = await db
        .insert(idempotency)
        .values({ tokenId, key, request, requestId })
        .onConflictDoNothing()
        .returning({ key: idempotency.key })
      if (inserted.length > 0) return undefined
      return (await db.select().from(idempotency).where(named(row)))[0]
    },
    async finish(key: Key, answer: { status: number; answer: string }): Promise<void> {
      await db.update(idempotency).set(answer).where(named(key))
    },
    /** The request came to nothing (or a killed process left it so): the key may be used again. */
    async forget(key: Key): Promise<void> {
      await db.delete(idempotency).where(and(named(key), isNull(idempotency.status)))
    },
    async forgetExpired(): Promise<void> {
      await db.delete(idempotency).where(lt(idempotency.createdAt, sql`now() - interval '1 day'`))
    },
  }
}
