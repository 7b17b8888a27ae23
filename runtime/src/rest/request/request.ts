/**
 * From what came over HTTP to a `RestRequest`: what is to be done, to what, and with which values.
 *
 * Nothing here knows a table: names are resolved in plan/.
 */
import type { RestSettings } from '@cascata/shared/project-document'
import type { Parameter } from '../../session/database.ts'
import type { RestLimits, RestRequestInput } from '../contract.ts'
import {
  MethodUnsupported,
  PathInvalid,
  PutLimited,
  RootDisabled,
  RpcMethodNotAllowed,
  SchemaNotExposed,
} from '../errors.ts'
import { documentAt } from './document-paths.ts'
import { knownName, parseAccept } from './media.ts'
import { parsePayload } from './payload.ts'
import { parsePrefer } from './prefer.ts'
import { canonicalQuery, type ParsedQuery, pagePath, parseQuery, splitQuery } from './query-string.ts'
import { type RowRange, topLevelRange } from './range.ts'
import { type Action, type Page, type Payload, type RestRequest, Slot } from './types.ts'

export type RequestContext = {
  settings: RestSettings
  limits: RestLimits
  /** Names `Prefer: timezone=` may take. */
  timezones: ReadonlySet<string>
}

export function parseRequest(input: RestRequestInput, context: RequestContext): RestRequest {
  const { settings } = context
  const { action, target, isRootSpec } = parseTarget(input, settings)
  const { schema, profiled } = parseSchema(input, settings)
  const pairs = pairsOf(input, action)
  const values: Parameter[] = []
  const bareArgs = isCalledByUrl(action)
  const { rawPages, ...query } = parseQuery(pairs, { values, embeds: context.limits, bareArgs })
  const range = topLevelRange(rawPages.get(''), input.method === 'GET' ? input.headers.range : undefined)
  if (action.kind === 'put' && (range.limit !== null || range.offset !== 0)) throw PutLimited()
  const contentType = knownName(input.headers['content-type']?.split(';')[0]?.trim() || 'application/json')
  const preferences = parsePrefer(input.headers.prefer, {
    txOverride: settings.txEnd.endsWith('-allow-override'),
    timezones: context.timezones,
  })
  return {
    action,
    method: input.method,
    schema,
    profiled,
    target,
    payload: parseBody(input, action, { contentType, columns: query.columns, values }),
    query: { ...query, pages: toPages(rawPages, { range, values, maxRows: settings.maxRows }) },
    values,
    range,
    preferences,
    accept: parseAccept(input.headers.accept),
    isRootSpec: isRootSpec ?? false,
    contentType,
    canonicalQuery: canonicalQuery(pairs),
  }
}

/** A description has no rows to choose from; what may stand there is the key. */
function pairsOf({ query }: RestRequestInput, action: Action) {
  if (action.kind !== 'root') return splitQuery(query)
  return action.document === '2.0' ? splitQuery(query).filter(([name]) => name !== 'apikey') : []
}

const isCalledByUrl = (action: Action): boolean =>
  (action.kind === 'call' && action.get) || (action.kind === 'describe' && action.of === 'function')

type Target = { action: Action; target: string; isRootSpec?: boolean }

