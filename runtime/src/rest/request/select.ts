/** `select=`: columns with alias, path, cast and aggregate; embeds and spreads, nested. */
import type { Cursor } from './cursor.ts'
import type { EmbedBudget } from './embed-budget.ts'
import { wordError } from './grammar.ts'
import { parseField, parseIdentifier, parseName } from './names.ts'
import type { Aggregate, EmbedItem, FieldItem, SelectItem } from './types.ts'

const AGGREGATES = ['sum', 'avg', 'count', 'max', 'min'] as const

export function parseSelect(cursor: Cursor, budget: EmbedBudget): SelectItem[] {
  const what = `failed to parse select parameter (${cursor.text})`
  const items = parseItems(cursor, budget)
  // What follows the last embed is not looked at: PostgREST does not either, and clients rely on it.
  if (items === null) throw wordError('select', cursor.text, what)
  return items
}

function parseItems(cursor: Cursor, budget: EmbedBudget): SelectItem[] | null {
  const items: SelectItem[] = []
  cursor.skipBlanks()
  if (cursor.pos >= cursor.text.length || cursor.peek(')')) return items
  do {
    cursor.skipBlanks()
    const item = parseItem(cursor, budget)
    if (item === null) return null
    items.push(item)
    cursor.skipBlanks()
  } while (cursor.take(','))
  return items
}

function parseItem(cursor: Cursor, budget: EmbedBudget): SelectItem | null {
  if (cursor.peek('...')) {
    cursor.pos += 3
    return parseEmbed(cursor, budget, { alias: null, spread: true })
  }
  if (cursor.peek('*')) return parseStar(cursor)
  const mark = cursor.mark()
  const alias = parseAlias(cursor)
  const start = cursor.mark()
  const name = parseName(cursor)
  if (name === null) return null
  if (name === 'count' && cursor.peek('()')) {
    cursor.pos += 2
    return finishAggregate(cursor, { name: '*', path: [] }, alias, { aggregate: 'count', cast: null })
  }
  if (cursor.peek('(') || opensEmbed(cursor)) {
    cursor.back(start)
    return parseEmbed(cursor, budget, { alias, spread: false })
  }
  cursor.back(mark)
  return parseFieldItem(cursor)
}

/** Whether hint and join lead to a parenthesis; without one the name is a column. */
function opensEmbed(cursor: Cursor): boolean {
  const mark = cursor.mark()
  for (let params = 0; params < 2 && cursor.peek('!'); params++) {
    cursor.pos++
    if (parseName(cursor) === null) break
  }
  const opens = cursor.pos > mark.pos && cursor.peek('(')
  cursor.back(mark)
  return opens
}

function parseStar(cursor: Cursor): FieldItem | null {
  cursor.pos++
  if (!atItemEnd(cursor)) return null
  return fieldItem({ name: '*', path: [] }, null, null)
}

function parseAlias(cursor: Cursor): string | null {
  const mark = cursor.mark()
  const name = parseName(cursor)
  if (name !== null && cursor.peek(':') && !cursor.peek('::')) {
    cursor.pos++
    return name
  }
  return cursor.back(mark)
}

function parseFieldItem(cursor: Cursor): FieldItem | null {
  const alias = parseAlias(cursor)
  const field = parseField(cursor)
  if (field === null) return null
  const cast = parseCast(cursor)
  if (cast === undefined) return null
  const aggregate = parseAggregate(cursor)
  if (aggregate === undefined) return null
  const { lastKey, ...plain } = field
  if (aggregate !== null) return finishAggregate(cursor, plain, alias, { aggregate, cast, lastKey })
  // A second cast belongs to an aggregate: without one it is read and says nothing, as PostgREST has it.
  if (parseCast(cursor) === undefined || !atItemEnd(cursor)) return null
  return { ...fieldItem(plain, alias, lastKey), cast }
}

function parseCast(cursor: Cursor): string | null | undefined {
  if (!cursor.peek('::')) return null
  cursor.pos += 2
  return parseIdentifier(cursor) ?? undefined
}

function parseAggregate(cursor: Cursor): Aggregate | null | undefined {
  if (!cursor.peek('.')) return null
  cursor.pos++
  const found = AGGREGATES.find((name) => cursor.peek(`${name}()`))
  if (found === undefined) {
    return undefined
  }
  cursor.pos += found.length + 2
  return found
}

function finishAggregate(
  cursor: Cursor,
  field: FieldItem['field'],
  alias: string | null,
  more: { aggregate: Aggregate; cast: string | null; lastKey?: string | null },
): FieldItem | null {
  const aggregateCast = parseCast(cursor)
  if (aggregateCast === undefined || !atItemEnd(cursor)) return null
  const item = fieldItem(field, alias, more.lastKey ?? null)
  return { ...item, cast: more.cast, aggregate: more.aggregate, aggregateCast }
}

function fieldItem(field: FieldItem['field'], alias: string | null, lastKey: string | null): FieldItem {
  // An empty key is no name for a column.
  const pathName = field.path.length > 0 ? lastKey || field.name : null
  return { kind: 'field', field, alias, pathName, cast: null, aggregate: null, aggregateCast: null }
}

function atItemEnd(cursor: Cursor): boolean {
  cursor.skipBlanks()
  if (cursor.peek(')') || cursor.peek(',')) return true
  if (cursor.pos >= cursor.text.length) return true
  return false
}

function parseEmbed(
  cursor: Cursor,
  budget: EmbedBudget,
  { alias, spread }: { alias: string | null; spread: boolean },
): EmbedItem | null {
  const name = parseName(cursor)
  if (name === null) return null
  let hint: string | null = null
  let join: EmbedItem['join'] = null
  for (let params = 0; params < 2 && cursor.take('!'); params++) {
    const param = parseName(cursor)
    if (param === null) return null
    if (param === 'inner' || param === 'left') join ??= param
    else hint ??= param
  }
  if (!cursor.take('(')) return null
  budget.enter()
  const select = parseItems(cursor, budget)
  budget.leave()
  if (select === null || !cursor.take(')')) return null
  cursor.skipBlanks()
  return { kind: 'embed', name, alias, hint, join, spread, select }
}
