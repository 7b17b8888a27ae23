/** What the session layer allows itself, in one place. */

/** Longest token that is looked at; Node's header limit is far above it. */
export const TOKEN_BYTES_MAX = 8 * 1024

/** Tokens whose signature is remembered as good. Two generations of half of it each. */
export const TOKENS_REMEMBERED_MAX = 2_000

/** Clocks differ: PostgREST allows this much on `exp`, `nbf` and `iat`. */
export const CLOCK_SKEW_S = 30

/** The watch on a directory can miss a change (a network file system, a full queue): look this often as well. */
export const DOCUMENT_STAT_EVERY_MS = 5_000

/** A document is written once but seen in several events: wait until they have settled. */
export const DOCUMENT_SETTLE_MS = 20

/** A new pool could not listen: try again after this long. */
export const LISTEN_RETRY_MS = 1_000
