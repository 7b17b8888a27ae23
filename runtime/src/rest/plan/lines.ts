/**
 * Whether an answer has one line for each of its rows. `json_agg` breaks the line between rows and nowhere else; a
 * value does so only when it is JSON that keeps its own blanks. Then rows are counted in the answer: Postgres sets up
 * each aggregate anew for each statement, and `count(*)` was a tenth of a short read.
 */
import type { SchemaCache } from '../schema/types.ts'
import { isStar } from './fields.ts'
import type { ReadNode, SelectColumn } from './types.ts'

/** Built in, so that no cast of somebody's makes JSON of them; as text, as a number, or as JSON without blanks. */
export const ON_ONE_LINE: ReadonlySet<string> = new Set([
  'bigint',
  'boolean',
  'bytea',
  'character varying',
  'character',
  'date',
  'double precision',
  'inet',
  'integer',
  'jsonb',
  'numeric',
  'real',
  'smallint',
  'text',
  'time without time zone',
  'timestamp with time zone',
  'timestamp without time zone',
  'uuid',
])

const MODIFIER = /\(\d+(?:,-?\d+)?\)/
const ARRAY = /\[\]$/

const isOnOneLine = (type: string | null | undefined): boolean =>
  type !== null && type !== undefined && ON_ONE_LINE.has(type.replace(MODIFIER, '').replace(ARRAY, ''))

export function hasRowPerLine(cache: SchemaCache, { select, embeds, table }: ReadNode): boolean {
  if (embeds.length > 0 || select.length === 0) return false
  const columns = [...(cache.table(table)?.columns.values() ?? [])]
  const isWholeOnOneLine = columns.length > 0 && columns.every(({ type }) => isOnOneLine(type))
  const isPlain = ({ field, cast, aggregate }: SelectColumn) =>
    cast === null && aggregate === null && field.path.length === 0 && field.transform === null
  return select.every(
    (column) => isPlain(column) && (isStar(column) ? isWholeOnOneLine : isOnOneLine(column.field.type)),
  )
}
