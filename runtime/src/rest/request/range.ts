/** Rows asked for: `limit` and `offset` of the query, narrowed by the `Range` header on GET. */
import { LimitNegative, RangeReversed } from '../errors.ts'
import type { RawPage } from './query-string.ts'

export type RowRange = { offset: number; limit: number | null }

const HEADER = /^([0-9]+)-([0-9]*)$/
const ENDLESS = Number.POSITIVE_INFINITY

/** The rules are PostgREST's, oddities too: nothing but `limit=0` may ask for no rows. */
export function topLevelRange(page: RawPage | undefined, header: string | undefined): RowRange {
  const [first, last] = boundsOf(page)
  if (last === -1) return { offset: 0, limit: 0 }
  const asked = header === undefined ? null : HEADER.exec(header)
  const from = asked === null ? 0 : Number(asked[1])
  const to = asked?.[2] ? Number(asked[2]) : ENDLESS
  if (from > to) throw RangeReversed()
  const [lower, upper] = [Math.max(first, from), Math.min(last, to)]
  if (lower > upper) throw LimitNegative()
  return { offset: lower, limit: upper === ENDLESS ? null : upper - lower + 1 }
}

/** First and last row. An offset beside a limit that is no number leaves no rows. */
function boundsOf(page: RawPage | undefined): [number, number] {
  if (page === undefined) return [0, ENDLESS]
  const { limit, offset, hasLimit, hasOffset } = page
  if (!hasLimit) return [offset ?? 0, ENDLESS]
  if (!hasOffset) return [0, limit === null ? ENDLESS : limit - 1]
  return [offset ?? 0, (offset ?? 0) + (limit ?? 0) - 1]
}
