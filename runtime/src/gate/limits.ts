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

/** WebSockets open at once; each is some 15 KB while nothing is said on it. */
export const SOCKETS_AT_ONCE_MAX = 1_000

/** Of one address: whoever has the public key must not have all of the places. */
export const SOCKETS_OF_ADDRESS_MAX = 250

/** One message of a caller. A message that is half there is kept, and all of them could keep one. */
export const SOCKET_FRAME_BYTES_MAX = 64 * 1024

/** What waits for a caller that does not read; the connection of one that lets more gather is ended. */
export const SOCKET_UNREAD_BYTES_MAX = 1_000_000

/** Who has said nothing for so long is gone: clients give a sign of life every 25 s. */
export const SOCKET_SILENCE_MS = 60_000

/** After the word that a connection ends, so long for the other side to agree. */
export const SOCKET_FAREWELL_MS = 3_000

/** Keys of a query that one log record names. */
export const LOGGED_KEYS_MAX = 20
