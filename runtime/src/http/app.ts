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
import type { ProjectDocument } from '@cascata/shared/project-document'

import type { Admission } from '../gate/admission.ts'
import { CallerGone, readBody } from '../gate/budget.ts'
import { leaving } from '../gate/caller.ts'
import { corsHeaders, preflightHeaders } from '../gate/cors.ts'
import { Starting } from '../gate/errors.ts'
import { START_HOLD_MS } from '../gate/limits.ts'
import { requestMembers } from '../gate/log.ts'
import { type Logger, writeRecord } from '../gate/logger.ts'
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
  readonly gone: AbortSignal
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
      const { id, method, path, query, session } = exchange
      const status = aborted ? CALLER_GONE_STATUS : response.statusCode
      const ms = performance.now() - exchange.startedAt
      // Probes come every few seconds for ever: they would be most of the log.
      writeRecord(deps.logger, probe ? 'debug' : 'info', () =>
        requestMembers({ id, method, path, query, status, ms, bytes, session, aborted }),
      )
    })
    // Neither can fail: `answerTo` turns every throw into an answer.
    void answerTo(exchange, deps).then((answer) => {
      if (!answer || response.destroyed) {
        response.destroy()
        return
      }
      // A body we did not read to its end must not be taken for the next request.
      const unread = !request.complete && hasBody(request)
      const common = commonHeaders(exchange, deps.project.current().rest)
      bytes = send(response, answer, { common, close: unread || deps.isDraining() })
    })
  }
}

function commonHeaders(
  { request, id }: Exchange,
  { corsAllowedOrigins, traceHeader }: ProjectDocument['rest'],
): Answer['headers'] {
  const cors = corsHeaders(request, corsAllowedOrigins)
  if (traceHeader === null) return [[REQUEST_ID_HEADER, id], ...cors]
  const name = traceHeader.toLowerCase()
  const given = request.headers[name]
  const trace = typeof given === 'string' ? [[traceHeader, given] as const] : []
  // A caller's trace goes back as it came, though our own records have their own id.
  const own = name === REQUEST_ID_HEADER && trace.length > 0 ? [] : [[REQUEST_ID_HEADER, id] as const]
  return [...own, ...trace, ...cors]
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
    gone: leaving(request.socket),
    service: undefined,
    session: undefined,
  }
}

/** @returns undefined when there is nobody left to answer. */
async function answerTo(exchange: Exchange, deps: AppDeps): Promise<Answer | undefined> {
  const { corsAllowedOrigins } = deps.project.current().rest
  const preflight = preflightHeaders(exchange.request, corsAllowedOrigins)
  if (preflight) return { status: 200, headers: preflight, body: '' }
  const health = deps.health.answer(exchange.path)
  if (health) return health

  let isIn = false
  try {
    deps.admission.enter()
    isIn = true
    return await serve(exchange, deps)
  } catch (error) {
    return answerFailure(exchange, error, deps)
  } finally {
    if (isIn) deps.admission.leave()
  }
}

async function serve(exchange: Exchange, deps: AppDeps): Promise<Answer> {
  const { request, method, path, query, gone } = exchange
  const { limits } = deps.project.current()
  const service = deps.services.find(({ prefix }) => isBelow(path, prefix))
  if (!service) throw ServiceNotFound()
  exchange.service = service
  if ((request.url ?? '').length > limits.urlBytesMax) throw UrlTooLong(limits.urlBytesMax)

  const below = path.slice(service.prefix.length) || '/'
  const before = performance.now()
  const found = deps.identify(headersOf(exchange, service, below))
  const session = found instanceof Promise ? await found : found
  const jwtMs = performance.now() - before
  exchange.session = session

  if (!deps.readiness.isOpen() && !(await deps.readiness.wait(deps.startHoldMs ?? START_HOLD_MS)))
    throw Starting()

  const reading = readBody(request, { bytesMax: limits.bodyBytesMax })
  const body = reading === null ? null : await reading
  const input = {
    method,
    path: below,
    query,
    headers: plain(request.headers),
    body,
    jwtMs,
  }
  return service.handle(input, session, gone)
}

/** A key of the query counts where the service says so and no header has one. */
function headersOf({ request, query }: Exchange, service: Service, below: string): IncomingHttpHeaders {
  const { headers } = request
  if (!query.includes('apikey=') || service.takesKeyInQuery?.(below) !== true) return headers
  const apikey = new URLSearchParams(query).get('apikey')
  return apikey === null ? headers : { apikey, ...headers }
}

const isBelow = (path: string, prefix: string): boolean =>
  path.startsWith(prefix) && (path.length === prefix.length || path.charCodeAt(prefix.length) === 47)

function answerFailure(exchange: Exchange, error: unknown, { logger, project }: AppDeps): Answer | undefined {
  const isTerse = project.current().rest.errorVerbosity === 'minimal'
  const { id, gone, service } = exchange
  if (error instanceof CallerGone || gone.aborted) return undefined
  const dialect = service?.dialect ?? problemDialect
  if (error instanceof Problem) {
    if (error.status >= 500 && error.cause !== undefined) logger.error({ id, err: error.cause }, error.code)
    return dialect(error, id, isTerse)
  }
  // No Problem: a bug. The caller gets constant text, the log gets everything.
  logger.error({ id, err: error }, 'unexpected failure')
  return dialect(InternalError(), id, isTerse)
}

/** Node gives lists only for `set-cookie`, which no request has a use for. */
function plain(headers: IncomingHttpHeaders): Record<string, string> {
  if (headers['set-cookie'] === undefined) return headers as Record<string, string>
  const { 'set-cookie': _dropped, ...rest } = headers
  return rest as Record<string, string>
}

const hasBody = ({ headers }: IncomingMessage): boolean =>
  headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0
