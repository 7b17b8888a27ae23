/** What may be asked of us by an identity provider, and by whoever says he is one. */
export const RESPONSE_BYTES_MAX = 128 * 1024
/** One provider's own; the lists of federations, with thousands in them, are larger. */
export const METADATA_BYTES_MAX = 512 * 1024
export const METADATA_TIMEOUT_MS = 8_000
/** Elements of a message: checking a signature takes a time for each, and anybody may bring one. */
export const MESSAGE_ELEMENTS_MAX = 2_000
export const METADATA_ELEMENTS_MAX = 10_000
/** How deep they may lie in each other. */
export const DEPTH_MAX = 40
/** Each is tried. */
export const CERTIFICATES_MAX = 6
export const RSA_BITS_MIN = 2_048
/** Of an id, of a person's name at the provider. */
export const ID_CHARACTERS_MAX = 255
/** Between our clock and theirs. */
export const CLOCK_TOLERANCE_MS = 60_000
/** An assertion is made when somebody signs in, and comes here at once. */
export const ASSERTION_AGE_MS_MAX = 10 * 60_000
