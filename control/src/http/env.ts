/** What the surface needs, and what a request carries from one middleware to the next. */

import type { Clock } from '@cascata/shared/clock'
import type { App } from '../app/app.ts'
import type { Caller } from '../app/caller.ts'

/** As much of pino as is used. */
export type Log = {
  debug(fields: object, text: string): void
  info(fields: object, text: string): void
  warn(fields: object, text: string): void
  error(fields: object, text: string): void
}

export type HttpDeps = {
  app: App
  clock: Clock
  log: Log
  version: string
  /** Directories of files that are served as they are. */
  assets: { console: string; reference: string; problems: string }
}

export type Env = {
  Variables: {
    requestId: string
    /** Where the request came from, as the edge saw it. */
    address: string
    /** Set on every route that is not public. */
    caller: Caller
    /** Names the failure in the log. */
    failure: unknown
  }
}
