/** Bounds what is read of a body, and refuses what is no JSON where JSON is read. Uploads are bounded by their use case. */
import { MediaTypeUnsupported, RequestTooLarge } from '@cascata/shared/problems/request'
import { bodyLimit } from 'hono/body-limit'
import { createMiddleware } from 'hono/factory'
import type { Env } from '../env.ts'
import { BODY_BYTES_MAX, SQL_BODY_BYTES_MAX } from '../limits.ts'

const UPLOAD_PATHS = new Set(['/v1/projects/import', '/v1/backups/verify'])
const SQL_PATH = /^\/v1\/projects\/[^/]+\/(sql|migrations)$/
const JSON_TYPE = /^application\/([a-z.-]+\+)?json(;|$)/i
const OCTETS = /^application\/octet-stream(;|$)/i

const limitTo = (maxSize: number) =>
  bodyLimit({
    maxSize,
    onError: () => {
      throw RequestTooLarge(maxSize)
    },
  })

export function bodyBounds() {
  const [small, large] = [limitTo(BODY_BYTES_MAX), limitTo(SQL_BODY_BYTES_MAX)]
  return createMiddleware<Env>(async (c, next) => {
    const { method } = c.req
    if (method !== 'POST' && method !== 'PUT' && method !== 'PATCH') return next()
    const type = c.req.header('content-type')
    if (UPLOAD_PATHS.has(c.req.path)) {
      if (!OCTETS.test(type ?? '')) throw MediaTypeUnsupported('application/octet-stream')
      return next()
    }
    if (type !== undefined && !JSON_TYPE.test(type)) throw MediaTypeUnsupported('application/json')
    return SQL_PATH.test(c.req.path) ? large(c, next) : small(c, next)
  })
}
