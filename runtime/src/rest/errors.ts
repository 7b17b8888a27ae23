/**
 * Errors of `/rest/v1` as PostgREST words them, so that its clients can tell them apart.
 *
 * Codes, messages and statuses are interface; the one renderer is `errorToResponse` in respond.ts.
 */
import { Problem, problem } from '@cascata/shared/problem'

export class RestError extends Problem {
  /** Any JSON; shown as `details`. */
  readonly details: unknown
  readonly headers: readonly [string, string][]
  readonly statusText: string | undefined

  constructor(fields: {
    code: string
    status: number
    message: string
    details?: unknown
    hint?: string | null | undefined
    headers?: readonly [string, string][]
    statusText?: string | undefined
  }) {
    super(fields.code, fields.status, 'REST request refused', fields.message, fields.hint ?? undefined)
    this.details = fields.details ?? null
    this.headers = fields.headers ?? []
    this.statusText = fields.statusText
  }
}

/** Limits of a project, which PostgREST does not know: in its four fields, under codes of ours. */
export const EmbedDepthExceeded = problem('embed-depth-exceeded', {
  status: 400,
  title: 'Embeds nested too deep',
  detail: (depthMax: number) =>
    `The select nests embeds deeper than the ${depthMax} levels this project allows.`,
  hint: 'Ask for the deeper rows in a request of their own, or through a view or a function; or raise `embed_depth_max` in the limits of the project.',
})

export const EmbedsExceeded = problem('embeds-exceeded', {
  status: 400,
  title: 'Too many embeds',
  detail: (embedsMax: number) => `The select has more than the ${embedsMax} embeds this project allows.`,
  hint: 'Ask in several requests, or through a view or a function; or raise `embeds_max` in the limits of the project.',
})

export const PlanCostExceeded = problem('plan-cost-exceeded', {
  status: 400,
  title: 'Statement too costly',
  detail: (cost: number, costMax: number) =>
    `The planner puts the cost of this request at ${cost}; this project allows ${costMax}.`,
  hint: 'Ask for fewer rows (a filter that has an index, a limit), or raise `plan_cost_max` in the limits of the project.',
})

const error = (code: string, status: number, message: string, details?: unknown, hint?: string | null) =>
  new RestError({ code, status, message, details, hint })

export const QueryNotParsed = (message: string, details: string) => error('PGRST100', 400, message, details)

export const RpcMethodNotAllowed = (method: string) =>
  error('PGRST101', 405, `Cannot use the ${method} method on RPC`)

export const BodyInvalid = (message: string) => error('PGRST102', 400, message)

export const LimitNegative = () =>
  error('PGRST103', 416, 'Requested range not satisfiable', 'Limit should be greater than or equal to zero.')

export const RangeReversed = () =>
  error(
    'PGRST103',
    416,
    'Requested range not satisfiable',
    'The lower boundary must be lower than or equal to the upper boundary in the Range header.',
  )

export const RangeOutOfBounds = (lower: number, total: number) =>
  error(
    'PGRST103',
    416,
    'Requested range not satisfiable',
    `An offset of ${lower} was requested, but there are only ${total} rows.`,
  )

export const PutFiltersInvalid = () =>
  error('PGRST105', 405, "Filters must include all and only primary key columns with 'eq' operators")

export const SchemaNotExposed = (schema: string, exposed: readonly string[]) =>
  error(
    'PGRST106',
    406,
    `Invalid schema: ${schema}`,
    null,
    `Only the following schemas are exposed: ${exposed.join(', ')}`,
  )

export const MediaTypeUnavailable = (accepted: readonly string[]) =>
  error('PGRST107', 406, `None of these media types are available: ${accepted.join(', ')}`)

export const NotEmbedded = (name: string) =>
  error(
    'PGRST108',
    400,
    `'${name}' is not an embedded resource in this request`,
    null,
    `Verify that '${name}' is included in the 'select' query parameter.`,
  )

export const ResponseHeadersInvalid = () =>
  error(
    'PGRST111',
    500,
    'response.headers guc must be a JSON array composed of objects with a single key and a string value',
  )

export const ResponseStatusInvalid = () =>
  error('PGRST112', 500, 'response.status guc must be a valid status code')

export const PutLimited = () =>
  error('PGRST114', 400, 'limit/offset querystring parameters are not allowed for PUT')

export const PutKeyMismatch = () =>
  error('PGRST115', 400, 'Payload values do not match URL in primary key column(s)')

export const NotSingular = (rows: number) =>
  error(
    'PGRST116',
    406,
    'Cannot coerce the result to a single JSON object',
    `The result contains ${rows} rows`,
  )

export const MethodUnsupported = (method: string) =>
  error('PGRST117', 405, `Unsupported HTTP method: ${method}`)

export const RelatedOrderNotToOne = (origin: string, target: string) =>
  error(
    'PGRST118',
    400,
    `A related order on '${target}' is not possible`,
    `'${origin}' and '${target}' do not form a many-to-one or one-to-one relationship`,
  )

export const EmbedFilterUnacceptable = (name: string) =>
  error(
    'PGRST120',
    400,
    `Bad operator on the '${name}' embedded resource`,
    'Only is null or not is null filters are allowed on embedded resources',
  )

export const PreferencesInvalid = (preferences: readonly string[]) =>
  error(
    'PGRST122',
    400,
    'Invalid preferences given with handling=strict',
    `Invalid preferences: ${preferences.join(', ')}`,
  )

export const AggregatesDisabled = () => error('PGRST123', 400, 'Use of aggregate functions is not allowed')

export const MaxAffectedExceeded = (rows: number) =>
  error(
    'PGRST124',
    400,
    'Query result exceeds max-affected preference constraint',
    `The query affects ${rows} rows`,
  )

export const PathInvalid = () => error('PGRST125', 404, 'Invalid path specified in request URL')

export const RootDisabled = () => error('PGRST126', 404, 'Root endpoint metadata is disabled')

export const NotImplemented = (details: string) => error('PGRST127', 400, 'Feature not implemented', details)

export const MaxAffectedOnSingle = () =>
  error(
    'PGRST128',
    400,
    'Function must return SETOF or TABLE when max-affected preference is used with handling=strict',
  )

export const ColumnNotFound = (table: string, column: string) =>
  error('PGRST204', 400, `Could not find the '${column}' column of '${table}' in the schema cache`)

export const TableNotFound = (schema: string, table: string, hint: string | null) =>
  error(
    'PGRST205',
    404,
    `Could not find the table '${schema}.${table}' in the schema cache`,
    null,
    hint && `Perhaps you meant the table '${schema}.${hint}'`,
  )

export const SchemaCacheMissing = () =>
  error('PGRST002', 503, 'Could not query the database for the schema cache. Retrying.')

/** As Postgres would say it, without asking: the cast is not a type this database has. */
export const TypeUnknown = (type: string) => error('42704', 400, `type "${type}" does not exist`)

/** Ended by the project's own limit. Postgres' code and words stay, for clients tell by them. */
export const StatementTimedOut = (message: string, timeoutMs: number) =>
  error(
    '57014',
    504,
    message,
    `The statement ran longer than the ${timeoutMs} ms this project allows.`,
    'Ask for less, give the filter an index, or raise `statement_timeout_ms` in the limits of the project.',
  )
