/** Rows asked for: `limit` and `offset` of the query, narrowed by the `Range` header on GET. */
import { LimitNegative, RangeReversed } from '../errors.ts'
import type { RawPage } from './query-string.ts'

export type RowRange = { offset: number; limit: number | null }

const HEADER = /^([0-9]+)-([0-9]*)$/

export function topLevelRange(page: RawPage | undefined, header: string | undefined): RowRange {
  const limit = page?.limit ?? null
  const offset = page?.offset ?? 0
  // Asking for nothing is fine, and beats whatever else is asked.
  if (limit === 0) return { offset: 0, limit: 0 }
  if (limit !== null && limit < 0) throw LimitNegative()
  const asked = header === undefined ? null : HEADER.exec(header)
  if (asked === null) return { offset, limit }

  const first = Number(asked[1])
  const last = asked[2] ? Number(asked[2]) : Number.POSITIVE_INFINITY
  if (first > last) throw RangeReversed()
  const from = Math.max(offset, first)
  const to = Math.min(limit === null ? Number.POSITIVE_INFINITY : offset + limit - 1, last)
  if (to < from) throw RangeReversed()
  return { offset: from, limit: to === Number.POSITIVE_INFINITY ? null : to - from + 1 }
}
