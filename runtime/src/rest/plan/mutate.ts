/** Plans inserts, updates, upserts and deletes. */
import { ColumnNotFound, PutFiltersInvalid } from '../errors.ts'
import type { Logic, Payload, RestRequest } from '../request/types.ts'
import type { SchemaCache, Table } from '../schema/types.ts'
import { planConditions, returnedColumns } from './read.ts'
import type { Mutation, ReadNode, Returned, WrittenColumn } from './types.ts'

export function planMutation(
  cache: SchemaCache,
  request: RestRequest,
  table: Table,
  read: ReadNode,
): Mutation {
  const returning = returningOf(cache, request, { table, read })
  if (request.action.kind === 'delete') {
    return { kind: 'delete', table, where: rootConditions(cache, request, table), returning }
  }
  const { payload } = request
  if (payload?.kind !== 'json') throw new Error('a write without a JSON payload')
  if (request.action.kind === 'put') return planPut(cache, request, table, { payload, returning })

  const columns = payload.keys.map((key) => writtenColumn(cache, table, key))
  const { body, object } = payload
  const defaults = request.preferences.missing === 'default'
  const written = { table, columns, body, object, defaults, returning }
  if (request.action.kind === 'update') {
    return { kind: 'update', ...written, where: rootConditions(cache, request, table) }
  }
  const { resolution } = request.preferences
  const target = request.query.onConflict ?? table.primaryKey
  const conflict =
    resolution === null
      ? null
      : {
          action: resolution === 'merge-duplicates' ? ('merge' as const) : ('ignore' as const),
          columns: target,
        }
  return { kind: 'insert', ...written, conflict, conditions: [] }
}

/** PUT writes the one row its filters name, and they must name it by its whole primary key. */
function planPut(
  cache: SchemaCache,
  { query }: RestRequest,
  table: Table,
  { payload, returning }: { payload: Extract<Payload, { kind: 'json' }>; returning: Returned },
): Mutation {
  const filters = query.filters.filter(({ path }) => path.length === 0).map(({ what }) => what)
  const named = new Set(filters.map(({ field }) => field.name))
  const byKey = filters.every(
    ({ not, operation: o }) => !not && o.kind === 'compare' && o.operator === 'eq' && o.quantifier === null,
  )
  const whole = table.primaryKey.length === named.size && table.primaryKey.every((key) => named.has(key))
  if (!byKey || !whole || named.size === 0 || query.logic.length > 0) throw PutFiltersInvalid()
  return {
    kind: 'insert',
    table,
    columns: payload.keys.map((key) => writtenColumn(cache, table, key)),
    body: payload.body,
    object: payload.object,
    defaults: false,
    conflict: { action: 'merge', columns: table.primaryKey },
    conditions: planConditions(cache, table, filters),
    returning,
  }
}

function rootConditions(cache: SchemaCache, { query }: RestRequest, table: Table) {
  const parts: Logic[] = [...query.filters, ...query.logic]
    .filter(({ path }) => path.length === 0)
    .map(({ what }) => what)
  return planConditions(cache, table, parts)
}

function writtenColumn(cache: SchemaCache, table: Table, name: string): WrittenColumn {
  const column = table.columns.get(name)
  if (column === undefined) throw ColumnNotFound(table.name, name)
  const transform = cache.representation('json', column.type) ?? null
  // A domain's own input is what the cast takes: the body is read as JSON, and cast from there.
  return { name, type: transform === null ? column.type : 'json', default: column.default, transform }
}

/** Nothing is named when only the number of rows matters. */
function returningOf(
  cache: SchemaCache,
  { preferences }: RestRequest,
  { table, read }: { table: Table; read: ReadNode },
): Returned {
  if (preferences.return === null || preferences.return === 'minimal') return { all: false, columns: [] }
  const { all, columns } = returnedColumns(cache, read)
  if (all) return { all, columns }
  return { all, columns: [...new Set([...columns, ...table.primaryKey])].sort() }
}
