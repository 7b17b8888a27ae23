/** A raw query string to a typed query: which parameter is a filter, which an argument, which is reserved. */
import type { Parameter } from '../../session/database.ts'
import { Cursor } from './cursor.ts'
import { EmbedBudget, type EmbedLimits } from './embed-budget.ts'
import { arrayLiteral, parseLogic, parseLogicPath, parseOperation, wholeValue } from './filter.ts'
import { wordError } from './grammar.ts'
import { parseNames, parseTreePath } from './names.ts'
import { parseOrder } from './order.ts'
import { parseSelect } from './select.ts'
import type { At, Filter, Logic, OrderTerm, Page, Query } from './types.ts'

export type Pair = readonly [key: string, value: string | null]

/** A value that is no number counts as not given, but for its being there. */
export type RawPage = {
  limit: number | null
  offset: number | null
  hasLimit: boolean
  hasOffset: boolean
}

export type ParsedQuery = Omit<Query, 'pages'> & {
  /** By dotted path; the root's is empty. */
  rawPages: Map<string, RawPage>
}

const decode = (text: string): string => {
  const spaced = text.includes('+') ? text.replaceAll('+', ' ') : text
  if (!spaced.includes('%')) return spaced
  try {
    return decodeURIComponent(spaced)
  } catch {
    // A stray percent sign, or bytes that are no UTF-8: kept as they came.
    return spaced.replace(/%[0-9A-Fa-f]{2}/g, (found) => {
      const code = Number.parseInt(found.slice(1), 16)
      return code < 0x80 ? String.fromCharCode(code) : '\ufffd'
    })
  }
}

/** NUL can be in no text of Postgres: dropped, as the rest of the value would be. */
const clean = (text: string): string => {
  const at = text.indexOf('\0')
  return at < 0 ? text : text.slice(0, at)
}

export const decodeValue = (text: string): string => clean(decode(text))

export function splitQuery(query: string): Pair[] {
  if (query === '') return []
  return query
    .split('&')
    .filter((piece) => piece !== '')
    .map((piece) => {
      const at = piece.indexOf('=')
      if (at < 0) return [decodeValue(piece), null] as const
      return [decodeValue(piece.slice(0, at)), decodeValue(piece.slice(at + 1))] as const
    })
}

export const encodeValue = (text: string): string =>
  encodeURIComponent(text).replace(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`)

/** Sorted by key, equal keys joined by a comma: what `Content-Location` shows. */
export function canonicalQuery(pairs: readonly Pair[]): string {
  const byKey = new Map<string, string[]>()
  for (const [key, value] of pairs) {
    const values = byKey.get(key)
    if (values) values.push(encodeValue(value ?? ''))
    else byKey.set(key, [encodeValue(value ?? '')])
  }
  return [...byKey]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, values]) => `${encodeValue(key)}=${values.join(',')}`)
    .join('&')
}

const lastPiece = (key: string): string => key.slice(key.lastIndexOf('.') + 1)

type Context = {
  values: Parameter[]
  embeds: EmbedLimits
  /** A function called by GET: bare values are its arguments. */
  bareArgs: boolean
}

export function parseQuery(pairs: readonly Pair[], context: Context): ParsedQuery {
  const { values } = context
  const parsed: ParsedQuery = {
    select: [],
    filters: [],
    logic: [],
    orders: [],
    columns: null,
    onConflict: null,
    args: [],
    rawPages: new Map(),
  }
  const args = new Map<string, string[]>()
  let select: string | null = null
  for (const [key, value] of pairs) {
    if (value === null) continue
    if (key === 'select') select ??= value
    else if (key === 'columns') parsed.columns ??= parseColumns('columns', value)
    else if (key === 'on_conflict') parsed.onConflict ??= parseColumns('on_conflict', value)
    else parseOther(parsed, args, key, value, context)
  }
  parsed.select = parseSelect(new Cursor(select ?? '*', values), new EmbedBudget(context.embeds))
  for (const [name, all] of args) parsed.args.push(toArg(name, all, values))
  return parsed
}

export function toArg(name: string, all: readonly string[], values: Parameter[]): Query['args'][number] {
  const cursor = new Cursor('', values)
  return { name, value: cursor.slot(all.at(-1) ?? ''), all: cursor.slot(arrayLiteral(all)) }
}

function parseOther(
  parsed: ParsedQuery,
  args: Map<string, string[]>,
  ...[key, value, context]: [string, string, Context]
): void {
  const { values } = context
  switch (lastPiece(key)) {
    case 'order':
      parsed.orders.push(parseOrderAt(key, value, values))
      return
    case 'limit':
    case 'offset':
      noteRange(parsed.rawPages, key, value)
      return
    case 'and':
    case 'or':
      parsed.logic.push(parseLogicAt(key, value, values))
      return
  }
  const filter = parseFilterAt(key, value, context)
  if ('what' in filter) parsed.filters.push(filter)
  else args.set(filter.argument, [...(args.get(filter.argument) ?? []), value])
}

function parseColumns(parameter: string, text: string): string[] {
  const cursor = new Cursor(text, [])
  const names = parseNames(cursor)
  if (names === null) throw wordError('names', text, `failed to parse ${parameter} parameter (${text})`)
  return names
}

function parsePathAt(key: string, values: Parameter[]) {
  const cursor = new Cursor(key, values)
  const path = parseTreePath(cursor)
  if (path === null) throw wordError('tree path', key, `failed to parse tree path (${key})`)
  return path
}

/** After these a value is meant as a filter: what then does not parse is an error, and no argument. */
const BEGINS_OPERATION = /^(?:not|in|is)\./

/** A filter, or the name of the argument that a bare value is meant for when a function is called. */
function parseFilterAt(key: string, value: string, context: Context): At<Filter> | { argument: string } {
  const { values, bareArgs } = context
  const before = values.length
  const { path, field } = parsePathAt(key, values)
  const operation = parseOperation(new Cursor(value, values), wholeValue)
  if (operation === null && bareArgs && !BEGINS_OPERATION.test(value)) {
    values.length = before
    return { argument: field.name }
  }
  if (operation === null) throw wordError('filter', value, `failed to parse filter (${value})`)
  return { path, what: { kind: 'filter', field, ...operation } }
}

function parseOrderAt(key: string, value: string, values: Parameter[]): At<OrderTerm[]> {
  const { path } = parsePathAt(key, values)
  return { path, what: parseOrder(new Cursor(value, values)) }
}

function parseLogicAt(key: string, value: string, values: Parameter[]): At<Logic> {
  const pathCursor = new Cursor(key, values)
  const where = parseLogicPath(pathCursor)
  if (where === null) throw wordError('logic path', key, `failed to parse logic path (${key})`)
  const tree = where.head + value
  const what = parseLogic(new Cursor(tree, values))
  if (what === null) throw wordError('tree', tree, `failed to parse logic tree (${value})`)
  return { path: where.path, what }
}

function noteRange(pages: Map<string, RawPage>, key: string, value: string): void {
  const at = key.lastIndexOf('.')
  const path = at < 0 ? '' : key.slice(0, at)
  const page = pages.get(path) ?? { limit: null, offset: null, hasLimit: false, hasOffset: false }
  const number = /^-?\d+$/.test(value.trim()) ? Number(value) : null
  const isLimit = lastPiece(key) === 'limit'
  Object.assign(page, isLimit ? { limit: number, hasLimit: true } : { offset: number, hasOffset: true })
  pages.set(path, page)
}

export function pagePath(dotted: string): string[] {
  if (dotted === '') return []
  const { path, field } = parsePathAt(dotted, [])
  return [...path, field.name]
}

export type { Page }
