/** Header names and paths that both floors and the edge agree on. */

/** One id per request: the edge makes it, the runtime and control log and answer it. */
export const REQUEST_ID_HEADER = 'x-request-id'

export const HEALTH_LIVE_PATH = '/health/live'
export const HEALTH_READY_PATH = '/health/ready'
/** A runtime's load, for control alone: through the edge there is no such path. */
export const HEALTH_LOAD_PATH = '/health/load'
/** The edge writes it over, so it tells a caller from outside. */
export const FORWARDED_FOR_HEADER = 'x-forwarded-for'

/** Which project a request is for: the edge sets it for the activator, and overwrites what a client says. */
export const PROJECT_REF_HEADER = 'x-cascata-ref'

/** Beside a project's sockets: its modification time is when the project was last in use. */
export const ACTIVITY_FILE = 'active'
