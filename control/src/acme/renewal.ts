/**
 * When a certificate is to be renewed: when its authority suggests (RFC 9773), else with a third of its life left, or
 * with half of it when it lives less than ten days. Pure.
 */
import type { RenewalWindow } from './port.ts'

const MINUTE_MS = 60_000
const HOUR_MS = 60 * MINUTE_MS
const DAY_MS = 24 * HOUR_MS
const SHORT_LIFE_MS = 10 * DAY_MS

export type Life = { notBefore: number; notAfter: number }

export function dueByLife({ notBefore, notAfter }: Life): number {
  const lifeMs = notAfter - notBefore
  return notAfter - lifeMs / (lifeMs < SHORT_LIFE_MS ? 2 : 3)
}

/** Some moment of the window, so that not everybody comes at its first (RFC 9773, 4.2). One behind us means now. */
export function momentIn(
  { startMs, endMs }: Pick<RenewalWindow, 'startMs' | 'endMs'>,
  random: number,
): number {
  return Math.floor(startMs + random * Math.max(0, endMs - startMs))
}

/** A window that makes no sense is none: its end before its start, or all of it after the certificate's end. */
export const isUsable = ({ startMs, endMs }: RenewalWindow, { notAfter }: Life): boolean =>
  startMs <= endMs && startMs < notAfter

/** The next look at the window: when the authority says, within bounds (RFC 9773, 4.3.2). */
const ASK_AGAIN_MS = 6 * HOUR_MS
const ASK_AGAIN_MS_MIN = MINUTE_MS
const ASK_AGAIN_MS_MAX = DAY_MS

export const askAgainIn = (retryAfterMs: number | null): number =>
  Math.min(Math.max(retryAfterMs ?? ASK_AGAIN_MS, ASK_AGAIN_MS_MIN), ASK_AGAIN_MS_MAX)

const BACKOFF_MS = [1, 10, 100, 24 * 60].map((minutes) => minutes * MINUTE_MS)

/**
 * What to leave between the failure of this number (1, 2, ...) and the next try: 1, 10, 100 minutes, then a day; but
 * never more than a quarter of what is left to the certificate that is to be replaced.
 */
export function backoffAfter(failures: number, leftMs: number | null = null): number {
  const pauseMs = BACKOFF_MS[Math.min(Math.max(failures, 1), BACKOFF_MS.length) - 1] ?? DAY_MS
  if (leftMs === null || leftMs <= 0) return pauseMs
  return Math.min(pauseMs, Math.max(leftMs / 4, MINUTE_MS))
}
