/**
 * The service below `/auth/v1`: finds the route, asks who may call it, runs it, and words what went wrong. It knows
 * nothing of HTTP's wire and of the other services.
 */
import { Problem } from '@cascata/shared/problem'
import type { Session } from '../session/session.ts'
import { assertAdmin } from './access.ts'
import type { Context } from './context.ts'
import { API_VERSION_HEADER, wordFailure } from './dialect.ts'
import { MethodNotAllowed, NothingHere } from './errors.ts'
import { assertWithinRate } from './guard.ts'
import { tellOfNewcomers } from './newcomers.ts'
import type { AuthAnswer, AuthRequest } from './request.ts'
import { createRouter } from './router.ts'
import { ROUTES } from './routes.ts'

export type AuthInput = {
  method: string
  path: string
  query: string
  headers: Readonly<Record<string, string>>
  body: Buffer | null
}

export type AuthOutput = {
  status: number
  headers: readonly (readonly [name: string, value: string])[]
  body: string | null
}

const router = createRouter(ROUTES)

export async function handleAuth(
  context: Context,
  input: AuthInput,
  { session, signal }: { session: Session; signal: AbortSignal },
): Promise<AuthOutput> {
  const found = router.find(input.method, input.path)
  if (found === undefined) throw NothingHere()
  if (!('route' in found)) throw MethodNotAllowed(input.method)
  const { route, params } = found
  const query = new URLSearchParams(input.query)
  const request: AuthRequest = { ...input, query, params, session, signal, newcomers: new Set() }
  if (route.access === 'admin') assertAdmin(context, request)
  if (route.rate) await assertWithinRate(context, request, route.rate)
  if (!route.staysInside) await context.egress.ready()
  try {
    const answer = await route.run(context, request)
    await tellOfNewcomers(context, request)
    return written(answer, input.headers)
  } catch (error) {
    throw withoutRows(error)
  }
}

function written({ status, headers = [], json, text }: AuthAnswer, asked: AuthInput['headers']): AuthOutput {
  const version = asked[API_VERSION_HEADER]
  const echoed = version === undefined ? [] : [[API_VERSION_HEADER, version] as const]
  if (text !== undefined) return { status, headers: [...headers, ...echoed], body: text }
  if (json === undefined) return { status, headers: [...headers, ...echoed], body: null }
  const type = ['content-type', 'application/json'] as const
  // A token must not lie in anybody's cache.
  const kept = headers.some(([name]) => name === 'cache-control')
  const cache = kept ? [] : [['cache-control', 'no-store'] as const]
  return { status, headers: [type, ...cache, ...headers, ...echoed], body: JSON.stringify(json) }
}

/** Postgres quotes the row that it refuses, for the log to keep: the hash of a password would stand in it. */
function withoutRows(error: unknown): unknown {
  if (!(error instanceof Error) || error.name !== 'PostgresError') return error
  return Object.assign(error, { detail: undefined, where: undefined })
}

/** @throws what is no problem: a bug, which the server words. */
export function refusal(error: unknown, requestId: string, headers: AuthInput['headers']): AuthOutput {
  if (!(error instanceof Problem)) throw error
  return wordFailure(error, requestId, headers[API_VERSION_HEADER])
}
