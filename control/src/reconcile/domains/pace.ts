/** When a claimed name is looked at: often while somebody waits for it, ever less after that. Pure. */
import type { DomainRow } from '../../store/tables/domains.ts'

const [SECOND_MS, MINUTE_MS, HOUR_MS] = [1_000, 60_000, 3_600_000]

const PACE: readonly { upToAgeMs: number; everyMs: number }[] = [
  { upToAgeMs: 10 * MINUTE_MS, everyMs: 5 * SECOND_MS },
  { upToAgeMs: HOUR_MS, everyMs: MINUTE_MS },
  { upToAgeMs: 24 * HOUR_MS, everyMs: 10 * MINUTE_MS },
]

/** @returns milliseconds until it is looked at; 0 when now. */
export function dueInMs({ createdAt, checkedAt }: Pick<DomainRow, 'createdAt' | 'checkedAt'>, now: number) {
  if (checkedAt === null) return 0
  const ageMs = now - Date.parse(createdAt)
  const everyMs = PACE.find(({ upToAgeMs }) => ageMs < upToAgeMs)?.everyMs ?? HOUR_MS
  return Math.max(0, Date.parse(checkedAt) + everyMs - now)
}
