/**
 * Reads TypeScript without a compiler, as far as a law needs it: what is code, what is a comment, what is a string,
 * and which modules a file names. The text keeps its length and its lines, so a place found in one view is the same
 * place in the others.
 */

export type SourceFile = {
  /** From the repository's root, with forward slashes. */
  path: string
  text: string
}

export type Views = {
  /** Comments and what stands inside strings are blank. */
  code: string
  /** Comments are blank, strings are there. */
  bare: string
  /** Only the comments are there. */
  comments: string
}

export type Import = { specifier: string; line: number }

/** What law was broken, where, and how. */
export type Breach = { file: string; line: number; rule: string; detail: string }

type Kind = 'code' | 'comment' | 'string'

export function viewsOf(text: string): Views {
  const kinds = classify(text)
  const only = (...wanted: Kind[]) => {
    let view = ''
    for (let at = 0; at < text.length; at += 1) {
      const character = text[at] ?? ''
      view += character === '\n' || wanted.includes(kinds[at] ?? 'code') ? character : ' '
    }
    return view
  }
  return { code: only('code'), bare: only('code', 'string'), comments: only('comment') }
}

/** The kind of every character. Quotes are code, so that a string can still be found where its content is blank. */
function classify(text: string): Kind[] {
  const kinds: Kind[] = new Array(text.length).fill('code')
  /** Depths of braces inside `${}`: a closing brace at depth 0 goes back into the template. */
  const templates: number[] = []
  let at = 0
  const paint = (to: number, kind: Kind) => {
    kinds.fill(kind, at, to)
    at = to
  }
  const template = () => {
    const end = endOfTemplate(text, at)
    paint(end, 'string')
    if (text.startsWith('${', at)) {
      templates.push(0)
      at += 2
    } else at += 1
  }
  while (at < text.length) {
    const character = text[at]
    const depth = templates.at(-1)
    if (text.startsWith('//', at)) paint(lineEnd(text, at), 'comment')
    else if (text.startsWith('/*', at)) paint(after(text, '*/', at + 2), 'comment')
    else if (character === '"' || character === "'") {
      at += 1
      paint(endOfString(text, at, character), 'string')
      at += 1
    } else if (character === '`') {
      at += 1
      template()
    } else if (character === '/' && isRegexHere(text, at)) {
      at += 1
      paint(endOfRegex(text, at), 'string')
      at += 1
    } else if (character === '}' && depth === 0) {
      templates.pop()
      at += 1
      template()
    } else {
      if (depth !== undefined && character === '{') templates[templates.length - 1] = depth + 1
      if (depth !== undefined && character === '}') templates[templates.length - 1] = depth - 1
      at += 1
    }
  }
  return kinds
}

const lineEnd = (text: string, from: number): number => {
  const found = text.indexOf('\n', from)
  return found < 0 ? text.length : found
}

const after = (text: string, mark: string, from: number): number => {
  const found = text.indexOf(mark, from)
  return found < 0 ? text.length : found + mark.length
}

function endOfString(text: string, from: number, quote: string): number {
  let at = from
  while (at < text.length && text[at] !== quote && text[at] !== '\n') at += text[at] === '\\' ? 2 : 1
  return Math.min(at, text.length)
}

function endOfTemplate(text: string, from: number): number {
  let at = from
  while (at < text.length && text[at] !== '`' && !text.startsWith('${', at)) at += text[at] === '\\' ? 2 : 1
  return Math.min(at, text.length)
}

function endOfRegex(text: string, from: number): number {
  let inClass = false
  let at = from
  while (at < text.length && text[at] !== '\n' && (inClass || text[at] !== '/')) {
    if (text[at] === '[') inClass = true
    if (text[at] === ']') inClass = false
    at += text[at] === '\\' ? 2 : 1
  }
  return Math.min(at, text.length)
}

const BEFORE_REGEX =
  /(?:^|[(,=:[!&|?{};+\-*%<>~^]|=>|\b(?:return|typeof|case|in|of|do|else|void|yield|await))\s*$/

/** After a value a slash divides; everywhere else it begins a pattern. */
const isRegexHere = (text: string, at: number): boolean =>
  BEFORE_REGEX.test(text.slice(Math.max(0, at - 40), at))

const NAMES_MODULE = /\bfrom\s*(['"])|\bimport\s*(['"])|\b(?:import|require)\s*\(\s*(['"])/g

/** Every module the file names: type-only, side-effect, dynamic and re-exported ones alike. */
export function importsOf({ text }: SourceFile, { code } = viewsOf(text)): Import[] {
  return [...code.matchAll(NAMES_MODULE)].map((found) => {
    const quote = found[1] ?? found[2] ?? found[3] ?? "'"
    const from = found.index + found[0].length
    return { specifier: text.slice(from, code.indexOf(quote, from)), line: lineAt(text, found.index) }
  })
}

export const lineAt = (text: string, at: number): number => text.slice(0, at).split('\n').length

/** Breaks a rule at every place the pattern is found in a view; a find that begins inside a string is only a quotation. */
export function breachesOf(
  file: SourceFile,
  view: string,
  { pattern, rule, detail }: { pattern: RegExp; rule: string; detail: string },
): Breach[] {
  const quoted = quotationsOf(file.text)
  const real = [...view.matchAll(pattern)].filter(({ index }) => !quoted(index))
  return real.map((found) => ({
    file: file.path,
    line: lineAt(file.text, found.index),
    rule,
    detail,
  }))
}

/** @returns whether a place stands inside a string. */
export function quotationsOf(text: string): (at: number) => boolean {
  const kinds = classify(text)
  return (at) => kinds[at] === 'string'
}

/** As a person reads it: `control/src/main.ts:3 [rule] detail`. */
export const inWords = ({ file, line, rule, detail }: Breach): string => `${file}:${line} [${rule}] ${detail}`
