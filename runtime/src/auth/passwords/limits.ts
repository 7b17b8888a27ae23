/** What passwords may cost, in one place. Measurements: docs/decisions/0016. */

/** OWASP's first choice of small memory: 19 MiB, two passes, one lane. */
export const ARGON2_COST = { memoryKiB: 19_456, passes: 2, lanes: 1 } as const

/** Longest password that is looked at, in UTF-16 units: nothing shorter is ever cut. */
export const PASSWORD_LENGTH_MAX = 1_000

/** bcrypt reads no further. */
export const BCRYPT_BYTES_MAX = 72

/** A runtime may use one processor by default, which two hashes at once would take from the event loop without ending sooner. */
export const AT_ONCE_MAX = 1

/** One to two seconds of work. */
export const WAITING_MAX = 32
export const RETRY_AFTER_S = 2

/** Hashes come from elsewhere, too: what verifying one may take. A runtime has 256 MiB by default. */
export const VERIFY_MEMORY_KIB_MAX = 64 * 1024
/** Memory times passes (argon2) or lanes (scrypt), in KiB: ten passes over the most memory. */
export const VERIFY_WORK_KIB_MAX = 10 * VERIFY_MEMORY_KIB_MAX
export const BCRYPT_COST_MAX = 15
export const HASH_LENGTH_MAX = 1_024
