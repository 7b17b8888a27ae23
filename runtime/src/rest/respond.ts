/** Writes the answer: status, ranges, preferences honoured, content type; the body's bytes pass through. */
import type { RestResponse } from './contract.ts'
import { RangeOutOfBounds, ResponseHeadersInvalid, ResponseStatusInvalid, type RestError } from './errors.ts'
import type { Result } from './execute.ts'
import { isStatus, toHeaders, toHeaderText } from './header-text.ts'
import { returnsVoid } from './plan/plan.ts'
import type { Plan } from './plan/types.ts'
import { contentTypeOf } from './request/media.ts'
import { appliedPreferences, type Preferences } from './request/prefer.ts'
import { encodeValue } from './request/query-string.ts'
import type { RestRequest } from './request/types.ts'
import type { Routine, Table } from './schema/types.ts'

type Headers = [string, string][]
type Draft = { status: number; headers: Headers; body: Buffer | string | null }

export function respond(plan: Plan, request: RestRequest, result: Result): RestResponse {
  if (plan.media.kind === 'plan') {
    return { status: 200, headers: contentHeaders(plan, request), body: result.body }
  }
  return override(draftOf(plan, request, result), result)
}

function draftOf(plan: Plan, request: RestRequest, result: Result): Draft {
  switch (plan.kind) {
    case 'read':
      return readDraft(plan, request, result)
    case 'call':
      return callDraft(plan, request, result)
    case 'write':
      return writeDraft(plan, request, result)
  }
}

const contentHeaders = ({ media }: Plan, { profiled, schema }: RestRequest): Headers => [
  ['Content-Type', contentTypeOf(media)],
  ...(profiled ? ([['Content-Profile', toHeaderText(schema) ?? '']] as Headers) : []),
]

/** `first-last/total`; `*` stands for no rows, and for no count. */
function contentRange(first: number, last: number, total: number | null): [string, string] {
  const range = total !== 0 && first <= last ? `${first}-${last}` : '*'
  return ['Content-Range', `${range}/${total ?? '*'}`]
}

function rangeStatus(first: number, rows: number, total: number | null): number {
  if (total === null) return 200
  if (first > total) return 416
  return rows < total ? 206 : 200
}

const applied = (preferences: Preferences, honoured: readonly (keyof Preferences)[]): Headers => {
  const value = appliedPreferences(preferences, honoured)
  return value === null ? [] : [['Preference-Applied', value]]
}

function readDraft(plan: Plan, request: RestRequest, result: Result): Draft {
  const { target, canonicalQuery, range, preferences, action } = request
  const status = rangeStatus(range.offset, result.rows, result.total)
  const query = canonicalQuery === '' ? '' : `?${canonicalQuery}`
  const head = action.kind === 'read' && action.head
  return {
    status,
    headers: [
      contentRange(range.offset, range.offset + result.rows - 1, result.total),
      ['Content-Location', `/${encodeURIComponent(target)}${query}`],
      ...contentHeaders(plan, request),
      ...applied(preferences, ['count', 'tx', 'handling', 'timezone']),
    ],
    body: head ? null : status === 416 ? outOfBounds(range.offset, result.total) : result.body,
  }
}

const outOfBounds = (offset: number, total: number | null): string =>
  JSON.stringify(errorBody(RangeOutOfBounds(offset, total ?? 0)))

function callDraft(plan: Extract<Plan, { kind: 'call' }>, request: RestRequest, result: Result): Draft {
  const { range, preferences, action } = request
  const status = rangeStatus(range.offset, result.rows, result.total)
  const headers: Headers = [
    contentRange(range.offset, range.offset + result.rows - 1, result.total),
    ...applied(preferences, ['count', 'tx', 'handling', 'timezone', 'maxAffected']),
  ]
  if (returnsVoid(plan.call.routine)) return { status: 204, headers, body: null }
  const head = action.kind === 'call' && action.head
  return {
    status,
    headers: [...headers, ...contentHeaders(plan, request)],
    body: head ? null : status === 416 ? outOfBounds(range.offset, result.total) : result.body,
  }
}

