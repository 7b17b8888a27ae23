/** Names, quoted values and JSON paths: the words of the query grammar. */
import type { Cursor } from './cursor.ts'
import type { Field, JsonStep } from './types.ts'

const NAME = /[\p{L}0-9_ $]+(?:-(?!>)[\p{L}0-9_ $]+)*/uy
const IDENTIFIER = /[\p{L}0-9_ $]+/uy
const QUOTED = /"((?:[^"\\]|\\[\s\S])*)"/y
const JSON_KEY = /[^(\-:.,>)]+(?:-(?!>)[^(\-:.,>)]+)*/y
const DIGITS = /[0-9]+/y

/** A double-quoted text, without its quotes; a backslash takes the next character as it is. */
export function parseQuoted(cursor: Cursor): string | null {
  const found = cursor.match(QUOTED)
  return found === null ? null : found.slice(1, -1).replace(/\\([\s\S])/g, '$1')
}

const trimPieces = (text: string): string =>
  text.includes(' ')
    ? text
        .split('-')
        .map((piece) => piece.trim())
        .join('-')
    : text

/** Never empty: SQL has no way to write such a name. */
export function parseName(cursor: Cursor): string | null {
  const mark = cursor.mark()
  const name = cursor.peek('"') ? parseQuoted(cursor) : cursor.match(NAME)
  const trimmed = name !== null && cursor.text[mark.pos] !== '"' ? trimPieces(name) : name
  return trimmed ? trimmed : cursor.back(mark)
}

/** A type or language name: letters, digits, `_`, `$` and blanks. */
export function parseIdentifier(cursor: Cursor): string | null {
  const found = cursor.match(IDENTIFIER)
  return found?.trim() ?? null
}

function parseIndex(cursor: Cursor): string | null {
  const mark = cursor.mark()
  const sign = cursor.take('-') ? '-' : ''
  const digits = cursor.match(DIGITS)
  if (digits === null) {
    return cursor.back(mark)
  }
  const ends = ['->', '::', '.', ',', ')']
  if (cursor.pos < cursor.text.length && !ends.some((end) => cursor.peek(end))) {
    return cursor.back(mark)
  }
  return sign + digits
}

function parseKey(cursor: Cursor): string | null {
  if (cursor.peek('"')) return parseQuoted(cursor)
  const key = cursor.match(JSON_KEY)
  return key && trimPieces(key)
}

export type ParsedPath = { steps: JsonStep[] /** The last key met, for naming. */; lastKey: string | null }

export function parsePath(cursor: Cursor): ParsedPath | null {
  const steps: JsonStep[] = []
  let lastKey: string | null = null
  while (cursor.peek('->')) {
    const arrow = cursor.peek('->>') ? '->>' : '->'
    cursor.pos += arrow.length
    const index = parseIndex(cursor)
    const key = index ?? parseKey(cursor)
    if (key === null) return null
    if (index === null) lastKey = key
    steps.push({ arrow, key: cursor.slot(key), index: index !== null })
  }
  return { steps, lastKey }
}

export function parseField(cursor: Cursor): (Field & { lastKey: string | null }) | null {
  cursor.skipBlanks()
  const name = parseName(cursor)
  if (name === null) return null
  const path = parsePath(cursor)
  if (path === null) return null
  cursor.skipBlanks()
  return { name, path: path.steps, lastKey: path.lastKey }
}

/** `a,b,c` */
export function parseNames(cursor: Cursor): string[] | null {
  const names: string[] = []
  do {
    cursor.skipBlanks()
    const name = parseName(cursor)
    if (name === null) return null
    names.push(name)
    cursor.skipBlanks()
  } while (cursor.take(','))
  // What follows is not looked at, as PostgREST has it.
  return names
}

/** `embed.embed.column->path`: where in the tree, and which field there. */
export function parseTreePath(cursor: Cursor): { path: string[]; field: Field } | null {
  const names: string[] = []
  do {
    const name = parseName(cursor)
    if (name === null) return null
    names.push(name)
  } while (cursor.take('.'))
  const json = parsePath(cursor)
  if (json === null) return null
  const name = names.pop() ?? ''
  return { path: names, field: { name, path: json.steps } }
}
