/** CSV bodies (RFC 4180) with a header line, as JSON text: `NULL` is null, everything else a string. */
import { BodyInvalid } from '../errors.ts'

export function csvToRows(text: string): { keys: string[]; rows: Record<string, string | null>[] } {
  const [keys, ...lines] = parseLines(text)
  if (keys === undefined) throw BodyInvalid('not enough input')
  const rows = lines.map((cells) => {
    if (cells.length !== keys.length) throw BodyInvalid('All lines must have same number of fields')
    return Object.fromEntries(
      cells.map((cell, at) => [keys[at] ?? '', cell === 'NULL' ? null : cell] as const),
    )
  })
  return { keys, rows }
}

function parseLines(text: string): string[][] {
  const lines: string[][] = []
  const cell = /(?:"((?:[^"]|"")*)"|([^,\r\n"]*))(,|\r\n|\n|\r|$)/y
  let line: string[] = []
  while (cell.lastIndex < text.length) {
    const found = cell.exec(text)
    if (found === null) throw BodyInvalid('All lines must have same number of fields')
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
