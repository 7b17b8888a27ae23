/** Pages are cut by `(created_at, id)`, newest first, so that rows written meanwhile neither repeat nor hide others. */
import { CursorInvalid } from '@cascata/shared/problems/request'
import { desc, type SQL, sql } from 'drizzle-orm'
import type { PgColumn } from 'drizzle-orm/pg-core'

export type PageRequest = { limit: number; cursor?: string | undefined }
export type Page<Row> = { items: Row[]; nextCursor: string | null }

type Keyed = { createdAt: string; id: string }
type Columns = { createdAt: PgColumn; id: PgColumn }

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/
const TIME = /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(\.\d{1,6})?[+-]\d\d(:\d\d)?$/

const encode = (row: Keyed) => Buffer.from(`${row.createdAt}|${row.id}`).toString('base64url')

export const newestFirst = (table: Columns): SQL[] => [desc(table.createdAt), desc(table.id)]

/** The condition that leaves only rows after the cursor's; undefined without a cursor. */
export function afterCursor(table: Columns, cursor: string | undefined): SQL | undefined {
  if (cursor === undefined) return undefined
  const [createdAt = '', id = ''] = Buffer.from(cursor, 'base64url').toString().split('|')
  if (!TIME.test(createdAt) || !UUID.test(id)) throw CursorInvalid()
  return sql`(${table.createdAt}, ${table.id}) < (${createdAt}::timestamptz, ${id}::uuid)`
}

/** Of `limit + 1` rows read, the page and where the next begins. */
export function cut<Row extends Keyed>(rows: Row[], limit: number): Page<Row> {
  const items = rows.slice(0, limit)
  const last = items.at(-1)
  return { items, nextCursor: rows.length > limit && last ? encode(last) : null }
}
