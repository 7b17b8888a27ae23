/** Every bound of the use cases. */
const GiB = 1024 ** 3

/** What a new upload must leave free on the disk. */
export const DISK_RESERVE_BYTES = GiB / 2
export const IMPORT_BYTES_MAX = 1024 * GiB
/** Names of its own that a project may claim. */
export const DOMAINS_MAX = 100
export const CLAIM_MINUTES = 15
/** A deleted project can be brought back for so long. */
export const DELETED_DAYS = 7
/** How many refs are tried for one name before a random one. */
export const REF_SUFFIX_MAX = 20
/** A follower reads again after this time, should a notice be lost; it also keeps proxies from hanging up. */
export const FOLLOW_REREAD_MS = 10_000
/** How often answers that are older than a day are forgotten. */
export const PRUNE_EVERY_MS = 3_600_000
