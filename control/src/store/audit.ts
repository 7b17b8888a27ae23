/** The audit trail: rows are added in the transaction of the change; the database numbers and seals them. */
import { createHash } from 'node:crypto'
import { CursorInvalid } from '@cascata/shared/problems/request'
import { and, asc, desc, eq, gt, lt, sql } from 'drizzle-orm'
import type { Page, PageRequest } from './cursor.ts'
import { type Db, only } from './db.ts'
import { type AuditRow, audit } from './tables/audit.ts'

export type AuditEntry = Pick<AuditRow, 'actor' | 'action' | 'target' | 'detail' | 'requestId'>
export type AuditVerdict =
  | { intact: true; rows: number; lastHash: string | null }
  | { intact: false; rows: number; brokenAt: number }

type Sealed = Pick<AuditRow, 'seq' | 'actor' | 'action' | 'target' | 'requestId' | 'previous' | 'hash'> & {
  atText: string
  detailText: string
}

const GENESIS = '0'.repeat(64)
const VERIFY_ROWS = 1_000

const netstring = (text: string) => `${Buffer.byteLength(text)}:${text},`

/** The hash that the insert trigger gave the row (migrations/0001_audit_chain.sql), computed apart from the database. */
function seal(row: Sealed): string {
  const parts = [
    String(row.seq),
    row.atText,
    row.actor,
    row.action,
    row.target,
    row.detailText,
    row.requestId,
  ]
  return createHash('sha256')
    .update([...parts, row.previous].map(netstring).join(''))
    .digest('hex')
}

export function auditQueries(db: Db) {
  const sealed = {
    seq: audit.seq,
    atText: sql<string>`to_char(${audit.at} at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')`,
    actor: audit.actor,
    action: audit.action,
    target: audit.target,
    detailText: sql<string>`${audit.detail}::text`,
    requestId: audit.requestId,
    previous: audit.previous,
    hash: audit.hash,
  }

  return {
    /** The last statement of a transaction: it holds the chain's lock until the end, so waiting after it could deadlock. */
    append: async (entry: AuditEntry): Promise<AuditRow> =>
      only(
        await db
          .insert(audit)
          .values({ ...entry, at: sql`clock_timestamp()` as unknown as string })
          .returning(),
      ),
    /** Newest first. */
    async page(request: PageRequest & { target?: string | undefined }): Promise<Page<AuditRow>> {
      const { cursor, limit, target } = request
      if (cursor !== undefined && !/^\d{1,15}$/.test(cursor)) throw CursorInvalid()
      const rows = await db
        .select()
        .from(audit)
        .where(
          and(
            cursor === undefined ? undefined : lt(audit.seq, Number(cursor)),
            target === undefined ? undefined : eq(audit.target, target),
          ),
        )
        .orderBy(desc(audit.seq))
        .limit(limit + 1)
      const items = rows.slice(0, limit)
      return { items, nextCursor: rows.length > limit ? String(items.at(-1)?.seq) : null }
    },
    /** Whether a change was committed under this request id. */
    has: async (requestId: string): Promise<boolean> =>
      (await db.select({ seq: audit.seq }).from(audit).where(eq(audit.requestId, requestId)).limit(1))
        .length > 0,
    /** Computes the whole chain again. It cannot see rows missing at the very end: compare `lastHash` with one kept elsewhere. */
    async verify(): Promise<AuditVerdict> {
      let seq = 0
      let hash = GENESIS
      for (;;) {
        const rows = await db
          .select(sealed)
          .from(audit)
          .where(gt(audit.seq, seq))
          .orderBy(asc(audit.seq))
          .limit(VERIFY_ROWS)
        for (const row of rows) {
          const follows = row.seq === seq + 1 && row.previous === hash && row.hash === seal(row)
          if (!follows) return { intact: false, rows: seq, brokenAt: row.seq }
          seq = row.seq
          hash = row.hash
        }
        if (rows.length < VERIFY_ROWS) return { intact: true, rows: seq, lastHash: seq === 0 ? null : hash }
      }
    },
  }
}
