/** What a project's use of the disk means for it, and when to look again. Pure. */

export type DiskState = 'ok' | 'nearly-full' | 'full'

const WARN_SHARE = 0.8
/** Full is left only some way below the limit: at the edge of it a project would be shut and opened with every row. */
const BACK_SHARE = 0.95

/** `limitBytes` null is no limit. */
export function judge(usedBytes: number, limitBytes: number | null, before: DiskState): DiskState {
  if (limitBytes === null) return 'ok'
  const share = usedBytes / limitBytes
  if (share >= 1 || (before === 'full' && share >= BACK_SHARE)) return 'full'
  return share >= WARN_SHARE ? 'nearly-full' : 'ok'
}

export type Measured = { usedBytes: number; at: number; growthPerMs: number }

const SOONEST_MS = 2_000
const LATEST_MS = 300_000
/** Of the time in which it would be full if it grew on like this. */
const PART_OF_THAT = 0.25

/** How long what was measured holds. */
export function holdsMs({ usedBytes, growthPerMs }: Measured, limitBytes: number | null): number {
  if (limitBytes === null) return LATEST_MS
  const left = limitBytes - usedBytes
  // Whoever makes room waits for the writing to go on.
  if (left <= limitBytes * (1 - BACK_SHARE)) return SOONEST_MS
  if (growthPerMs <= 0) return LATEST_MS
  return Math.min(LATEST_MS, Math.max(SOONEST_MS, (left / growthPerMs) * PART_OF_THAT))
}
