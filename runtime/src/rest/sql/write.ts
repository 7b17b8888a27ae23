/** Inserts, updates and deletes as SQL; their rows come from one JSON parameter that Postgres takes apart. */
import { empty, ident, join, literal, raw, type Sql, sql } from '@cascata/shared/sql'
import type { Mutation, Returned, WrittenColumn } from '../plan/types.ts'
import type { Slot } from '../request/types.ts'
import type { Table } from '../schema/types.ts'
import { COMMA, conditionsToSql, nameToSql, whereToSql } from './fields.ts'

/** Names that no table of a tenant's has (an update has its table beside them); PostgREST's, for messages show them. */
export const BODY = 'pgrst_body'
const PAYLOAD = ident('pgrst_payload')
const DEFAULTED = ident('pgrst_json_defs')

export type JsonBody = {
  body: Slot
  object: boolean
  columns: readonly WrittenColumn[]
  /** Missing keys take the column's default instead of null. */
  defaults: boolean
  /** Only the first row counts. */
  single: boolean
}

/** `from ... body`: a table of the body's rows, with the columns named and typed. */
export function bodyToSql({ body, object, columns, defaults, single }: JsonBody): Sql {
  const payload = sql`(select ${body}::${raw(defaults ? 'jsonb' : 'json')} as json) ${PAYLOAD}`
  const defaulted = defaults ? sql`, lateral (${defaultedToSql(object, columns)}) ${DEFAULTED}` : empty
  const source = sql`${defaults ? DEFAULTED : PAYLOAD}.json`
  const prefix = defaults ? 'jsonb' : 'json'
  if (columns.length === 0) {
    // Keys are none: an object is one row of defaults, an array one for each element.
    const rows = object ? raw('(values (1)) row') : sql`${raw(prefix)}_array_elements(${source}) row`
    return sql`from ${payload}${defaulted}, lateral (select from ${rows}) ${ident(BODY)}`
  }
  const read = raw(object ? `${prefix}_to_record` : `${prefix}_to_recordset`)
  const typed = columns.map(({ name, type }) => sql`${ident(name)} ${raw(type)}`)
  const selected = columns.map(({ name, transform }) =>
    transform === null ? ident(name) : sql`${nameToSql(transform)}(${ident(name)}) as ${ident(name)}`,
  )
  const limit = single ? raw(' limit 1') : empty
  return sql`from ${payload}${defaulted}, lateral (select ${join(selected, COMMA)} from ${read}(${source}) as row(${join(typed, COMMA)})${limit}) ${ident(BODY)}`
}

function defaultedToSql(object: boolean, columns: readonly WrittenColumn[]): Sql {
  const pairs = columns.flatMap(({ name, default: value }) =>
    value === null ? [] : [sql`${literal(name)}, ${raw(value)}`],
  )
  const defaults = sql`jsonb_build_object(${join(pairs, COMMA)})`
  return object
    ? sql`select ${defaults} || ${PAYLOAD}.json as json`
    : sql`select jsonb_agg(${defaults} || elem) as json from jsonb_array_elements(${PAYLOAD}.json) elem`
}

/** Counts what an upsert really inserts: one up for each row tried, one down for each that was there. */
const INSERTED = 'cascata.inserted'
const inserted = raw(`nullif(current_setting('${INSERTED}', true), '')`)
const counting = (step: '+ 1' | '- 1'): Sql =>
  sql`set_config('${raw(INSERTED)}', (coalesce(${inserted}::int, 0) ${raw(step)})::text, true) is not null`

/** Rows inserted, as text; null where none were counted. */
export const insertedCount = inserted

export function returnedToSql(alias: string, { all, columns }: Returned): Sql {
  const named = columns.map((column) => ident(alias, column))
  if (all) return join([sql`${ident(alias)}.*`, ...named], COMMA)
  // Only their number matters.
  return named.length === 0 ? raw('1') : join(named, COMMA)
}

const returningToSql = (table: Table, returning: Returned): Sql =>
  sql` returning ${returnedToSql(table.name, returning)}`

export function mutationToSql(mutation: Mutation): Sql {
  switch (mutation.kind) {
    case 'insert':
      return insertToSql(mutation)
    case 'update':
      return updateToSql(mutation)
    case 'delete': {
      const { table, where, returning } = mutation
      const conditions = whereToSql(conditionsToSql(table.name, where))
      return sql`delete from ${nameToSql(table)} as ${ident(table.name)}${conditions}${returningToSql(table, returning)}`
    }
  }
}

function insertToSql(mutation: Extract<Mutation, { kind: 'insert' }>): Sql {
  const { table, columns, conflict, conditions, returning } = mutation
  const names = join(
    columns.map(({ name }) => ident(name)),
    COMMA,
  )
  const selected = join(
    columns.map(({ name }) => ident(BODY, name)),
    COMMA,
  )
  const merging = conflict?.action === 'merge' ? [counting('+ 1')] : []
  const filters = whereToSql([...conditionsToSql(BODY, conditions), ...merging])
  const into = columns.length === 0 ? empty : sql` (${names})`
  return sql`insert into ${nameToSql(table)} as ${ident(table.name)}${into} select ${selected} ${bodyToSql({ ...mutation, single: false })}${filters}${conflictToSql(mutation)}${returningToSql(table, returning)}`
}

function conflictToSql({ columns, conflict }: Extract<Mutation, { kind: 'insert' }>): Sql {
  if (conflict === null || conflict.columns.length === 0) return empty
  const target = join(
    conflict.columns.map((column) => ident(column)),
    COMMA,
  )
  if (conflict.action === 'ignore' || columns.length === 0) return sql` on conflict (${target}) do nothing`
  const sets = columns.map(({ name }) => sql`${ident(name)} = excluded.${ident(name)}`)
  return sql` on conflict (${target}) do update set ${join(sets, COMMA)} where ${counting('- 1')}`
}

function updateToSql(mutation: Extract<Mutation, { kind: 'update' }>): Sql {
  const { table, columns, where, returning } = mutation
  // Nothing to set is no update; an empty result of the right columns stands in for it.
  if (columns.length === 0) {
    const shown = returnedToSql(table.name, returning)
    return sql`select ${shown} from ${nameToSql(table)} as ${ident(table.name)} where false`
  }
  const sets = columns.map(({ name }) => sql`${ident(name)} = ${ident(BODY, name)}`)
  const conditions = whereToSql(conditionsToSql(table.name, where))
  return sql`update ${nameToSql(table)} as ${ident(table.name)} set ${join(sets, COMMA)} ${bodyToSql({ ...mutation, single: false })}${conditions}${returningToSql(table, returning)}`
}
