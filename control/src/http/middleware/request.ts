/** Every request: its id, its address, the headers of every answer, and one line in the log. */
import { randomUUID } from 'node:crypto'
import { HEALTH_LIVE_PATH, HEALTH_READY_PATH, REQUEST_ID_HEADER } from '@cascata/shared/http'
import { createMiddleware } from 'hono/factory'
import { forLog } from '../../app/failure.ts'
import type { Env, HttpDeps } from '../env.ts'

const REQUEST_ID = /^[A-Za-z0-9._-]{8,100}$/

const PROBES: ReadonlySet<string> = new Set([HEALTH_LIVE_PATH, HEALTH_READY_PATH])

const SECURITY_HEADERS = {
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'referrer-policy': 'no-referrer',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
}

export const requestFrame = ({ log, clock }: HttpDeps) =>
  createMiddleware<Env>(async (c, next) => {
    const startedAt = clock.now()
    const given = c.req.header(REQUEST_ID_HEADER) ?? ''
    const requestId = REQUEST_ID.test(given) ? given : randomUUID()
    c.set('requestId', requestId)
    // Only the edge reaches the socket, and it overwrites what its caller said.
    c.set('address', c.req.header('x-forwarded-for')?.split(',')[0]?.trim() || 'local')
    await next()
    c.res.headers.set(REQUEST_ID_HEADER, requestId)
    for (const [name, value] of Object.entries(SECURITY_HEADERS)) {
      if (!c.res.headers.has(name)) c.res.headers.set(name, value)
    }
    const failure = c.get('failure')
    const fields = {
      request_id: requestId,
      method: c.req.method,
      path: c.req.path,
      status: c.res.status,
      ms: clock.now() - startedAt,
      token_id: c.get('caller')?.tokenId,
    }
    if (c.res.status >= 500) log.error({ ...fields, err: forLog(failure) }, 'request failed')
    // Probes come every few seconds for ever: they would be most of the log.
    else if (PROBES.has(c.req.path)) log.debug(fields, 'request')
    else log.info(typeof failure === 'string' ? { ...fields, problem: failure } : fields, 'request')
  })
