/** Fields, filters and orders of one node, resolved against its table. */
import { TypeUnknown } from '../errors.ts'
import type { Field, FieldItem, Filter, Logic, OrderTerm } from '../request/types.ts'
import type { Column, Name, SchemaCache } from '../schema/types.ts'
import type { PlannedField, PlannedLogic, PlannedOrder, SelectColumn } from './types.ts'

/** Types that SQL spells with words of its own: not found as names in the catalog. */
const SQL_TYPES: ReadonlySet<string> = new Set([
  'bigint',
  'bit varying',
  'boolean',
  'char',
  'character',
  'character varying',
  'dec',
  'decimal',
  'double precision',
  'float',
  'int',
  'integer',
  'national character',
  'nchar',
  'real',
  'smallint',
  'time with time zone',
  'time without time zone',
  'timestamp with time zone',
  'timestamp without time zone',
])

/** A type one may cast to, as SQL text: from our list or the catalog, never as the caller wrote it. */
export function planCast(asked: string | null, cache: SchemaCache): string | null {
  if (asked === null) return null
  const name = asked.toLowerCase().replace(/ +/g, ' ')
  if (SQL_TYPES.has(name)) return name
  if (cache.types.has(name)) return `"${name.replaceAll('"', '""')}"`
  throw TypeUnknown(asked)
}

function planField(cache: SchemaCache, table: Name, field: Field): PlannedField {
  const type = cache.table(table)?.columns.get(field.name)?.type ?? null
  const json = type === 'json' || type === 'jsonb'
  return { column: field.name, path: field.path, toJson: !json, transform: null, type }
}

/** A column on its way out, through the cast that shows its domain. */
function shown(cache: SchemaCache, field: PlannedField): PlannedField {
  const transform = field.type === null ? undefined : cache.representation(field.type, 'json')
  return transform === undefined ? field : { ...field, transform }
}

export function planSelect(cache: SchemaCache, table: Name, item: FieldItem): SelectColumn {
  const field = shown(cache, planField(cache, table, item.field))
  const named = item.alias ?? (item.aggregate === null ? item.pathName : null)
  const renamed = field.transform !== null && item.aggregate === null ? field.column : null
  return {
    field,
    cast: planCast(item.cast, cache),
    aggregate: item.aggregate,
    aggregateCast: planCast(item.aggregateCast, cache),
    alias: named ?? renamed,
  }
}

export const isStar = ({ field, aggregate }: SelectColumn): boolean =>
  field.column === '*' && aggregate === null

/** `*` as the list of columns, where each must be named. */
export function expandStar(cache: SchemaCache, table: Name, star: SelectColumn): SelectColumn[] {
  const columns = [...(cache.table(table)?.columns.values() ?? [])]
  if (columns.length === 0) return [star]
  return columns.map((column) => {
    const field = shown(cache, { ...star.field, column: column.name, type: column.type })
    return { ...star, field, alias: field.transform === null ? null : column.name }
  })
}

/** Whether any column of the table is shown through a cast, so that `*` will not do. */
export const hasRepresentations = (cache: SchemaCache, table: Name): boolean =>
  [...(cache.table(table)?.columns.values() ?? [])].some(
    (column: Column) => cache.representation(column.type, 'json') !== undefined,
  )

export function planFilter(cache: SchemaCache, table: Name, filter: Filter): PlannedLogic {
  const field = planField(cache, table, filter.field)
  const parse = field.type === null ? undefined : cache.representation('text', field.type)
  const { operation } = filter
  const base = cache.table(table)?.columns.get(field.column)?.base
  const searchable = base === undefined || base === 'tsvector'
  const vector = operation.kind === 'search' && !searchable ? { language: operation.language } : null
  return { kind: 'filter', field: { ...field, transform: parse ?? null }, vector, not: filter.not, operation }
}

export function planLogic(cache: SchemaCache, table: Name, logic: Logic): PlannedLogic {
  if (logic.kind === 'filter') return planFilter(cache, table, logic)
  return { ...logic, parts: logic.parts.map((part) => planLogic(cache, table, part)) }
}

export function planOrder(cache: SchemaCache, table: Name, term: OrderTerm): PlannedOrder {
  const { direction, nulls } = term
  return { field: planField(cache, table, term.field), of: null, direction, nulls }
}

/** A field of an embed's answer, whose types are not looked into. */
export const fieldOfEmbed = (field: Field): PlannedField => ({
  column: field.name,
  path: field.path,
  toJson: false,
  transform: null,
  type: null,
})
