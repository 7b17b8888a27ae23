/**
 * CORS by hand: any origin may call unless some are named, for the credential is a header that no browser sends by
 * itself. The headers are constants on the hot path; only a preflight is looked into.
 */
import type { IncomingHttpHeaders } from 'node:http'

const EXPOSED = [
  'Content-Encoding',
  'Content-Location',
  'Content-Range',
  'Content-Type',
  'Date',
  'Location',
  'Server',
  'Transfer-Encoding',
  'Range-Unit',
]

type WithHeaders = { headers: IncomingHttpHeaders }
type Headers = readonly (readonly [name: string, value: string])[]

const EXPOSE = ['access-control-expose-headers', EXPOSED.join(', ')] as const

/** On every answer that is no preflight's, where anybody may call. */
const FOR_ANYBODY: Headers = [['access-control-allow-origin', '*'], EXPOSE]

/** A cache must not hand the answer for one origin to another. */
const FOR_NOBODY: Headers = [['vary', 'Origin']]

/** @param allowed origins; none is any. Whoever is not among them is answered all the same: browsers refuse. */
export function corsHeaders({ headers: { origin } }: WithHeaders, allowed: readonly string[]): Headers {
  if (allowed.length === 0) return FOR_ANYBODY
  return origin !== undefined && allowed.includes(origin)
    ? [...allowing(origin), EXPOSE, ...FOR_NOBODY]
    : FOR_NOBODY
}

const allowing = (origin: string): [string, string][] => [
  ['access-control-allow-origin', origin],
  ['access-control-allow-credentials', 'true'],
]

/** Any request may carry these (Fetch, 2.2.2); PostgREST names them all the same. */
const ALWAYS_ALLOWED = ['Accept', 'Accept-Language', 'Content-Language']

const HEADER_LIST = /^[\w\-!#$%&'*+.^`|~, ]{1,2048}$/

/** Headers that answer a preflight; undefined when the request is none (an `OPTIONS` of its own is the service's). */
export function preflightHeaders(
  request: WithHeaders & { method: string },
  allowedOrigins: readonly string[],
): [string, string][] | undefined {
  const { headers } = request
  if (request.method !== 'OPTIONS' || headers.origin === undefined) return undefined
  if (headers['access-control-request-method'] === undefined) return undefined
  const asked = headers['access-control-request-headers']
  const named = asked !== undefined && HEADER_LIST.test(asked) ? asked.split(',') : []
  const allowed = new Map(
    ['Authorization', ...named.map((each) => each.trim()), ...ALWAYS_ALLOWED].map((each) => [
      each.toLowerCase(),
      each,
    ]),
  )
  const anybody = allowedOrigins.length === 0
  // To a stranger it is no preflight.
  if (!anybody && !allowedOrigins.includes(headers.origin)) return undefined
  return [
    ...(anybody ? [['access-control-allow-origin', '*'] as [string, string]] : allowing(headers.origin)),
    ['access-control-allow-methods', 'GET, POST, PATCH, PUT, DELETE, OPTIONS, HEAD'],
    ['access-control-allow-headers', [...allowed.values()].filter((each) => each !== '').join(', ')],
    ['access-control-max-age', '86400'],
  ]
}
