/**
 * What happens to a request: id -> preflight or health -> place under way -> URL budget -> service by prefix ->
 * who asks -> held while starting -> body budget -> service -> answer -> one record.
 *
 * It knows no service by name, no SQL, and nothing of how a request came off the wire.
 */
import type { IncomingHttpHeaders } from 'node:http'
import { REQUEST_ID_HEADER } from '@cascata/shared/http'
import { Problem } from '@cascata/shared/problem'
import { UrlTooLong } from '@cascata/shared/problems/bounds'
import type { ProjectDocument } from '@cascata/shared/project-document'

import type { Activity } from '../gate/activity.ts'
import type { Admission } from '../gate/admission.ts'
import { CallerGone } from '../gate/budget.ts'
import { corsHeaders, preflightHeaders } from '../gate/cors.ts'
import { Starting } from '../gate/errors.ts'
import { START_HOLD_MS } from '../gate/limits.ts'
import { requestMembers } from '../gate/log.ts'
import { type Logger, writeRecord } from '../gate/logger.ts'
import type { Readiness } from '../gate/readiness.ts'
import { requestId } from '../gate/request-id.ts'
import type { Identify } from '../session/claims.ts'
import type { Project } from '../session/project.ts'
import { createSession, type Session } from '../session/session.ts'
import type { Asked } from './asked.ts'
import { problemDialect } from './dialects.ts'
import { InternalError, ServiceNotFound } from './errors.ts'
import type { Health } from './health.ts'
import type { Answer, Service, Talk } from './service.ts'

export type AppDeps = {
  services: readonly Service[]
  project: Project
  identify: Identify
  admission: Admission
  activity: Activity
  readiness: Readiness
  health: Health
  isDraining: () => boolean
  logger: Logger
  /** How long a request waits for the runtime to start; for tests. */
  startHoldMs?: number
}

/** One request and what became known of it on its way. */
export type Exchange = {
  readonly asked: Asked
  readonly id: string
  readonly path: string
  readonly query: string
  readonly startedAt: number
  service: Service | undefined
  session: Session | undefined
}

export type Reply = {
  answer: Answer
  /** Headers that every answer has, whatever made it. */
  common: Answer['headers']
  /** The connection is not kept: we are about to end. */
  close: boolean
}

/** A handshake that was agreed to. */
export type Admitted = {
  talk: Talk
  /** Whether who came in would still be let in: keys change while a connection is open. */
  holds(): Promise<boolean>
}

/** The status that nginx gives a request whose caller left; only ever logged. */
const CALLER_GONE_STATUS = 499

export type App = {
  begin(asked: Asked): Exchange
  /** Never rejects. @returns undefined when there is nobody left to answer. */
  answer(exchange: Exchange): Promise<Reply | undefined>
  /** Whether a service speaks WebSocket there. */
  talksAt(url: string): boolean
  /**
   * Judges a handshake. Never rejects. @param assertRoom throws where there is no place for who is let in.
   * @returns as `answer` where it is refused.
   */
  admit(exchange: Exchange, assertRoom: () => void): Promise<Admitted | Reply | undefined>
  /** The one record of a request, once its end is known. */
  record(exchange: Exchange, end: { status: number; bytes: number; aborted: boolean }): void
}

export function createApp(deps: AppDeps): App {
  const replyWith = (exchange: Exchange, answer: Answer | undefined): Reply | undefined =>
    answer && {
      answer: isWritable(answer) ? answer : answerFailure(exchange, unwritable(answer), deps),
      common: commonHeaders(exchange, deps.project.current().rest),
      close: deps.isDraining(),
    }
  return {
    begin,
    answer: async (exchange) => replyWith(exchange, await answerTo(exchange, deps)),
    talksAt: (url) => serviceAt(deps, pathOf(url))?.talk !== undefined,
    async admit(exchange, assertRoom) {
      try {
        return await admit(exchange, deps, assertRoom)
      } catch (error) {
        return replyWith(exchange, failureOf(exchange, error, deps))
      }
    },
    record(exchange, { status, bytes, aborted }) {
      const { asked, id, path, query, session, startedAt } = exchange
      const ms = performance.now() - startedAt
      // Probes come every few seconds for ever: they would be most of the log.
      writeRecord(deps.logger, deps.health.isProbe(path) ? 'debug' : 'info', () =>
        requestMembers({
          id,
          method: asked.method,
          path,
          query,
          status: aborted ? CALLER_GONE_STATUS : status,
          ms,
          bytes,
          session,
          aborted,
        }),
      )
    },
  }
}

