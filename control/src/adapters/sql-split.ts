/**
 * Cuts SQL text into its statements, as psql does: at semicolons that stand outside of quotes, dollar quotes,
 * comments, parentheses and the `begin atomic` bodies of functions. It knows no grammar beyond that: what it is
 * unsure of stays in one piece, and only Postgres judges it.
 */
export type SplitStatement = {
  /** Without surrounding blanks and the semicolon; comments before it belong to it. */
  text: string
  /** Line of its first word, from 1. */
  line: number
  /** Its first two words in lower case, comments left out: `create table`. */
  head: string
}

// One token at a time: what may hide a semicolon is one token, however long. Order matters: first match wins.
const TOKENS = new RegExp(
  [
    String.raw`(?<blank>\s+|--[^\n]*)`,
    String.raw`(?<comment>\/\*)`,
    `(?<quote>[eE]?'|")`,
    String.raw`(?<dollar>\$(?:[A-Za-z_\u0080-\uffff][\w\u0080-\uffff]*)?\$)`,
    String.raw`(?<word>[A-Za-z_\u0080-\uffff][\w$\u0080-\uffff]*)`,
    String.raw`(?<number>\d[\w.]*)`,
    '(?<other>[^])',
  ].join('|'),
  'y',
)

/** Index after the block comment that starts at `from`; they nest, and an unended one takes the rest. */
function endOfComment(text: string, from: number): number {
  let depth = 0
  const marks = /\/\*|\*\//g
  marks.lastIndex = from
  for (let mark = marks.exec(text); mark; mark = marks.exec(text)) {
    depth += mark[0] === '/*' ? 1 : -1
    if (depth === 0) return marks.lastIndex
  }
  return text.length
}

/** Index after the string or name that opened before `from`. Doubled quotes are inside; backslashes escape in `e'...'`. */
function endOfQuote(text: string, opening: string, from: number): number {
  const quote = opening.slice(-1)
  const stops = opening.length > 1 ? /[\\']/g : quote === "'" ? /'/g : /"/g
  stops.lastIndex = from
  for (let stop = stops.exec(text); stop; stop = stops.exec(text)) {
    if (stop[0] !== '\\' && text[stops.lastIndex] !== quote) return stops.lastIndex
    stops.lastIndex++
  }
  return text.length
}

function endOfDollar(text: string, tag: string, from: number): number {
  const end = text.indexOf(tag, from)
  return end < 0 ? text.length : end + tag.length
}

export function splitSql(text: string): SplitStatement[] {
  const statements: SplitStatement[] = []
  let start = 0
  let first = -1
  let words: string[] = []
  let parentheses = 0
  let blocks = 0
  let line = 1
  let counted = 0

  const flush = (end: number) => {
    if (first >= 0) {
      for (; counted < first; counted++) if (text[counted] === '\n') line++
      statements.push({ text: text.slice(start, end).trim(), line, head: words.slice(0, 2).join(' ') })
    }
    first = -1
    words = []
    parentheses = blocks = 0
  }

  let at = 0
  while (at < text.length) {
    TOKENS.lastIndex = at
    const groups = TOKENS.exec(text)?.groups ?? {}
    const begin = at
    at = TOKENS.lastIndex
    if (groups.comment) at = endOfComment(text, begin)
    if (groups.blank || groups.comment) continue
    if (groups.other === ';' && parentheses === 0 && blocks === 0) {
      flush(begin)
      start = at
      continue
    }
    if (first < 0) first = begin
    if (groups.quote) at = endOfQuote(text, groups.quote, at)
    else if (groups.dollar) at = endOfDollar(text, groups.dollar, at)
    else if (groups.other === '(') parentheses++
    else if (groups.other === ')') parentheses = Math.max(0, parentheses - 1)
    else if (groups.word) {
      const word = groups.word.toLowerCase()
      blocks = Math.max(0, blocks + blockStep(words, word, blocks))
      // Only a statement's beginning is told apart, and the word before the present one.
      if (words.length < 5) words.push(word)
      else words[4] = word
    }
  }
  flush(text.length)
  return statements
}

/** `begin atomic` opens a body, and only in one made by `create function | procedure`; `case` and `end` count inside. */
function blockStep(words: readonly string[], word: string, blocks: number): number {
  if (blocks > 0) return word === 'case' ? 1 : word === 'end' ? -1 : 0
  const makesRoutine = words[0] === 'create' && words.some((w) => w === 'function' || w === 'procedure')
  return makesRoutine && word === 'atomic' && words.at(-1) === 'begin' ? 1 : 0
}

const ENDS_TRANSACTION = new Set(['begin', 'start', 'commit', 'end', 'rollback', 'abort', 'prepare'])

/** The first statement that would begin or end a transaction; savepoints are free. */
export function findTransactionControl(statements: readonly SplitStatement[]): SplitStatement | undefined {
  return statements.find(({ head }) => {
    const [word = '', second = ''] = head.split(' ')
    if (!ENDS_TRANSACTION.has(word)) return false
    if (word === 'prepare') return second === 'transaction'
    return !(word === 'rollback' && second === 'to')
  })
}
