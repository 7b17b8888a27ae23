/**
 * What the REST service takes and gives. No HTTP framework is known here: the shell translates.
 */
import type { RequestLimits } from '@cascata/shared/project-document'

export type RestRequestInput = {
  method: string
  /** Path after `/rest/v1`, still percent-encoded, with its leading slash. */
  path: string
  /** Raw query string, without the question mark. */
  query: string
  /** Lower-case names; repeated headers joined by a comma. */
  headers: Readonly<Record<string, string>>
  /** The same as JSON, where it is known already. */
  headersText?: string | undefined
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

/** What a single request may ask for; sizes of URL and body are the gate's. */
export type RestLimits = Omit<RequestLimits, 'bodyBytesMax' | 'urlBytesMax'>

export const DEFAULT_LIMITS: RestLimits = {
  embedDepthMax: 8,
  embedsMax: 100,
  statementTimeoutMs: 15_000,
  planCostMax: null,
}

/** Query shapes whose plan and statement are kept. */
export const PLAN_CACHE_ENTRIES_MAX = 1_000

/** What the planner said of a shape is asked again after this long: tables grow. */
export const PLAN_COST_KEPT_MS = 60_000
