/**
 * Operations of a table or view: those the role may do, with the columns it may do them with.
 *
 * A change of rows demands a filter on the primary key: a form that is sent empty is then refused instead of changing
 * every row. A row of its own has no path in PostgREST's API, so there is no operation for it: it is a filtered list.
 */
import { documentAt } from '../../request/document-paths.ts'
import type { DescribedColumn, DescribedTable } from '../description.ts'
import { errors, json, nothing } from './answers.ts'
import { exampleOf, filterExample, type Json } from './examples.ts'
import {
  count,
  header,
  type Operation,
  operationOf,
  type Parameter,
  query,
  type Writing,
} from './operations.ts'
import { encodePath, type Sample } from './samples.ts'
import { arrayOf, columnSchema, objectOf, type Schema } from './schemas.ts'

export function pathOf(name: string): string {
  const path = `/${encodePath(name)}`
  return documentAt(path) === undefined ? path : path.replaceAll('.', '%2E')
}

/** Words that mean something else in a query, unless they are quoted. */
const RESERVED: ReadonlySet<string> = new Set([
  'select',
  'order',
  'limit',
  'offset',
  'columns',
  'on_conflict',
  'and',
  'or',
])
const PLAIN_NAME = /^[\p{L}0-9_$]+$/u
const inQuery = (name: string): string =>
  PLAIN_NAME.test(name) && !RESERVED.has(name) ? name : `"${name.replaceAll(/["\\]/g, '\\$&')}"`

export function tableOperations(table: DescribedTable, writing: Writing): object {
  const { verbs } = table
  // Postgres lets nobody filter by what he may not read; a change without a filter is one of every row.
  const filterable = readable(table).length > 0
  return {
    ...(verbs.select && { get: operationOf(writing, list(table, writing)) }),
    ...(verbs.insert && { post: operationOf(writing, insert(table, writing)) }),
    ...(verbs.update && filterable && { patch: operationOf(writing, update(table, writing)) }),
    ...(verbs.delete && filterable && { delete: operationOf(writing, remove(table, writing)) }),
  }
}

export const rowSchema = (
  { columns, comment }: DescribedTable,
  { dialect }: Pick<Writing, 'dialect'>,
): Schema =>
  objectOf(
    columns.filter(({ verbs }) => verbs.select).map((column) => [column.name, columnSchema(column, dialect)]),
    comment === null ? {} : { description: comment },
  )

const rowsOf = ({ name }: DescribedTable, { rows }: Writing): Schema =>
  arrayOf({ $ref: `#/components/schemas/${rows.get(name)}` })

const readable = ({ columns }: DescribedTable) => columns.filter(({ verbs }) => verbs.select)

/** `*` stands for all columns, those that the role may not read included. */
function selection(table: DescribedTable): string {
  const own = readable(table)
  return own.length === table.columns.length ? '*' : own.map(({ name }) => inQuery(name)).join(',')
}

function filters(table: DescribedTable, demanded: readonly string[]): Parameter[] {
  return readable(table).map((column) =>
    query(inQuery(column.name), {
      description: `${column.type}: operator and value.`,
      example: filterExample(column),
      required: demanded.includes(column.name),
    }),
  )
}

const select = (table: DescribedTable): Parameter =>
  query('select', {
    description: 'Columns, and related tables with theirs in brackets.',
    example: selection(table),
  })

function list(table: DescribedTable, writing: Writing): Operation {
  const { name, comment, primaryKey, view } = table
  const own = readable(table).map((column) => column.name)
  const first = primaryKey[0] ?? own[0]
  const rows = rowsOf(table, writing)
  return {
    id: `list_${name}`,
    tag: name,
    summary: `List rows of ${name}`,
    description: comment ?? (view ? 'A view.' : null),
    parameters: [
      ...filters(table, []),
      select(table),
      ...(first === undefined
        ? []
        : [query('order', { description: 'Columns to sort by.', example: `${inQuery(first)}.asc` })]),
      count('limit', 'How many rows at most.', 10),
      count('offset', 'How many rows to pass over.', 0),
      header('Range', { description: 'First and last row wanted.', example: '0-9' }),
      header('Prefer', { description: 'Whether to count all rows.', example: 'count=exact' }),
    ],
    answers: {
      200: json('All rows that were asked for.', rows, { ranged: true }),
      206: json('Some of them; more follow.', rows, { ranged: true }),
      ...errors('BadRequest', 'Unauthorized', 'Forbidden', 'NotFound', 'RangeNotSatisfiable'),
    },
    sample: {
      method: 'GET',
      path: pathOf(name),
      query: [
        ['select', selection(table)],
        ['limit', '10'],
      ],
    },
  }
}

/** Rows come back only to who may read them, and only if there is a column to return. */
function returning(table: DescribedTable) {
  const shows = readable(table).length > 0
  const wanted = shows ? 'return=representation' : 'return=minimal'
  return {
    shows,
    parameters: [
      ...(shows ? [select(table)] : []),
      header('Prefer', { description: 'Whether the rows come back.', example: wanted, fill: true }),
    ],
    headers: [['Prefer', wanted]] as const,
    query: shows && selection(table) !== '*' ? ([['select', selection(table)]] as const) : [],
  }
}

