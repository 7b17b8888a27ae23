import type { WireLimits } from './limits.ts'

/** Milliseconds to wait after so many failures in a row; spread, so that many clients do not come back together. */
export const backoff = (failures: number, limits: WireLimits): number =>
  Math.min(limits.backoffMaxMs, limits.backoffMinMs * 2 ** Math.min(failures, 30)) *
  (0.75 + Math.random() / 2)