function commonHeaders(
  { asked, id }: Exchange,
  { corsAllowedOrigins, traceHeader }: ProjectDocument['rest'],
): Answer['headers'] {
  const cors = corsHeaders(asked, corsAllowedOrigins)
  if (traceHeader === null) return [[REQUEST_ID_HEADER, id], ...cors]
  const name = traceHeader.toLowerCase()
  const given = asked.headers[name]
  const trace = typeof given === 'string' ? [[traceHeader, given] as const] : []
  // A caller's trace goes back as it came, though our own records have their own id.
  const own = name === REQUEST_ID_HEADER && trace.length > 0 ? [] : [[REQUEST_ID_HEADER, id] as const]
  return [...own, ...trace, ...cors]
}

function begin(asked: Asked): Exchange {
  const { url } = asked
  const path = pathOf(url)
  return {
    asked,
    id: requestId(asked.headers[REQUEST_ID_HEADER]),
    path,
    query: url.slice(path.length + 1),
    startedAt: performance.now(),
    service: undefined,
    session: undefined,
  }
}

function pathOf(url: string): string {
  const mark = url.indexOf('?')
  return mark < 0 ? url : url.slice(0, mark)
}

const serviceAt = ({ services }: AppDeps, path: string): Service | undefined =>
  services.find(({ prefix }) => isBelow(path, prefix))

/** @returns undefined when there is nobody left to answer. */
async function answerTo(exchange: Exchange, deps: AppDeps): Promise<Answer | undefined> {
  const { corsAllowedOrigins } = deps.project.current().rest
  const preflight = preflightHeaders(exchange.asked, corsAllowedOrigins)
  if (preflight) return { status: 200, headers: preflight, body: '' }
  const health = deps.health.answer(exchange.path, exchange.asked.headers)
  if (health) return health

  let isIn = false
  deps.activity.enter()
  try {
    deps.admission.enter()
    isIn = true
    return await serve(exchange, deps)
  } catch (error) {
    return failureOf(exchange, error, deps)
  } finally {
    if (isIn) deps.admission.leave()
    deps.activity.leave()
  }
}

async function serve(exchange: Exchange, deps: AppDeps): Promise<Answer> {
  const { asked, query } = exchange
  const { service, below, credentials } = findService(exchange, deps)
  const before = performance.now()
  const isOpen = service.isOpen?.(asked.method, below) === true
  const found = isOpen && !hasCredential(credentials) ? STRANGER : deps.identify(credentials)
  const session = found instanceof Promise ? await found : found
  const jwtMs = performance.now() - before
  exchange.session = session

  if (!deps.readiness.isOpen()) await started(deps)

  const { limits } = deps.project.current()
  const reading = asked.body({ bytesMax: limits.bodyBytesMax })
  const body = reading instanceof Promise ? await reading : reading
  const input = {
    method: asked.method,
    path: below,
    query,
    headers: plain(asked.headers),
    headersText: asked.headersText,
    body,
    jwtMs,
  }
  return service.handle(input, session, asked.gone)
}

async function admit(exchange: Exchange, deps: AppDeps, assertRoom: () => void): Promise<Admitted> {
  const { service, below, credentials } = findService(exchange, deps)
  if (service.talk === undefined) throw ServiceNotFound()
  const session = await deps.identify(credentials)
  exchange.session = session
  assertRoom()
  await started(deps)
  const talk = service.talk({ path: below, query: exchange.query }, session)
  return {
    talk,
    holds: async () => {
      try {
        await deps.identify(credentials)
        return true
      } catch {
        return false
      }
    },
  }
}

