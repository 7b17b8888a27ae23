/** How buckets are kept where replicas count together. Pure. */
import type { Kind } from '../counters/counters.ts'
import type { Bucket } from './bucket.ts'

/** Every bucket is full again by then. */
const FULL_AFTER_MS = 3_600_000

export const bucketKind: Kind<Bucket> = {
  name: 'rate',
  parse(value) {
    if (typeof value !== 'object' || value === null) return undefined
    const { tokens, atMs } = value as Partial<Record<keyof Bucket, unknown>>
    return typeof tokens === 'number' && typeof atMs === 'number' && tokens >= 0 && Number.isFinite(atMs)
      ? { tokens, atMs }
      : undefined
  },
  endsAtMs: ({ atMs }) => atMs + FULL_AFTER_MS,
  // Ours where Redis has none: it fills by itself.
  merge({ shared, ours, isNews }) {
    if (shared === undefined || ours === undefined) return shared ?? ours
    if (!isNews) return shared
    return { tokens: Math.min(shared.tokens, ours.tokens), atMs: Math.max(shared.atMs, ours.atMs) }
  },
}
