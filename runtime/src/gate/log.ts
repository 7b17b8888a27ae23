/**
 * One record per request. It says who asked for what and what came of it; it never holds a header, a body or the
 * value of a query parameter: tokens and people's data travel there.
 */
import type { Session } from '../session/session.ts'
import { LOGGED_KEYS_MAX } from './limits.ts'

export type RequestRecord = {
  id: string
  method: string
  path: string
  /** Names of the query's parameters, in order. */
  query?: readonly string[]
  status: number
  ms: number
  /** Of the answer's body. */
  bytes: number
  role?: string
  sub?: string
  /** The caller left before the answer was out. */
  aborted?: true
}

/** A column, an operator, a path into JSON: a name. Anything else in its place may be a value. */
const NAME = /^[\w.\->!()*,:]{1,48}$/

export function queryKeys(query: string): string[] {
  if (query === '') return []
  return query.split('&', LOGGED_KEYS_MAX).map((pair) => {
    const at = pair.indexOf('=')
    const key = at < 0 ? '' : pair.slice(0, at)
    return NAME.test(key) ? key : '?'
  })
}

export function requestRecord(input: {
  id: string
  method: string
  path: string
  query: string
  status: number
  ms: number
  bytes: number
  session: Session | undefined
  aborted: boolean
}): RequestRecord {
  const { id, method, path, query, status, bytes, session } = input
  const sub = session?.claims.sub
  return {
    id,
    method,
    path,
    ...(query === '' ? {} : { query: queryKeys(query) }),
    status,
    ms: Math.round(input.ms * 100) / 100,
    bytes,
    ...(session ? { role: session.role } : {}),
    ...(typeof sub === 'string' ? { sub } : {}),
    ...(input.aborted ? { aborted: true } : {}),
  }
}
