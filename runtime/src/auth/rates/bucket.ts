/** A token bucket: `capacity` at once, refilled evenly over a period. Pure. */
export type Bucket = { readonly tokens: number; readonly atMs: number }
export type BucketSize = { capacity: number; refillMs: number }
export type Taken = { bucket: Bucket; isAllowed: boolean /** 0 when allowed */; retryAfterMs: number }

/** No bucket yet is a full one. Takes one token, or tells when there will be one. */
export function takeToken(
  bucket: Bucket | undefined,
  { capacity, refillMs }: BucketSize,
  nowMs: number,
): Taken {
  // A clock that was set back must not empty a bucket, nor settings that were lowered leave it too full.
  const passedMs = Math.max(0, nowMs - (bucket?.atMs ?? nowMs))
  const tokens = Math.min(capacity, (bucket?.tokens ?? capacity) + (passedMs * capacity) / refillMs)
  if (tokens >= 1) return { bucket: { tokens: tokens - 1, atMs: nowMs }, isAllowed: true, retryAfterMs: 0 }
  const retryAfterMs = capacity === 0 ? refillMs : Math.ceil(((1 - tokens) * refillMs) / capacity)
  return { bucket: { tokens, atMs: nowMs }, isAllowed: false, retryAfterMs }
}
