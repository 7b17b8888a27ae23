/**
 * Reads a plain SQL dump line by line, as `pg_dump` writes it, and says of each line what it is. Rows and texts may hold anything,
 * lines that look like headers too: a header counts only where a statement could begin. Pure.
 */

export type Entry = { name: string; type: string; schema: string }

export type DumpLine =
  | { is: 'header'; entry: Entry }
  /** A command to psql: it may name another database, or a program. */
  | { is: 'command'; text: string }
  | { is: 'comment'; text: string }
  /** Of a statement: its first line, or one after it. */
  | { is: 'sql'; text: string }
  /** Goes on with a text, or is a row of COPY. */
  | { is: 'inside'; text: string }

const HEADER = /^-- (?:Data for )?Name: (.*); Type: ([A-Z ]+); Schema: (.*?); Owner:/
const COPY = /^COPY .* FROM stdin;$/
const END_OF_ROWS = '\\.'

export function createReader(): (line: string) => DumpLine {
  let open: Open
  let copies = false
  return (text) => {
    if (copies) {
      copies = text !== END_OF_ROWS
      return { is: 'inside', text }
    }
    if (open !== undefined) {
      open = openAfter(text, open)
      return { is: 'inside', text }
    }
    const [whole, name = '', type = '', schema = ''] = HEADER.exec(text) ?? []
    if (whole !== undefined) return { is: 'header', entry: { name, type, schema } }
    if (text.startsWith('--')) return { is: 'comment', text }
    if (text.startsWith('\\')) return { is: 'command', text }
    copies = COPY.test(text)
    open = openAfter(text, undefined)
    return { is: 'sql', text }
  }
}

/** What a line ends within: a text, a name, a comment; `$body$` is ended by itself. */
type Open = undefined | 'text' | 'escaped text' | 'name' | 'comment' | `$${string}`

const ENDS: Record<'text' | 'escaped text' | 'name' | 'comment', RegExp> = {
  text: /'/g,
  // A backslash takes the next character with it.
  'escaped text': /(?:[^\\']|\\(?:.|$))*'/sy,
  name: /"/g,
  comment: /\*\//g,
}
const BEGINS = /--|'|"|\/\*|\$(?:[A-Za-z_\x80-\xff][\w\x80-\xff]*)?\$/g
const IN_A_WORD = /[\w\x80-\xff$]/

function openAfter(line: string, before: Open): Open {
  let [open, at] = [before, 0]
  while (at < line.length) {
    if (open !== undefined) {
      const end = endOf(line, open, at)
      if (end === undefined) return open
      ;[open, at] = [undefined, end]
      continue
    }
    BEGINS.lastIndex = at
    const begun = BEGINS.exec(line)
    if (begun === null || begun[0] === '--') return undefined
    at = begun.index + begun[0].length
    open = opened(line, begun[0], begun.index)
  }
  return open
}

/** @returns where the line goes on after it. */
function endOf(line: string, open: NonNullable<Open>, from: number): number | undefined {
  if (open.startsWith('$')) {
    const found = line.indexOf(open, from)
    return found < 0 ? undefined : found + open.length
  }
  const end = ENDS[open as keyof typeof ENDS]
  end.lastIndex = from
  return end.exec(line) === null ? undefined : end.lastIndex
}

function opened(line: string, mark: string, at: number): Open {
  const [before, earlier] = [line[at - 1] ?? ' ', line[at - 2] ?? ' ']
  if (mark === '"') return 'name'
  if (mark === '/*') return 'comment'
  if (mark === "'") return /[eE]/.test(before) && !IN_A_WORD.test(earlier) ? 'escaped text' : 'text'
  // In a name, as `a$b$c`, it quotes nothing.
  return IN_A_WORD.test(before) ? undefined : (mark as Open)
}
