/** Runs a planned request as one turn of the database, and reads its one row. */

import { DiskQuotaReached } from '@cascata/shared/problems/bounds'
import type { RestSettings } from '@cascata/shared/project-document'
import { type Answer, type Database, PostgresError, type Query, type Turn } from '../session/database.ts'
import type { Session } from '../session/session.ts'
import type { RestRequestInput } from './contract.ts'
import { MaxAffectedExceeded, NotSingular, PutKeyMismatch } from './errors.ts'
import { constantsOf, localSettings } from './local-settings.ts'
import type { Plan } from './plan/types.ts'
import { bind, type Prepared } from './prepared.ts'
import type { RestRequest } from './request/types.ts'
import type { Routine, SchemaCache } from './schema/types.ts'
import { timedOut } from './statement-timeout.ts'

export type Execution = {
  database: Database
  cache: SchemaCache
  settings: RestSettings
  session: Session
  input: RestRequestInput
  timeoutMs: number
  /** The project may only be read. */
  readOnly: boolean
}

export type Result = {
  total: number | null
  rows: number
  body: Buffer
  /** What SQL left in `response.headers` and `response.status`. */
  headers: string | null
  status: string | null
  location: [string, string][] | null
  inserted: number | null
}

export async function execute(
  execution: Execution,
  request: RestRequest,
  prepared: Prepared,
  signal: AbortSignal,
): Promise<Result> {
  const { plan } = prepared
  if (execution.readOnly && plan.kind === 'write') throw DiskQuotaReached()
  const turn = turnOf(execution, request, prepared)
  const answer = await runInTime(execution, turn, signal)
  if (plan.media.kind === 'plan') return explained(answer)
  const result = readRow(answer, plan)
  const refusal = refusalOf(plan, request, result)
  if (refusal !== null) throw refusal
  return estimates(request, execution.settings, result)
    ? { ...result, total: await estimate(execution, turn, { request, prepared, result }, signal) }
    : result
}

/** A function that was called tried to write. */
const READ_ONLY = '25006'

async function runInTime(
  { database, readOnly }: Execution,
  turn: Turn,
  signal: AbortSignal,
): Promise<Answer> {
  const startedAt = performance.now()
  try {
    return await database.run(turn, signal)
  } catch (error) {
    if (readOnly && error instanceof PostgresError && error.code === READ_ONLY) throw DiskQuotaReached()
    throw timedOut(error, turn, performance.now() - startedAt) ?? error
  }
}

/** Asks about the statement instead of carrying it out: nothing of the project's runs before it. */
export function planningTurn(
  execution: Execution,
  request: RestRequest,
  prepared: Prepared,
  { settings = [], ...queries }: { settings?: [string, string][]; before?: Query; main: Query },
): Turn {
  const { before: _none, ...turn } = turnOf(execution, request, prepared)
  return { ...turn, ...queries, settings: [...turn.settings, ...settings], readOnly: true, end: 'commit' }
}

function turnOf(execution: Execution, request: RestRequest, { plan, main }: Prepared): Turn {
  const { settings, timeoutMs } = execution
  const { text, values } = bind(main, request.values)
  const explain = plan.media.kind === 'plan' ? `${explainPrefix(plan.media)} ` : ''
  return {
    ...beginning(execution, request, plan.kind === 'call' ? plan.call.routine : null),
    main: { text: explain + text, values, prepare: explain === '' },
    readOnly: execution.readOnly || isReadOnly(plan, request),
    clears: runsCode(plan),
    end: endOf(settings, plan, request),
    timeoutMs,
  }
}

/** How each turn of a request begins, whatever it is for: who asks, from where, and what is called before. */
export function beginning(
  execution: Execution,
  request: RestRequest,
  routine: Routine | null,
): Pick<Turn, 'settings' | 'before' | 'isolation'> {
  const { before } = constantsOf(execution.settings)
  const isolation = isolationOf(execution, routine)
  return {
    settings: localSettings(execution, request, routine),
    ...(before === null ? {} : { before }),
    ...(isolation === null ? {} : { isolation }),
  }
}

const explainPrefix = ({ format, options }: Extract<Plan['media'], { kind: 'plan' }>): string =>
  `explain (${[`format ${format}`, ...options].join(', ')})`

const ISOLATIONS = ['read committed', 'repeatable read', 'serializable'] as const
type Isolation = (typeof ISOLATIONS)[number]

function isolationOf({ cache, session, settings }: Execution, routine: Routine | null): Isolation | null {
  const hoisted = settings.hoistedSettings.includes('default_transaction_isolation')
  const own = hoisted ? (routine?.isolation ?? null) : null
  const ofRole = cache
    .roleSettings(session.role)
    .find(([name]) => name === 'default_transaction_isolation')?.[1]
  const wanted = (own ?? ofRole)?.toLowerCase()
  return ISOLATIONS.find((each) => each === wanted) ?? null
}

/** Whether functions of the project may have left something in the session. Updates and deletes reach tables by cascade. */
function runsCode(plan: Plan): boolean {
  if (plan.kind === 'call') return plan.call.routine.volatility === 'volatile'
  if (plan.kind === 'read') return false
  const { mutation } = plan
  return mutation.kind !== 'insert' || mutation.conflict !== null || mutation.table.triggers
}

