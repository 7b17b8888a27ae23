/**
 * The REST service: keeps the schema cache, and takes a request through parse, plan, SQL, execute and respond.
 *
 * It knows no HTTP framework; the shell mounts `handle`.
 */
import { Problem } from '@cascata/shared/problem'
import type { RestSettings } from '@cascata/shared/project-document'
import { type Database, DatabaseUnavailable, PostgresError } from '../session/database.ts'
import type { StoredSettings } from '../session/database-settings.ts'
import type { Session } from '../session/session.ts'
import {
  DEFAULT_LIMITS,
  PLAN_CACHE_ENTRIES_MAX,
  type RestLimits,
  type RestRequestInput,
  type RestResponse,
} from './contract.ts'
import { CostGate } from './cost.ts'
import { RestError, SchemaCacheMissing } from './errors.ts'
import { execute } from './execute.ts'
import { Describer } from './openapi/describer.ts'
import { Documents } from './openapi/oas3/answer.ts'
import type { Neighbour } from './openapi/oas3/neighbour.ts'
import { answerRoot } from './openapi/root.ts'
import { outlineOf } from './outline/outline-of.ts'
import { Recall } from './outline/recall.ts'
import { findRoutine } from './plan/call.ts'
import { findTable } from './plan/plan.ts'
import { PreparedShapes } from './prepared.ts'
import { refusalToError, unavailableToError } from './refusals.ts'
import { parseRequest } from './request/request.ts'
import type { RestRequest } from './request/types.ts'
import { describeRoot, describeRoutine, describeTable, errorToResponse, respond } from './respond.ts'
import { type After, SchemaKeeper } from './schema/keeper.ts'
import { loadTimezones } from './schema/load.ts'
import type { SchemaCache } from './schema/types.ts'

const NO_ZONES: ReadonlySet<string> = new Set()

export type RestOptions = {
  database: Database
  /** Read at each request: one object until the project's document changes. */
  settings: () => RestSettings
  /** For tests; a timer of the process when absent. */
  after?: After
  /** Read at each request, too. */
  limits?: () => RestLimits
  /** Whether nothing may be written; read at each request, too. */
  readOnly?: () => boolean
  /** Public URL of this API, with its path; read at each request, too. For what names it: descriptions. */
  url?: () => string
  /** What descriptions say of the project besides this API. */
  neighbour?: Neighbour
  /** Told when the schema could not be read; the keeper tries again by itself. */
  onSchemaError?: (error: unknown) => void
  /** Told what the database says of settings, each time it was asked. */
  onSettings?: (found: StoredSettings) => void
}

export type Rest = {
  /** Never rejects for what a caller or Postgres did; an aborted signal's reason passes through. */
  handle(input: RestRequestInput, session: Session, signal: AbortSignal): Promise<RestResponse>
  reloadSchema(): Promise<void>
  ready(): boolean
  close(): Promise<void>
}

/** How long each step took, in milliseconds: `Server-Timing`. */
class Timing {
  private readonly parts: string[] = []
  private since = performance.now()

  constructor(jwtMs: number) {
    this.add('jwt', jwtMs)
  }

  done(step: string): void {
    const now = performance.now()
    this.add(step, now - this.since)
    this.since = now
  }

  header(): [string, string] {
    return ['Server-Timing', this.parts.join(', ')]
  }

  private add(step: string, ms: number): void {
    this.parts.push(`${step};dur=${ms.toFixed(3)}`)
  }
}

const timed = (response: RestResponse, timing: Timing | null): RestResponse =>
  timing === null ? response : { ...response, headers: [...response.headers, timing.header()] }

export function createRest(options: RestOptions): Rest {
  const { database } = options
  const limitsNow = options.limits ?? (() => DEFAULT_LIMITS)
  const shapes = new PreparedShapes(PLAN_CACHE_ENTRIES_MAX)
  // Limits need no place in it: they come with the settings, in one document.
  const recall = new Recall(PLAN_CACHE_ENTRIES_MAX)
  const keeper = new SchemaKeeper(options)
  const describer = new Describer()
  const documents = new Documents()
  const urlNow = options.url ?? (() => 'http://localhost/rest/v1')
  const costs = new CostGate()
  let timezones: ReadonlySet<string> | null = null

  async function answer(input: RestRequestInput, session: Session, signal: AbortSignal) {
    const now = keeper.settings()
    const limits = limitsNow()
    if (timezones === null && input.headers.prefer?.includes('timezone=')) {
      timezones = await loadTimezones(database)
    }
    const timing = now.serverTiming ? new Timing(input.jwtMs ?? 0) : null
    const cache = keeper.now() ?? (await keeper.current())
    if (cache === null) throw SchemaCacheMissing()
    const outline = outlineOf(input)
    const known = outline && recall.find(outline, cache, now)
    let request = known?.request
    if (request === undefined) {
      request = parseRequest(input, { settings: now, limits, timezones: timezones ?? NO_ZONES })
      const described = describe(cache, request)
      if (described !== null) return described
    }
    timing?.done('parse')
    const readOnly = options.readOnly?.() ?? false
    const timeoutMs = limits.statementTimeoutMs
    const execution = { database, cache, settings: now, session, input, timeoutMs, readOnly }
    if (request.action.kind === 'root') {
      timing?.done('plan')
      const { neighbour } = options
      const deps = { describer, documents, neighbour, url: urlNow(), signal }
      const response = await answerRoot(execution, request, deps)
      timing?.done('transaction')
      timing?.done('response')
      return timed(response, timing)
    }
    const prepared = known?.prepared ?? shapes.get(cache, request, now)
    if (known === null && outline !== null) recall.learn(outline, { request, prepared })
    timing?.done('plan')
    const { planCostMax } = limits
    if (planCostMax !== null) await costs.admit({ execution, request, prepared }, planCostMax, signal)
    const result = await execute(execution, request, prepared, signal)
    timing?.done('transaction')
    const response = respond(prepared.plan, request, result)
    timing?.done('response')
    return timed(response, timing)
  }

  return {
    async handle(input, session, signal) {
      try {
        return await answer(input, session, signal)
      } catch (error) {
        const isTerse = keeper.settings().errorVerbosity === 'minimal'
        return errorToResponse(toRestError(error, session), isTerse)
      }
    },
    reloadSchema: () => keeper.reload(),
    ready: () => keeper.ready(),
    close: () => keeper.close(),
  }
}

/** What is no choice of ours and no word of Postgres' passes on: the shell logs it and answers 500. */
function toRestError(error: unknown, { anonymous }: Session): RestError {
  if (error instanceof RestError) return error
  if (error instanceof Problem) return new RestError(error)
  if (error instanceof PostgresError) return refusalToError(error, anonymous)
  if (error instanceof DatabaseUnavailable) return unavailableToError(error)
  throw error
}

function describe(cache: SchemaCache, request: RestRequest): RestResponse | null {
  if (request.action.kind !== 'describe') return null
  const name = { schema: request.schema, name: request.target }
  switch (request.action.of) {
    case 'root':
      return describeRoot()
    case 'table':
      return describeTable(findTable(cache, name))
    case 'function':
      return describeRoutine(findRoutine(cache, request))
  }
}
