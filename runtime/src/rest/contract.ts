/**
 * What the REST service takes and gives. No HTTP framework is known here: the shell translates.
 */
export type RestRequestInput = {
  method: string
  /** Path after `/rest/v1`, still percent-encoded, with its leading slash. */
  path: string
  /** Raw query string, without the question mark. */
  query: string
  /** Lower-case names; repeated headers joined by a comma. */
  headers: Readonly<Record<string, string>>
  body: Uint8Array | null
  /** What identifying the caller took, for `Server-Timing`. */
  jwtMs?: number
}

export type RestResponse = {
  status: number
  /** Reason phrase, when SQL chose one. */
  statusText?: string
  /** In the order they are to be written; names may repeat. */
  headers: [name: string, value: string][]
  body: Buffer | string | null
}

/** Greatest sizes a single request may ask for. */
export type RestLimits = {
  embedDepthMax: number
  statementTimeoutMs: number
}

export const DEFAULT_LIMITS: RestLimits = {
  embedDepthMax: 16,
  statementTimeoutMs: 15_000,
}

/** Query shapes whose plan and statement are kept. */
export const PLAN_CACHE_ENTRIES_MAX = 1_000