function insert(table: DescribedTable, writing: Writing): Operation {
  const { name, comment } = table
  const { shows, parameters, headers, query: chosen } = returning(table)
  const columns = table.columns.filter(({ verbs, generated }) => verbs.insert && !generated)
  const required = columns.filter((column) => !column.nullable && column.default === null)
  const example = valuesOf(
    columns.filter((column) => column.default === null && !mayStayEmpty(table, column)),
  )
  return {
    id: `insert_${name}`,
    tag: name,
    summary: `Insert a row into ${name}`,
    description: comment,
    parameters: [
      ...parameters,
      ...(table.primaryKey.length === 0
        ? []
        : [
            query('on_conflict', {
              description: 'Unique columns, for Prefer: resolution=merge-duplicates.',
              example: table.primaryKey.map(inQuery).join(','),
            }),
          ]),
    ],
    body: { type: 'application/json', schema: bodyOf(columns, required, writing), example },
    answers: {
      ...(shows ? { 200: json('Rows that were there already.', rowsOf(table, writing)) } : {}),
      201: shows ? json('The new rows.', rowsOf(table, writing)) : nothing('The row is there.'),
      ...errors('BadRequest', 'Unauthorized', 'Forbidden', 'NotFound', 'Conflict'),
    },
    sample: {
      method: 'POST',
      path: pathOf(name),
      query: chosen,
      headers,
      body: { type: 'application/json', value: example },
    },
  }
}

/**
 * Left out of examples: what it would point at may not be there, and what a domain checks nobody can guess.
 * Of a view nobody knows which columns its tables demand.
 */
const mayStayEmpty = (table: DescribedTable, column: DescribedColumn): boolean =>
  column.nullable && !table.view && (isKeyed(table, column) || isDomain(column))

const isKeyed = ({ foreignKeys }: DescribedTable, { name }: DescribedColumn): boolean =>
  foreignKeys.some(({ columns }) => columns.includes(name))

const isDomain = ({ type, base }: DescribedColumn): boolean => type.replace(/\([\d,]+\)/, '') !== base

const valuesOf = (columns: readonly DescribedColumn[]): { [name: string]: Json } =>
  Object.fromEntries(columns.map((column) => [column.name, exampleOf(column)]))

function bodyOf(
  columns: readonly DescribedColumn[],
  required: readonly DescribedColumn[],
  { dialect }: Writing,
): Schema {
  return objectOf(
    columns.map((column) => [column.name, columnSchema(column, dialect)]),
    required.length > 0 ? { required: required.map(({ name }) => name) } : {},
  )
}

/** The rows that a change is for: by key, or else by the first column there is. */
function target(table: DescribedTable) {
  const keys = readable(table).filter(({ name }) => table.primaryKey.includes(name))
  const whole = keys.length === table.primaryKey.length ? keys : []
  const named = whole.length > 0 ? whole : readable(table).slice(0, 1)
  return {
    demanded: whole.map(({ name }) => name),
    query: named.map((column) => [inQuery(column.name), filterExample(column)] as const),
  }
}

/** The plainer a column, the better it shows what an update is. */
const weight = (table: DescribedTable, column: DescribedColumn): number =>
  Number(table.primaryKey.includes(column.name)) * 8 +
  Number(isKeyed(table, column)) * 4 +
  Number(isDomain(column)) * 2 +
  Number(column.default !== null)

function update(table: DescribedTable, writing: Writing): Operation {
  const { name, comment } = table
  const { shows, parameters, headers, query: chosen } = returning(table)
  const { demanded, query: rows } = target(table)
  const columns = table.columns.filter(({ verbs, generated }) => verbs.update && !generated)
  const example = valuesOf(columns.toSorted((a, b) => weight(table, a) - weight(table, b)).slice(0, 1))
  return {
    id: `update_${name}`,
    tag: name,
    summary: `Update rows of ${name}`,
    description: comment,
    parameters: [...filters(table, demanded), ...parameters],
    body: { type: 'application/json', schema: bodyOf(columns, [], writing), example },
    answers: changed(table, writing, shows),
    sample: {
      method: 'PATCH',
      path: pathOf(name),
      query: [...rows, ...chosen],
      headers,
      body: { type: 'application/json', value: example },
    },
  }
}

function remove(table: DescribedTable, writing: Writing): Operation {
  const { name, comment } = table
  const { shows, parameters, headers, query: chosen } = returning(table)
  const { demanded, query: rows } = target(table)
  const sample: Sample = { method: 'DELETE', path: pathOf(name), query: [...rows, ...chosen], headers }
  return {
    id: `delete_${name}`,
    tag: name,
    summary: `Delete rows of ${name}`,
    description: comment,
    parameters: [...filters(table, demanded), ...parameters],
    answers: changed(table, writing, shows),
    sample,
  }
}

function changed(table: DescribedTable, writing: Writing, shows: boolean): Record<string, unknown> {
  const rows = rowsOf(table, writing)
  return {
    ...(shows ? { 200: json('The rows that it was done to.', rows, { ranged: true }) } : {}),
    204: nothing('Done; no row comes back.'),
    ...errors('BadRequest', 'Unauthorized', 'Forbidden', 'NotFound', 'Conflict'),
  }
}
