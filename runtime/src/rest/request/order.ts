/** `order=`: columns, JSON paths and columns of to-one embeds, with direction and place of nulls. */
import type { Cursor } from './cursor.ts'
import { wordError } from './grammar.ts'
import { parseField, parseName } from './names.ts'
import type { OrderTerm } from './types.ts'

export function parseOrder(cursor: Cursor): OrderTerm[] {
  const terms: OrderTerm[] = []
  do {
    const term = parseTerm(cursor)
    if (term === null) throw wordError('order', cursor.text, `failed to parse order (${cursor.text})`)
    terms.push(term)
  } while (cursor.take(','))
  return terms
}

function parseTerm(cursor: Cursor): OrderTerm | null {
  cursor.skipBlanks()
  const mark = cursor.mark()
  const related = parseRelated(cursor)
  if (related === null) {
    cursor.back(mark)
  }
  const field = related?.field ?? parseField(cursor)
  if (field === null) return null
  const direction = parseWord(cursor, ['asc', 'desc'])
  const nulls = parseWord(cursor, ['nullsfirst', 'nullslast'])
  cursor.skipBlanks()
  if (cursor.pos < cursor.text.length && !cursor.peek(',')) {
    return null
  }
  return {
    relation: related?.relation ?? null,
    field: { name: field.name, path: field.path },
    direction: direction as OrderTerm['direction'],
    nulls: nulls === null ? null : nulls === 'nullsfirst' ? 'first' : 'last',
  }
}

function parseRelated(cursor: Cursor): { relation: string; field: OrderTerm['field'] } | null {
  const relation = parseName(cursor)
  if (relation === null || !cursor.peek('(')) return null
  cursor.pos++
  const field = parseField(cursor)
  if (field === null || !cursor.take(')')) return null
  return { relation, field }
}

function parseWord(cursor: Cursor, words: readonly [string, string]): string | null {
  if (!cursor.peek('.')) {
    return null
  }
  const mark = cursor.mark()
  cursor.pos++
  const word = words.find((each) => cursor.peek(each))
  if (word === undefined) {
    return cursor.back(mark)
  }
  cursor.pos += word.length
  return word
}
