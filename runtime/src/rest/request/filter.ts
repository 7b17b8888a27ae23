/** Filters: `not.op(any).value`, and trees of them in `and=(...)`, `or=(...)`. */
import { QueryNotParsed } from '../errors.ts'
import type { Cursor } from './cursor.ts'
import { parseField, parseIdentifier, parseName, parseQuoted } from './names.ts'
import type { Filter, Logic, Operation, Truth } from './types.ts'

/** Operators of one value. */
export const SIMPLE = ['neq', 'cs', 'cd', 'ov', 'sl', 'sr', 'nxr', 'nxl', 'adj'] as const
/** Operators that take `(any)` and `(all)`. */
export const QUANTIFIED = ['eq', 'gte', 'gt', 'lte', 'lt', 'like', 'ilike', 'match', 'imatch'] as const
export const SEARCH = ['fts', 'plfts', 'phfts', 'wfts'] as const

const SIMPLE_SET: ReadonlySet<string> = new Set(SIMPLE)
const QUANTIFIED_SET: ReadonlySet<string> = new Set(QUANTIFIED)
const SEARCH_SET: ReadonlySet<string> = new Set(SEARCH)
const WORD = /[a-z]+/y
const TRUTHS: readonly [RegExp, Truth][] = [
  [/not_null/iy, 'not null'],
  [/null/iy, 'null'],
  [/true/iy, 'true'],
  [/false/iy, 'false'],
  [/unknown/iy, 'unknown'],
]
const REST = /[\s\S]*/y
const UNRESERVED = /[^,)]*/y
const ARRAY = /\{[^{}]*\}/y
const LOGIC_DEPTH_MAX = 64

/** Elements of a Postgres array literal; NUL cannot be in a text. */
export const arrayLiteral = (elements: readonly string[]): string =>
  `{${elements.map((element) => `"${element.replace(/[\\"]/g, '\\$&')}"`).join(',')}}`

type ValueParser = (cursor: Cursor) => string

/** A value that runs to the end of the parameter. */
export const wholeValue: ValueParser = (cursor) => cursor.match(REST) ?? ''

/** A value inside a logic tree: quoted, an array, or up to the next comma or parenthesis. */
const treeValue: ValueParser = (cursor) => {
  const mark = cursor.mark()
  const quoted = parseQuoted(cursor)
  if (quoted !== null && endsElement(cursor)) return quoted
  cursor.back(mark)
  return cursor.match(ARRAY) ?? cursor.match(UNRESERVED) ?? ''
}

const endsElement = (cursor: Cursor): boolean =>
  cursor.pos >= cursor.text.length || cursor.peek(',') || cursor.peek(')')

export function parseOperation(
  cursor: Cursor,
  value: ValueParser,
): { not: boolean; operation: Operation } | null {
  const not = cursor.peek('not.')
  if (not) cursor.pos += 4
  const word = cursor.match(WORD) ?? ''
  const operation = parseNamed(cursor, word, value)
  return operation && { not, operation }
}

const isOperator = (word: string): boolean =>
  SIMPLE_SET.has(word) ||
  QUANTIFIED_SET.has(word) ||
  SEARCH_SET.has(word) ||
  ['in', 'is', 'isdistinct'].includes(word)

function parseNamed(cursor: Cursor, word: string, value: ValueParser): Operation | null {
  if (QUANTIFIED_SET.has(word)) return parseQuantified(cursor, word, value)
  if (SEARCH_SET.has(word)) return parseSearch(cursor, word, value)
  if (!cursor.peek('.') || !isOperator(word)) return null
  cursor.pos++
  if (word === 'in') return parseIn(cursor)
  if (word === 'is') return parseIs(cursor)
  const slot = cursor.slot(value(cursor))
  if (word === 'isdistinct') return { kind: 'distinct', value: slot }
  return { kind: 'compare', operator: word, quantifier: null, value: slot }
}

