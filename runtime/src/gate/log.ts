/**
 * One record per request. It says who asked for what and what came of it; it never holds a header, a body or the
 * value of a query parameter: tokens and people's data travel there.
 */
import type { Session } from '../session/session.ts'
import { LOGGED_KEYS_MAX } from './limits.ts'

/** A column, an operator, a path into JSON: a name. Anything else in its place may be a value. */
const NAME = /^[\w.\->!()*,:]{1,48}$/

function queryKeys(query: string): string[] {
  return query.split('&', LOGGED_KEYS_MAX).map((pair) => {
    const at = pair.indexOf('=')
    const key = at < 0 ? '' : pair.slice(0, at)
    return NAME.test(key) ? key : '?'
  })
}

export type RequestFacts = {
  id: string
  method: string
  path: string
  query: string
  status: number
  ms: number
  /** Of the answer's body. */
  bytes: number
  session: Session | undefined
  /** The caller left before the answer was out. */
  aborted: boolean
}

/** Nothing that JSON would have to escape. */
const PLAIN = /^[ !#-[\]-~]*$/

const quote = (text: string): string => (PLAIN.test(text) ? `"${text}"` : JSON.stringify(text))

/** A session lasts as long as its token is remembered: many requests. */
const callers = new WeakMap<Session, string>()

function callerMembers(session: Session): string {
  const known = callers.get(session)
  if (known !== undefined) return known
  const { sub } = session.claims
  const user = typeof sub === 'string' ? `,"sub":${quote(sub)}` : ''
  const members = `,"role":${quote(session.role)}${user}`
  callers.set(session, members)
  return members
}

/** The record's members as JSON, without the braces: written by hand, for every request has one. */
export function requestMembers(facts: RequestFacts): string {
  const { id, method, path, query, status, bytes, session } = facts
  const keys = query === '' ? '' : `,"query":[${queryKeys(query).map(quote).join()}]`
  const caller = session ? callerMembers(session) : ''
  const ms = Math.round(facts.ms * 100) / 100
  const gone = facts.aborted ? ',"aborted":true' : ''
  return `"id":"${id}","method":${quote(method)},"path":${quote(path)}${keys},"status":${status},"ms":${ms},"bytes":${bytes}${caller}${gone}`
}
