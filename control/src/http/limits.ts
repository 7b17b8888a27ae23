/** Every bound of the control API's surface. */
const MiB = 1024 * 1024

export const BODY_BYTES_MAX = MiB
/** SQL comes as dumps, too. */
export const SQL_BODY_BYTES_MAX = 64 * MiB
/** Wrong tokens or claims from one address within the window; further wrong ones are told to wait. */
export const FAILED_ATTEMPTS_MAX = 20
export const FAILED_ATTEMPTS_WINDOW_MS = 60_000
/** Addresses remembered; the oldest make room. */
export const ADDRESSES_MAX = 10_000
/** Streams of events open at once. */
export const STREAMS_MAX = 200
export const LOG_TAIL_MAX = 10_000
export const STREAM_RETRY_MS = 1_000
