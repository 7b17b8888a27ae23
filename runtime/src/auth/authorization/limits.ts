/** What applications may take of a project. The lengths are those of GoTrue's columns. */
export const REDIRECT_URIS_MAX = 10
export const URI_CHARACTERS_MAX = 2_048
export const NAME_CHARACTERS_MAX = 1_024
export const SCOPE_CHARACTERS_MAX = 2_048
export const STATE_CHARACTERS_MAX = 4_096
export const NONCE_CHARACTERS_MAX = 255
/** RFC 6749, 4.1.2: at most ten minutes. */
export const CODE_LIFETIME_MS = 10 * 60_000
export const ID_TOKEN_LIFETIME_S = 3_600
/** Those that registered themselves. */
export const DYNAMIC_CLIENTS_MAX = 1_000
/** One that nobody agreed to for so long goes. */
export const STALE_CLIENT_MS = 7 * 24 * 3_600_000
