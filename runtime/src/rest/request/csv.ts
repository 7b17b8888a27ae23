/**
 * CSV bodies (RFC 4180) with a header line, as JSON text: `NULL` is null, everything else a string.
 *
 * As PostgREST reads them: a line gives what it has of the header's columns, and what is beyond the header is dropped;
 * lines that then have other columns than the first are refused.
 */
import { BodyInvalid } from '../errors.ts'

export function csvToRows(text: string): { keys: string[]; rows: Record<string, string | null>[] } {
  const [header, ...lines] = parseLines(text)
  if (header === undefined) throw brokenAt('not enough input', '')
  const rows = lines.map((cells) =>
    Object.fromEntries(
      header.flatMap((key, at): [string, string | null][] => {
        const cell = cells[at]
        return cell === undefined ? [] : [[key, cell === 'NULL' ? null : cell]]
      }),
    ),
  )
  const keys = Object.keys(rows[0] ?? {})
  const isLikeFirst = (row: object) =>
    Object.keys(row).length === keys.length && keys.every((key) => Object.hasOwn(row, key))
  if (!rows.every(isLikeFirst)) throw BodyInvalid('All lines must have same number of fields')
  return { keys, rows }
}

/** What of a broken cell can be read: the error tells what follows. */
const READ = /^(?:"(?:[^"]|"")*"|[^,\r\n"]*)/

function parseLines(text: string): string[][] {
  const lines: string[][] = []
  const cell = /(?:"((?:[^"]|"")*)"|([^,\r\n"]*))(,|\r\n|\n|\r|$)/y
  let line: string[] = []
  while (cell.lastIndex < text.length) {
    const { lastIndex } = cell
    const found = cell.exec(text)
    if (found === null) throw brokenAt('endOfInput', text.slice(lastIndex).replace(READ, ''))
    const [whole, quoted, plain = '', end] = found
    if (whole === '') break
    line.push(quoted === undefined ? plain : quoted.replaceAll('""', '"'))
    if (end === ',') continue
    lines.push(line)
    line = []
  }
  if (line.length > 0) lines.push(text.endsWith(',') ? [...line, ''] : line)
  // An empty line is no record.
  return lines.filter((cells) => cells.length > 1 || cells[0] !== '')
}

const SHOWN_MAX = 100

function brokenAt(why: string, rest: string) {
  const shown = rest.length > SHOWN_MAX ? `${rest.slice(0, SHOWN_MAX)} (truncated)` : JSON.stringify(rest)
  return BodyInvalid(`parse error (${why}) at ${shown}`)
}