function parseTarget({ method, path }: RestRequestInput, settings: RestSettings): Target {
  const [first = '', second, ...more] = path.replace(/^\//, '').split('/').map(decodePiece)
  const document = method === 'GET' || method === 'HEAD' ? documentAt(path) : undefined
  if (document !== undefined) {
    if (settings.openapiMode === 'disabled') throw RootDisabled()
    return { action: { kind: 'root', head: method === 'HEAD', document }, target: '' }
  }
  if (first === '' && second === undefined) return rootTarget(method, settings)
  if (first === 'rpc' && second !== undefined && more.length === 0) {
    return { action: callAction(method), target: second }
  }
  if (second !== undefined) throw PathInvalid()
  return { action: tableAction(method), target: first }
}

function decodePiece(piece: string): string {
  try {
    return decodeURIComponent(piece)
  } catch {
    throw PathInvalid()
  }
}

/** A function may answer at the root; it is looked for in the request's schema, whatever schema the setting names. */
function rootTarget(method: string, { openapiMode, rootSpec }: RestSettings): Target {
  if (openapiMode === 'disabled') throw RootDisabled()
  if (rootSpec === null) return { action: rootAction(method), target: '' }
  return { action: callAction(method), target: rootSpec.slice(rootSpec.indexOf('.') + 1), isRootSpec: true }
}

function rootAction(method: string): Action {
  if (method === 'GET' || method === 'HEAD') return { kind: 'root', head: method === 'HEAD', document: '2.0' }
  if (method === 'OPTIONS') return { kind: 'describe', of: 'root' }
  throw MethodUnsupported(method)
}

function callAction(method: string): Action {
  if (method === 'GET' || method === 'HEAD') return { kind: 'call', get: true, head: method === 'HEAD' }
  if (method === 'POST') return { kind: 'call', get: false, head: false }
  if (method === 'OPTIONS') return { kind: 'describe', of: 'function' }
  throw RpcMethodNotAllowed(method)
}

function tableAction(method: string): Action {
  switch (method) {
    case 'GET':
    case 'HEAD':
      return { kind: 'read', head: method === 'HEAD' }
    case 'POST':
      return { kind: 'insert' }
    case 'PATCH':
      return { kind: 'update' }
    case 'PUT':
      return { kind: 'put' }
    case 'DELETE':
      return { kind: 'delete' }
    case 'OPTIONS':
      return { kind: 'describe', of: 'table' }
  }
  throw MethodUnsupported(method)
}

/** Profiles (W3C dx-prof-conneg): a body is told by `Content-Profile`, an answer by `Accept-Profile`. */
function parseSchema({ method, headers }: RestRequestInput, { schemas }: RestSettings) {
  const writes = ['POST', 'PATCH', 'PUT', 'DELETE'].includes(method)
  const profile = headers[writes ? 'content-profile' : 'accept-profile']
  if (profile === undefined) return { schema: schemas[0] ?? 'public', profiled: schemas.length !== 1 }
  if (!schemas.includes(profile)) throw SchemaNotExposed(profile, schemas)
  return { schema: profile, profiled: true }
}

function parseBody(
  input: RestRequestInput,
  action: Action,
  more: { contentType: string; columns: string[] | null; values: Parameter[] },
): Payload | null {
  switch (action.kind) {
    case 'insert':
    case 'update':
      return parsePayload(input.body, { ...more, forFunction: false })
    case 'put':
      return parsePayload(input.body, { ...more, columns: null, forFunction: false })
    case 'call':
      return action.get ? null : parsePayload(input.body, { ...more, forFunction: true })
    default:
      return null
  }
}

/** Limits and offsets of each node as parameters; the root's are those of the whole range. */
function toPages(
  rawPages: ParsedQuery['rawPages'],
  { range, values, maxRows }: { range: RowRange; values: Parameter[]; maxRows: number | null },
): Page[] {
  const slot = (value: number | null): Slot | null => {
    if (value === null) return null
    values.push(String(value))
    return new Slot(values.length - 1)
  }
  const capped = (limit: number | null) =>
    maxRows === null || limit === null ? limit : Math.min(limit, maxRows)
  const pages: Page[] = []
  if (range.limit !== null || range.offset !== 0) {
    pages.push({ path: [], limit: slot(capped(range.limit)), offset: slot(range.offset) })
  }
  for (const [dotted, page] of rawPages) {
    if (dotted === '' || (page.limit === null && page.offset === null)) continue
    pages.push({ path: pagePath(dotted), limit: slot(capped(page.limit)), offset: slot(page.offset) })
  }
  return pages
}
