/** How long a provider may take, and how much it may answer. */
export const SMS_TIMEOUT_MS = 10_000
export const SMS_ANSWER_BYTES_MAX = 64 * 1024
