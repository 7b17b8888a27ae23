/** What a hook may take; GoTrue's figures. */

/** A Postgres function, in the transaction it was called from. */
export const FUNCTION_TIMEOUT_MS = 2_000

/** Longer than Postgres takes to end a statement that ran out of time: for a connection that says nothing any more. */
export const FUNCTION_GRACE_MS = 1_000

/** All attempts of an HTTP hook together. */
export const HTTP_TIMEOUT_MS = 5_000
export const HTTP_ATTEMPTS_MAX = 3
export const HTTP_BACKOFF_MS = 2_000

/** Bytes of an answer. */
export const ANSWER_BYTES_MAX = 200 * 1024

/** Of a hook's own refusal, which is shown to users. */
export const MESSAGE_LENGTH_MAX = 1_000
