/**
 * The whole statement: rows are read, and Postgres writes the body. One row comes back: total, page (unless the body
 * tells it), body, headers and status; of a write also location, and what an upsert inserted.
 */
import { empty, ident, join, literal, raw, type Sql, sql } from '@cascata/shared/sql'
import type { Handler, Plan } from '../plan/types.ts'
import { callToSql, SCALAR } from './call.ts'
import { COMMA, nameToSql } from './fields.ts'
import { countToSql, RETURNED, readToSql } from './read.ts'
import { insertedCount, mutationToSql } from './write.ts'

/** Rows of the answer. Whole rows are written with a star: a column may be called like the alias. */
const PAGE = '_postgrest_t'
const ROW = sql`${ident(PAGE)}.*`

const setting = (name: string): Sql => raw(`nullif(current_setting('${name}', true), '')`)

export function planToSql(plan: Plan): Sql {
  const rows = readToSql(plan.read)
  const tables: Sql[] = []
  if (plan.kind === 'write') tables.push(sql`${ident(RETURNED)} as (${mutationToSql(plan.mutation)})`)
  if (plan.kind === 'call') tables.push(sql`${ident(RETURNED)} as (${callToSql(plan.call)})`)
  // CSV reads its rows twice: once for the header line.
  const twice = plan.handler.kind === 'csv'
  if (twice) tables.push(sql`${ident(PAGE)} as (${rows})`)
  const from = twice ? sql`${ident(PAGE)} as ${ident(PAGE)}` : sql`(${rows}) as ${ident(PAGE)}`
  const columns = [
    sql`${totalToSql(plan)} as total`,
    ...pageToSql(plan),
    ...(plan.kind === 'write' ? [sql`${locationToSql(plan)} as location`] : []),
    sql`${bodyToSql(plan)} as body`,
    sql`${setting('response.headers')} as headers`,
    sql`${setting('response.status')} as status`,
    ...(plan.kind === 'write' && plan.inserted ? [sql`${insertedCount} as inserted`] : []),
  ]
  const using = tables.length === 0 ? empty : sql`with ${join(tables, COMMA)} `
  return sql`${using}select ${join(columns, COMMA)} from ${from}`
}

/** How many rows the body has. */
function pageToSql(plan: Plan): Sql[] {
  if (plan.kind === 'read' && plan.rowPerLine) return []
  // A function that returns one value has one, whatever is left of it.
  return [plan.kind === 'call' && !plan.call.routine.returns.set ? raw('1 as page') : raw('count(*) as page')]
}

function totalToSql({ count, countMax, read }: Plan): Sql {
  if (!count) return raw('null::bigint')
  const aggregated = read.select.some(({ aggregate }) => aggregate !== null)
  const spread = read.embeds.some(({ spread: fields }) => fields?.some(({ aggregate }) => aggregate !== null))
  // Without a limit the page is all there is.
  if (read.limit === null && read.offset === null && !aggregated && !spread) return raw('count(*)')
  return sql`(select count(*) from (${countToSql(read)}${countMax === null ? empty : sql` limit ${String(countMax)}`}) as counted)`
}

/** What a planned count asks the planner about. */
export const explainCountToSql = (plan: Plan): Sql => sql`explain (format json) ${countToSql(plan.read)}`

function bodyToSql({ handler, ...plan }: Plan): Sql {
  const routine = plan.kind === 'call' ? plan.call.routine : null
  const scalar = routine !== null && !routine.returns.composite
  const one = routine !== null && !routine.returns.set
  const row = scalar ? ident(PAGE, SCALAR) : ROW
  switch (handler.kind) {
    case 'none':
      return raw(`''::text`)
    case 'json':
      return one ? objectToSql(row, false) : arrayToSql(row, false)
    case 'stripped-array':
      return one ? objectToSql(row, true) : arrayToSql(row, true)
    case 'object':
      return objectToSql(row, handler.stripped)
    case 'csv':
      return csvToSql()
    case 'geojson':
      return sql`json_build_object('type', 'FeatureCollection', 'features', coalesce(json_agg(st_asgeojson(${ROW})::json), '[]'))`
    case 'custom':
      return customToSql(handler, scalar)
  }
}

const strip = (value: Sql, stripped: boolean): Sql => (stripped ? sql`json_strip_nulls(${value})` : value)

const arrayToSql = (row: Sql, stripped: boolean): Sql =>
  sql`coalesce(${strip(sql`json_agg(${row})`, stripped)}, '[]')`

const objectToSql = (row: Sql, stripped: boolean): Sql =>
  sql`coalesce(${strip(sql`json_agg(${row})->0`, stripped)}, 'null')`

function csvToSql(): Sql {
  const page = ident(PAGE)
  const header = sql`(select coalesce(string_agg(name, ','), '') from (select json_object_keys(row_to_json(${ROW})) as name from (select * from ${page} limit 1) as ${page}) as names)`
  const line = sql`substring((${ROW})::text, 2, length((${ROW})::text) - 2)`
  return sql`${header} || E'\\n' || coalesce(string_agg(${line}, E'\\n'), '')`
}

/** A scalar's handler is a cast, not an aggregate: its one value is taken out of an array. */
function customToSql(
  { function: fn, of, written }: Extract<Handler, { kind: 'custom' }>,
  scalar: boolean,
): Sql {
  const row = of === null ? ROW : sql`(${ROW})::${nameToSql(of)}`
  const value = scalar
    ? sql`(array_agg(${nameToSql(fn)}(${ident(PAGE, SCALAR)})))[1]`
    : sql`${nameToSql(fn)}(${row})`
  return written === 'bytea' ? sql`encode(${value}::bytea, 'hex')` : value
}

/** `key=eq.value` of each primary key column, when exactly one row was written. */
function locationToSql(plan: Plan): Sql {
  if (plan.kind !== 'write' || !plan.location) return raw('null::text')
  const { primaryKey } = plan.mutation.table
  if (primaryKey.length === 0) return raw('null::text')
  const keys = join(primaryKey.map(literal), COMMA)
  const pairs = sql`select json_agg(json_build_array(key, coalesce('eq.' || value, 'is.null'))) from (select row_to_json(row) as row from ${ident(RETURNED)} as row limit 1) as written, json_each_text(written.row) where key in (${keys})`
  return sql`case when count(*) = 1 then (${pairs})::text end`
}
