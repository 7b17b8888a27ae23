/** Plans a request whole: target, read, write or call, and what the answer is written as. */
import type { RestSettings } from '@cascata/shared/project-document'
import { MaxAffectedOnSingle, PreferencesInvalid, TableNotFound } from '../errors.ts'
import type { RestRequest } from '../request/types.ts'
import { suggest } from '../schema/suggest.ts'
import type { Name, Routine, SchemaCache, Table } from '../schema/types.ts'
import { findRoutine, planCall } from './call.ts'
import { isStar } from './fields.ts'
import { hasRowPerLine } from './lines.ts'
import { chooseMedia } from './media.ts'
import { planMutation } from './mutate.ts'
import { planNode, returnedColumns } from './read.ts'
import { buildTree } from './tree.ts'
import type { Handler, Plan, ReadNode, Source } from './types.ts'

/** Above this many tables a hint costs more than it gives. */
const TABLES_FOR_HINT_MAX = 500

export function findTable(cache: SchemaCache, name: Name): Table {
  const table = cache.table(name)
  if (table !== undefined) return table
  const names = cache.tables.flatMap((each) => (each.schema === name.schema ? [each.name] : []))
  const hint = names.length > TABLES_FOR_HINT_MAX ? null : suggest(names, name.name, 0.75)
  throw TableNotFound(name.schema, name.name, hint)
}

export function planRequest(cache: SchemaCache, request: RestRequest, settings: RestSettings): Plan {
  return request.action.kind === 'call'
    ? planFunction(cache, request, settings)
    : planTable(cache, request, settings)
}

function planTable(cache: SchemaCache, request: RestRequest, settings: RestSettings): Plan {
  const { action, preferences } = request
  const table = findTable(cache, { schema: request.schema, name: request.target })
  const reading = action.kind === 'read'
  const source: Source = reading ? { kind: 'table', name: table } : { kind: 'returned' }
  const read = planRoot(cache, request, { settings, table, source, mutation: !reading })
  const mutation = reading ? null : planMutation(cache, request, table, read)
  // The order of these two is PostgREST's.
  if (!reading) refuseInvalidPreferences(request)
  const chosen = chooseMedia(cache, {
    accept: request.accept,
    of: table,
    wholeRow: isWholeRow(read),
    plan: settings.plan,
  })
  refuseInvalidPreferences(request)
  const silent: Handler = { kind: 'none' }
  if (mutation === null) {
    const head = action.kind === 'read' && action.head
    const handler = head ? silent : chosen.handler
    const rowPerLine = chosen.media.kind !== 'plan' && handler.kind === 'json' && hasRowPerLine(cache, read)
    return {
      kind: 'read',
      table,
      read,
      rowPerLine,
      media: chosen.media,
      handler,
      ...counting(request, settings),
    }
  }
  const shown = preferences.return === 'representation'
  const merges = mutation.kind === 'insert' && mutation.conflict?.action === 'merge'
  return {
    kind: 'write',
    mutation,
    read: shown
      ? read
      : { ...read, select: [], embeds: [], where: [], orders: [], limit: null, offset: null },
    count: false,
    countMax: null,
    media: chosen.media,
    handler: shown ? chosen.handler : silent,
    location: action.kind === 'insert' && preferences.return === 'headers-only',
    inserted: merges,
  }
}

function planFunction(cache: SchemaCache, request: RestRequest, settings: RestSettings): Plan {
  const routine = findRoutine(cache, request)
  const { preferences } = request
  const table = {
    schema: routine.schema,
    name: routine.returns.composite ? routine.returns.name : routine.name,
  }
  const source: Source = { kind: 'returned' }
  const read = planRoot(cache, request, { settings, table, source, mutation: false })
  const chosen = chooseMedia(cache, {
    accept: request.accept,
    of: table,
    wholeRow: isWholeRow(read),
    plan: settings.plan,
    description: request.isRootSpec,
  })
  refuseInvalidPreferences(request)
  if (preferences.handling === 'strict' && preferences.maxAffected !== null && !routine.returns.set) {
    throw MaxAffectedOnSingle()
  }
  const call = planCall(routine, request, returnedColumns(cache, read))
  const head = request.action.kind === 'call' && request.action.head
  return {
    kind: 'call',
    call,
    read,
    ...counting(request, settings),
    countMax: null,
    media: chosen.media,
    handler: head ? { kind: 'none' } : chosen.handler,
  }
}

function planRoot(
  cache: SchemaCache,
  request: RestRequest,
  root: { settings: RestSettings; table: Name; source: Source; mutation: boolean },
): ReadNode {
  const { settings, table, source, mutation } = root
  const context = {
    cache,
    schema: request.schema,
    aggregates: settings.aggregates,
    maxRows: mutation ? null : settings.maxRows,
  }
  return planNode(context, buildTree(request.query, mutation ? 'shown' : 'all'), {
    source,
    table: { schema: table.schema, name: table.name },
    alias: table.name,
    depth: 0,
    aliases: new Set([table.name]),
    grouped: false,
    named: false,
  })
}

const counting = ({ preferences }: RestRequest, { maxRows }: RestSettings) => {
  const estimated = preferences.count === 'estimated'
  return {
    count: preferences.count === 'exact' || estimated,
    countMax: estimated && maxRows !== null ? maxRows + 1 : null,
  }
}

const isWholeRow = ({ select, embeds }: ReadNode): boolean => {
  const [only, second] = select
  return only !== undefined && second === undefined && isStar(only) && embeds.length === 0
}

function refuseInvalidPreferences({ preferences }: RestRequest): void {
  if (preferences.handling === 'strict' && preferences.invalid.length > 0) {
    throw PreferencesInvalid(preferences.invalid)
  }
}

export const returnsVoid = ({ returns }: Routine): boolean =>
  !returns.set && !returns.composite && returns.schema === 'pg_catalog' && returns.name === 'void'
