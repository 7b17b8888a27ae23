/**
 * What happens to a request: id -> preflight or health -> place under way -> URL budget -> service by prefix ->
 * who asks -> held while starting -> body budget -> service -> answer -> one record.
 *
 * It knows no service by name and no SQL. node:http is spoken directly: this is the hot path of everything.
 */
import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http'
import { REQUEST_ID_HEADER } from '@cascata/shared/http'
import { Problem } from '@cascata/shared/problem'
import { UrlTooLong } from '@cascata/shared/problems/bounds'

import type { Admission } from '../gate/admission.ts'
import { CallerGone, readBody } from '../gate/budget.ts'
import { preflightHeaders } from '../gate/cors.ts'
import { Starting } from '../gate/errors.ts'
import { START_HOLD_MS } from '../gate/limits.ts'
import { requestRecord } from '../gate/log.ts'
import type { Logger } from '../gate/logger.ts'
import type { Readiness } from '../gate/readiness.ts'
import { requestId } from '../gate/request-id.ts'
import type { Identify } from '../session/claims.ts'
import type { Project } from '../session/project.ts'
import type { Session } from '../session/session.ts'
import { problemDialect } from './dialects.ts'
import { InternalError, ServiceNotFound } from './errors.ts'
import type { Health } from './health.ts'
import { send } from './send.ts'
import type { Answer, Service } from './service.ts'

export type AppDeps = {
  services: readonly Service[]
  project: Project
  identify: Identify
  admission: Admission
  readiness: Readiness
  health: Health
  isDraining: () => boolean
  logger: Logger
  /** How long a request waits for the runtime to start; for tests. */
  startHoldMs?: number
}

/** One request and what became known of it on its way. */
type Exchange = {
  readonly request: IncomingMessage
  readonly id: string
  readonly method: string
  readonly path: string
  readonly query: string
  readonly startedAt: number
  readonly aborter: AbortController
  service: Service | undefined
  session: Session | undefined
}

/** The status that nginx gives a request whose caller left; only ever logged. */
const CALLER_GONE_STATUS = 499

export function createApp(deps: AppDeps): (request: IncomingMessage, response: ServerResponse) => void {
  return (request, response) => {
    const exchange = begin(request)
    let bytes = 0
    const probe = deps.health.isProbe(exchange.path)
    response.once('close', () => {
      const aborted = !response.writableFinished
      if (aborted) exchange.aborter.abort(new CallerGone('the caller left'))
      const { id, method, path, query, session } = exchange
      const status = aborted ? CALLER_GONE_STATUS : response.statusCode
      const ms = performance.now() - exchange.startedAt
      const record = requestRecord({ id, method, path, query, status, ms, bytes, session, aborted })
      // Probes come every few seconds for ever: they would be most of the log.
      if (probe) deps.logger.debug(record, 'request')
      else deps.logger.info(record, 'request')
    })
    // Neither can fail: `answerTo` turns every throw into an answer.
    void answerTo(exchange, deps).then((answer) => {
      if (!answer || response.destroyed) {
        response.destroy()
        return
      }
      // A body we did not read to its end must not be taken for the next request.
      const unread = !request.complete && hasBody(request)
      bytes = send(response, answer, { requestId: exchange.id, close: unread || deps.isDraining() })
    })
  }
}

function begin(request: IncomingMessage): Exchange {
  const { url = '/' } = request
  const mark = url.indexOf('?')
  return {
    request,
    id: requestId(request.headers[REQUEST_ID_HEADER]),
    method: request.method ?? 'GET',
    path: mark < 0 ? url : url.slice(0, mark),
    query: mark < 0 ? '' : url.slice(mark + 1),
    startedAt: performance.now(),
    aborter: new AbortController(),
    service: undefined,
    session: undefined,
  }
}

/** @returns undefined when there is nobody left to answer. */
async function answerTo(exchange: Exchange, deps: AppDeps): Promise<Answer | undefined> {
  const preflight = preflightHeaders(exchange.request)
  if (preflight) return { status: 200, headers: preflight, body: '' }
  const health = deps.health.answer(exchange.path)
  if (health) return health

  let isIn = false
  try {
    deps.admission.enter()
    isIn = true
    return await serve(exchange, deps)
  } catch (error) {
    return answerFailure(exchange, error, deps.logger)
  } finally {
    if (isIn) deps.admission.leave()
  }
}

async function serve(exchange: Exchange, deps: AppDeps): Promise<Answer> {
  const { request, method, path, query, aborter } = exchange
  const { limits } = deps.project.current()
  const service = deps.services.find(({ prefix }) => isBelow(path, prefix))
  if (!service) throw ServiceNotFound()
  exchange.service = service
  if ((request.url ?? '').length > limits.urlBytesMax) throw UrlTooLong(limits.urlBytesMax)

  const before = performance.now()
  const found = deps.identify(request.headers)
  const session = found instanceof Promise ? await found : found
  const jwtMs = performance.now() - before
  exchange.session = session

  if (!deps.readiness.isOpen() && !(await deps.readiness.wait(deps.startHoldMs ?? START_HOLD_MS)))
    throw Starting()

  const reading = readBody(request, { bytesMax: limits.bodyBytesMax })
  const body = reading === null ? null : await reading
  const below = path.slice(service.prefix.length)
  const input = {
    method,
    path: below === '' ? '/' : below,
    query,
    headers: plain(request.headers),
    body,
    jwtMs,
  }
  return service.handle(input, session, aborter.signal)
}

const isBelow = (path: string, prefix: string): boolean =>
  path.startsWith(prefix) && (path.length === prefix.length || path.charCodeAt(prefix.length) === 47)

function answerFailure(exchange: Exchange, error: unknown, logger: Logger): Answer | undefined {
  const { id, aborter, service } = exchange
  if (error instanceof CallerGone || aborter.signal.aborted) return undefined
  const dialect = service?.dialect ?? problemDialect
  if (error instanceof Problem) {
    if (error.status >= 500 && error.cause !== undefined) logger.error({ id, err: error.cause }, error.code)
    return dialect(error, id)
  }
  // No Problem: a bug. The caller gets constant text, the log gets everything.
  logger.error({ id, err: error }, 'unexpected failure')
  return dialect(InternalError(), id)
}

/** Node gives lists only for `set-cookie`, which no request has a use for. */
function plain(headers: IncomingHttpHeaders): Record<string, string> {
  if (headers['set-cookie'] === undefined) return headers as Record<string, string>
  const { 'set-cookie': _dropped, ...rest } = headers
  return rest as Record<string, string>
}

const hasBody = ({ headers }: IncomingMessage): boolean =>
  headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0