function findService(exchange: Exchange, deps: AppDeps) {
  const { asked, path } = exchange
  const service = serviceAt(deps, path)
  if (!service) throw ServiceNotFound()
  exchange.service = service
  const { urlBytesMax } = deps.project.current().limits
  if (asked.url.length > urlBytesMax) throw UrlTooLong(urlBytesMax)
  const below = path.slice(service.prefix.length) || '/'
  return { service, below, credentials: headersOf(exchange, service, below) }
}

/** @throws Starting, when that took too long. */
async function started({ readiness, startHoldMs = START_HOLD_MS }: AppDeps): Promise<void> {
  if (!readiness.isOpen() && !(await readiness.wait(startHoldMs))) throw Starting()
}

/** A key of the query counts where the service says so and no header has one. */
function headersOf({ asked, query }: Exchange, service: Service, below: string): IncomingHttpHeaders {
  const { headers } = asked
  if (!query.includes('apikey=') || service.takesKeyInQuery?.(below) !== true) return headers
  const apikey = new URLSearchParams(query).get('apikey')
  return apikey === null ? headers : { apikey, ...headers }
}

const STRANGER = createSession({ role: 'anon', claims: { role: 'anon' }, anonRole: 'anon' })

/** Another scheme than Bearer is the service's own: applications show their secret by Basic. */
const hasCredential = ({ apikey, authorization }: IncomingHttpHeaders): boolean =>
  apikey !== undefined || (authorization !== undefined && /^bearer(?: |$)/i.test(authorization))

const isBelow = (path: string, prefix: string): boolean =>
  path.startsWith(prefix) && (path.length === prefix.length || path.charCodeAt(prefix.length) === 47)

function failureOf(exchange: Exchange, error: unknown, deps: AppDeps): Answer | undefined {
  const isGone = error instanceof CallerGone || exchange.asked.gone.aborted
  return isGone ? undefined : answerFailure(exchange, error, deps)
}

function answerFailure(
  { asked, id, service }: Exchange,
  error: unknown,
  { logger, project }: AppDeps,
): Answer {
  const isTerse = project.current().rest.errorVerbosity === 'minimal'
  const dialect = service?.dialect ?? problemDialect
  if (error instanceof Problem) {
    if (error.status >= 500 && error.cause !== undefined) logger.error({ id, err: error.cause }, error.code)
    return dialect(error, id, isTerse, asked.headers)
  }
  // No Problem: a bug. The caller gets constant text, the log gets everything.
  logger.error({ id, err: error }, 'unexpected failure')
  return dialect(InternalError(), id, isTerse, asked.headers)
}

/** Node gives lists only for `set-cookie`, which no request has a use for. */
function plain(headers: IncomingHttpHeaders): Record<string, string> {
  if (headers['set-cookie'] === undefined) return headers as Record<string, string>
  const { 'set-cookie': _dropped, ...rest } = headers
  return rest as Record<string, string>
}

const FIELD_NAME = /^[\w!#$%&'*+\-.^`|~]+$/
const FIELD_VALUE = /^[\t -~\x80-\xff]*$/

/** What no HTTP message can say would break the connection, or say something else: SQL may have made it. */
const isWritable = ({ status, statusText, headers }: Answer): boolean =>
  Number.isInteger(status) &&
  status >= 200 &&
  status <= 999 &&
  (statusText === undefined || FIELD_VALUE.test(statusText)) &&
  headers.every(([name, value]) => FIELD_NAME.test(name) && FIELD_VALUE.test(value))

const unwritable = ({ status, headers }: Answer): Error =>
  new Error(
    `No HTTP message can be made of status ${status} with the headers ${headers.map(([name]) => name)}.`,
  )
