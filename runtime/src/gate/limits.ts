/** What the gate lets pass; what a project may set itself stands in its document (`limits`). */

/** Requests under way at once; more are told to come back. Each may hold a body in memory. */
export const REQUESTS_AT_ONCE_MAX = 512

/** What a refused caller is asked to wait. */
export const RETRY_AFTER_S = 1

/** A body must keep coming: longest silence, and longest time in all. */
export const BODY_SILENCE_MS = 15_000
export const BODY_TOTAL_MS = 120_000

/** Requests that arrive while the runtime still starts are held this long before they are refused. */
export const START_HOLD_MS = 8_000

/** Keys of a query that one log record names. */
export const LOGGED_KEYS_MAX = 20
