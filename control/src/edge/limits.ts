/** The bounds of the edge itself. */

/** Long for an answer or an upload, and as long as a change may have to wait for old workers to make room. */
export const WORKER_SHUTDOWN_S = 120

/** Of each worker; a request that is passed on takes two, its caller's and the project's. 420 bytes each, used or not. */
export const WORKER_CONNECTIONS = 8_192