function parseQuantified(cursor: Cursor, word: string, value: ValueParser): Operation | null {
  let quantifier: 'any' | 'all' | null = null
  if (cursor.peek('(any)')) quantifier = 'any'
  if (cursor.peek('(all)')) quantifier = 'all'
  if (quantifier !== null) cursor.pos += 5
  if (!cursor.take('.')) return null
  const text = value(cursor)
  // `*` stands for `%`, which would need encoding in a URL.
  const pattern = word === 'like' || word === 'ilike' ? text.replaceAll('*', '%') : text
  return { kind: 'compare', operator: word, quantifier, value: cursor.slot(pattern) }
}

function parseSearch(cursor: Cursor, word: string, value: ValueParser): Operation | null {
  let language: string | null = null
  if (cursor.peek('(')) {
    cursor.pos++
    language = parseIdentifier(cursor)
    if (language === null || !cursor.take(')')) return null
  }
  if (!cursor.take('.')) return null
  const languageSlot = language === null ? null : cursor.slot(language)
  return { kind: 'search', operator: word, language: languageSlot, value: cursor.slot(value(cursor)) }
}

function parseIs(cursor: Cursor): Operation | null {
  for (const [word, truth] of TRUTHS) {
    if (cursor.match(word) !== null) return { kind: 'is', truth }
  }
  return null
}

function parseIn(cursor: Cursor): Operation | null {
  cursor.skipBlanks()
  if (!cursor.take('(')) return null
  cursor.skipBlanks()
  const elements: string[] = []
  do {
    const mark = cursor.mark()
    const quoted = parseQuoted(cursor)
    if (quoted !== null && endsElement(cursor)) elements.push(quoted)
    else {
      cursor.back(mark)
      elements.push(cursor.match(UNRESERVED) ?? '')
    }
  } while (cursor.take(','))
  if (!cursor.take(')')) return null
  cursor.skipBlanks()
  // `in.()` holds nothing, rather than one empty text.
  const none = elements.length === 1 && elements[0] === ''
  return { kind: 'in', values: cursor.slot(arrayLiteral(none ? [] : elements)) }
}

/** One node of a logic tree: `and(...)`, `not.or(...)` or `column.op.value`. */
export function parseLogic(cursor: Cursor, depthLeft = LOGIC_DEPTH_MAX): Logic | null {
  if (depthLeft < 0) throw QueryNotParsed('failed to parse logic tree', 'conditions are nested too deep')
  const mark = cursor.mark()
  const filter = parseLogicFilter(cursor)
  if (filter !== null) return filter
  cursor.back(mark)
  return parseGroup(cursor, depthLeft)
}

function parseLogicFilter(cursor: Cursor): Filter | null {
  const field = parseField(cursor)
  if (field === null || !cursor.take('.')) return null
  const parsed = parseOperation(cursor, treeValue)
  return parsed && { kind: 'filter', field: { name: field.name, path: field.path }, ...parsed }
}

function parseGroup(cursor: Cursor, depthLeft: number): Logic | null {
  cursor.skipBlanks()
  const not = cursor.peek('not.')
  if (not) cursor.pos += 4
  const kind = cursor.peek('and') ? 'all' : cursor.peek('or') ? 'any' : null
  if (kind === null) return null
  cursor.pos += kind === 'all' ? 3 : 2
  cursor.skipBlanks()
  if (!cursor.take('(')) return null
  const parts: Logic[] = []
  do {
    cursor.skipBlanks()
    const part = parseLogic(cursor, depthLeft - 1)
    if (part === null) return null
    parts.push(part)
    cursor.skipBlanks()
  } while (cursor.take(','))
  if (!cursor.take(')')) return null
  cursor.skipBlanks()
  return { kind, not, parts }
}

/** `embed.not.or` before the `=`: where the tree hangs, and its head. */
export function parseLogicPath(cursor: Cursor): { path: string[]; head: string } | null {
  const names: string[] = []
  do {
    const name = parseName(cursor)
    if (name === null) return null
    names.push(name)
  } while (cursor.take('.'))
  const operator = names.pop() ?? ''
  const not = names.includes('not')
  return { path: names.filter((name) => name !== 'not'), head: not ? `not.${operator}` : operator }
}
