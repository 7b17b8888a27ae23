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
  callers: ['schema'],
  failures: ['abortSignal', 'retry', 'throwOnError'],
} as const

export type Theme = keyof typeof METHODS

/** Methods that the package's types call private. */
export const PRIVATE: readonly string[] = ['constructor', 'processResponse', 'cloneRequestState', 'decorateFetch']