function writeDraft(plan: Extract<Plan, { kind: 'write' }>, request: RestRequest, result: Result): Draft {
  const { preferences, action } = request
  const shown = preferences.return === 'representation'
  const counted = preferences.count === 'exact' || preferences.count === 'estimated' ? result.rows : null
  const content = shown ? contentHeaders(plan, request) : []
  const body = shown ? result.body : null
  switch (action.kind) {
    case 'insert': {
      const nothingNew = (result.inserted ?? 1) <= 0 && preferences.resolution === 'merge-duplicates'
      return {
        status: nothingNew ? 200 : 201,
        headers: [
          ...locationHeader(request, result),
          contentRange(1, 0, counted),
          ...applied(preferences, insertPreferences(plan, request)),
          ...content,
        ],
        body,
      }
    }
    case 'put':
      return {
        status: shown ? ((result.inserted ?? 0) > 0 ? 201 : 200) : 204,
        headers: [...content, ...applied(preferences, ['return', 'count', 'tx', 'handling', 'timezone'])],
        body,
      }
    default: {
      const updates = action.kind === 'update'
      const range = updates ? contentRange(0, result.rows - 1, counted) : contentRange(1, 0, counted)
      const missing: (keyof Preferences)[] = updates ? ['missing'] : []
      const honoured: (keyof Preferences)[] = ['return', 'count', 'tx', 'handling', 'timezone', 'maxAffected']
      return {
        status: shown ? 200 : 204,
        headers: [range, ...applied(preferences, [...missing, ...honoured]), ...content],
        body,
      }
    }
  }
}

/** Without a key to conflict on, a resolution has no effect, and is not said to be applied. */
function insertPreferences({ mutation }: Extract<Plan, { kind: 'write' }>, { query }: RestRequest) {
  const resolves = mutation.table.primaryKey.length > 0 || query.onConflict !== null
  const honoured: (keyof Preferences)[] = ['missing', 'return', 'count', 'tx', 'handling', 'timezone']
  return resolves ? [...honoured, 'resolution' as const] : honoured
}

function locationHeader({ target }: RestRequest, { location }: Result): Headers {
  if (location === null || location.length === 0) return []
  const query = location.map(([key, value]) => `${encodeValue(key)}=${encodeValue(value)}`).join('&')
  return [['Location', `/${encodeURIComponent(target)}?${query}`]]
}

/** What SQL put into `response.status` and `response.headers` goes before ours. */
function override(draft: Draft, { status, headers }: Result): RestResponse {
  if (status === null && headers === null) return draft
  const chosen = headers === null ? [] : parseHeaders(headers)
  const names = new Set(chosen.map(([name]) => name.toLowerCase()))
  return {
    status: status === null ? draft.status : parseStatus(status),
    headers: [...draft.headers.filter(([name]) => !names.has(name.toLowerCase())), ...chosen],
    body: draft.body,
  }
}

function parseStatus(text: string): number {
  const found = /^\d+/.exec(text)
  const status = Number(found?.[0])
  if (!isStatus(status)) throw ResponseStatusInvalid()
  return status
}

function parseHeaders(text: string): Headers {
  let parsed: unknown
  try {
    parsed = JSON.parse(text)
  } catch {
    throw ResponseHeadersInvalid()
  }
  if (!Array.isArray(parsed)) throw ResponseHeadersInvalid()
  const pairs = parsed.map((each: unknown): [string, string] => {
    const [entry, second] = typeof each === 'object' && each !== null ? Object.entries(each) : []
    if (entry === undefined || second !== undefined || typeof entry[1] !== 'string') {
      throw ResponseHeadersInvalid()
    }
    return [entry[0], entry[1]]
  })
  const written = toHeaders(pairs)
  if (written === null) throw ResponseHeadersInvalid()
  return written
}

/** OPTIONS: which verbs the thing takes. */
export function describeTable(table: Table): RestResponse {
  const put = table.insertable && table.updatable && table.primaryKey.length > 0
  return allowing([
    'OPTIONS,GET,HEAD',
    ...(table.insertable ? ['POST'] : []),
    ...(put ? ['PUT'] : []),
    ...(table.updatable ? ['PATCH'] : []),
    ...(table.deletable ? ['DELETE'] : []),
  ])
}

export const describeRoutine = ({ volatility }: Routine): RestResponse =>
  allowing([volatility === 'volatile' ? 'OPTIONS,POST' : 'OPTIONS,GET,HEAD,POST'])

export const describeRoot = (): RestResponse => allowing(['OPTIONS,GET,HEAD'])

const allowing = (verbs: readonly string[]): RestResponse => ({
  status: 200,
  headers: [
    ['Access-Control-Allow-Origin', '*'],
    ['Allow', verbs.join(',')],
  ],
  body: null,
})

const errorBody = ({ code, message, details, hint }: RestError) => ({
  code,
  details: details ?? null,
  hint: hint ?? null,
  message,
})

/** The one renderer of errors of `/rest/v1`. */
export function errorToResponse(error: RestError, isTerse = false): RestResponse {
  // Both may be a function's own words.
  const statusText = toHeaderText(error.statusText ?? '')
  const code = toHeaderText(error.code)
  return {
    status: error.status,
    ...(statusText ? { statusText } : {}),
    headers: [
      ['Content-Type', 'application/json; charset=utf-8'],
      ...(code === null ? [] : ([['Proxy-Status', `PostgREST; error=${code}`]] as Headers)),
      ...error.headers,
    ],
    body: JSON.stringify(isTerse ? { code: error.code, message: error.message } : errorBody(error)),
  }
}
