/**
 * Which file of the suite exercises which method of the client's builders. A law (`test/law`) holds this list to the
 * methods the package has; each file's own run holds it to what was called.
 */
export const METHODS = {
  filters: [
    ...['eq', 'neq', 'gt', 'gte', 'lt', 'lte', 'like', 'likeAllOf', 'likeAnyOf', 'ilike', 'ilikeAllOf'],
    ...['ilikeAnyOf', 'regexMatch', 'regexIMatch', 'is', 'isDistinct', 'in', 'notIn', 'contains'],
    ...['containedBy', 'rangeGt', 'rangeGte', 'rangeLt', 'rangeLte', 'rangeAdjacent', 'overlaps'],
    ...['textSearch', 'match', 'not', 'or', 'filter'],
  ],
  reads: ['from', 'select'],
  transforms: [
    ...['order', 'limit', 'range', 'single', 'maybeSingle', 'csv', 'geojson', 'explain', 'returns'],
    ...['overrideTypes', 'stripNulls', 'setHeader', 'then'],
  ],
  writes: ['insert', 'upsert', 'update', 'delete', 'rollback', 'maxAffected'],
  functions: ['rpc'],
  callers: ['schema', 'getOpenApiSpec'],
  failures: ['abortSignal', 'retry', 'throwOnError'],
} as const

export type Theme = keyof typeof METHODS

/** What is no public method, each with its reason. */
export const NOT_EXERCISED: Readonly<Record<string, string>> = {
  constructor: 'every client and query calls it',
  processResponse: 'private to the package',
  cloneRequestState: 'private to the package',
  decorateFetch: 'private to the package',
}