function isReadOnly(plan: Plan, { action }: RestRequest): boolean {
  if (plan.kind === 'read') return true
  if (plan.kind === 'write') return false
  return (action.kind === 'call' && action.get) || plan.call.routine.volatility !== 'volatile'
}

function endOf(settings: RestSettings, plan: Plan, request: RestRequest): Turn['end'] {
  const { tx } = request.preferences
  const rollback = tx === 'rollback' || (settings.txEnd.startsWith('rollback') && tx !== 'commit')
  if (rollback || plan.media.kind === 'plan') return 'rollback'
  if (isReadOnly(plan, request) || !mayRefuse(plan, request)) return 'commit'
  return (answer) => (refusalOf(plan, request, readRow(answer, plan)) === null ? 'commit' : 'rollback')
}

/** Only then is the end of a transaction left open until its rows are known: that costs a second trip. */
function mayRefuse({ media }: Plan, { action, preferences }: RestRequest): boolean {
  const bounded = preferences.handling === 'strict' && preferences.maxAffected !== null
  return action.kind === 'put' || media.kind === 'object' || bounded
}

/** What a caller asked for and the rows deny: then nothing may remain of it. */
function refusalOf(plan: Plan, { action, preferences }: RestRequest, { rows }: Result) {
  if (action.kind === 'put' && rows !== 1) return PutKeyMismatch()
  if (action.kind !== 'put' && plan.media.kind === 'object' && rows !== 1) return NotSingular(rows)
  const { handling, maxAffected } = preferences
  const limited = action.kind === 'update' || action.kind === 'delete' || action.kind === 'call'
  if (limited && handling === 'strict' && maxAffected !== null && rows > maxAffected) {
    return MaxAffectedExceeded(rows)
  }
  return null
}

const EMPTY = Buffer.alloc(0)
/** PostgREST hands on what Postgres sends in binary: of `jsonb` that begins with its version, and clients know it so. */
const JSONB_VERSION = Buffer.from([1])

function asWritten(body: Buffer, type: string): Buffer {
  if (type === 'bytea') return unhex(body)
  return type === 'jsonb' ? Buffer.concat([JSONB_VERSION, body]) : body
}

const unhex = (digits: Buffer): Buffer => Buffer.from(digits.toString('latin1'), 'hex')

const LINE_FEED = 10
const NO_ROWS_BYTES = '[]'.length

/** Of an array whose rows begin a line each. */
function countLines(body: Buffer): number {
  if (body.length <= NO_ROWS_BYTES) return 0
  let lines = 1
  for (let at = body.indexOf(LINE_FEED); at >= 0; at = body.indexOf(LINE_FEED, at + 1)) lines += 1
  return lines
}

function readRow(answer: Answer, plan: Plan): Result {
  const { handler } = plan
  const row = answer.rows[0] ?? []
  const cell = (column: string): Buffer | null => row[answer.columns.indexOf(column)] ?? null
  const text = (column: string) => cell(column)?.toString('utf8') ?? null
  const number = (column: string) => {
    const digits = cell(column)
    return digits === null ? null : Number(digits.toString('latin1'))
  }
  const body = cell('body')
  const page = plan.kind === 'read' && plan.rowPerLine ? countLines(body ?? EMPTY) : number('page')
  const location = text('location')
  return {
    total: number('total'),
    rows: page ?? 0,
    body: body === null ? EMPTY : handler.kind === 'custom' ? asWritten(body, handler.written) : body,
    headers: text('headers'),
    status: text('status'),
    location: location === null ? null : JSON.parse(location),
    inserted: number('inserted'),
  }
}

function explained(answer: Answer): Result {
  const lines = answer.rows.map(([line]) => `${line?.toString('utf8') ?? ''}\n`)
  const none = { total: null, headers: null, status: null, location: null, inserted: null }
  return { ...none, rows: 0, body: Buffer.from(lines.join('')) }
}

/** A planned count is the planner's guess; an estimated one too, once the true one passes `db-max-rows`. */
function estimates(
  { preferences, action }: RestRequest,
  { maxRows }: RestSettings,
  { total }: Result,
): boolean {
  if (action.kind !== 'read') return false
  if (preferences.count === 'planned') return true
  return preferences.count === 'estimated' && maxRows !== null && total !== null && total > maxRows
}

async function estimate(
  { database }: Execution,
  turn: Turn,
  { request, prepared, result }: { request: RestRequest; prepared: Prepared; result: Result },
  signal: AbortSignal,
): Promise<number> {
  const main = { ...bind(prepared.estimate(), request.values), prepare: false }
  const answer = await database.run({ ...turn, main, end: 'rollback' }, signal)
  const plan = JSON.parse(answer.rows.map(([line]) => line?.toString('utf8') ?? '').join('\n'))
  const guess = Number(plan?.[0]?.Plan?.['Plan Rows'] ?? 0)
  return request.preferences.count === 'planned' ? guess : Math.max(guess, result.total ?? 0)
}
