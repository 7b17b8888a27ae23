/** What a provider may take of us. */
export const PROVIDER_TIMEOUT_MS = 8_000
export const ANSWER_BYTES_MAX = 256 * 1024
/** Descriptions rarely change; keys are looked up anew when a token names one that is not known. */
export const DISCOVERY_AGE_MS = 60 * 60_000
export const KEYS_AGE_MS = 10 * 60_000
/** How often an unknown key may make us ask: tokens are anybody's to make up. */
export const KEYS_COOLDOWN_MS = 30_000
/** Between our clock and theirs. */
export const CLOCK_TOLERANCE_S = 30
export const ID_TOKEN_CHARACTERS_MAX = 32 * 1024
export const CLAIM_CHARACTERS_MAX = 2_000
export const CUSTOM_CLAIMS_BYTES_MAX = 4_096
