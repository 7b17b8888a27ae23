/**
 * CORS by hand: any origin may call, for the credential is a header that no browser sends by itself. The headers
 * are constants on the hot path; only a preflight is looked into.
 */
import type { IncomingMessage } from 'node:http'

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

/** On every answer that is no preflight's. */
export const CORS_HEADERS = [
  'access-control-allow-origin',
  '*',
  'access-control-expose-headers',
  EXPOSED.join(', '),
] as const

const HEADER_LIST = /^[\w\-!#$%&'*+.^`|~, ]{1,2048}$/

/** Headers that answer a preflight; undefined when the request is none (an `OPTIONS` of its own is the service's). */
export function preflightHeaders(request: IncomingMessage): [string, string][] | undefined {
  const { headers } = request
  if (request.method !== 'OPTIONS' || headers.origin === undefined) return undefined
  if (headers['access-control-request-method'] === undefined) return undefined
  const asked = headers['access-control-request-headers']
  const allowed = asked !== undefined && HEADER_LIST.test(asked) ? `Authorization, ${asked}` : 'Authorization'
  return [
    ['access-control-allow-origin', '*'],
    ['access-control-allow-methods', 'GET, POST, PATCH, PUT, DELETE, OPTIONS, HEAD'],
    ['access-control-allow-headers', allowed],
    ['access-control-max-age', '86400'],
  ]
}
