/**
 * The outline of a read: its URL with the plain values taken out, found by a look at the text alone.
 *
 * Anything out of the ordinary has no outline.
 */
import type { RestRequestInput } from '../contract.ts'
import { decodeValue } from '../request/query-string.ts'
import type { Hole, Outline, Piece } from './outline.ts'

const PLAIN = /^(?:not\.)?(eq|neq|gt|gte|lt|lte|like|ilike)\./
const TRUTH = /^(?:not\.)?is\.[a-z_]+$/
const ARGUMENT = /^[a-z_][a-z0-9_]*$/
/** Every operation has a dot behind its name. */
const COULD_BE_FILTER = /\./
const NUMBER = /^[0-9]{1,9}$/
const VERBATIM: ReadonlySet<string> = new Set(['select', 'order'])
const PARSED: ReadonlySet<string> = new Set(['and', 'or', 'limit', 'offset', 'columns', 'on_conflict'])

export function readOutlineOf({ method, path, query, headers }: RestRequestInput): Outline | null {
  // A function may answer at the root, and by which arguments is the settings' to say.
  if (path === '/') return null
  const isCall = path.startsWith('/rpc/')
  if (headers.range !== undefined) return null
  const pieces: Piece[] = []
  const holes: Hole[] = []
  let key = `${method} ${path}\n${headers.accept ?? ''}\n${headers.prefer ?? ''}\n${headers['accept-profile'] ?? ''}\n`
  const add = (name: string, head: string, hole: Hole | null) => {
    pieces.push({ name, head, hole })
    if (hole !== null) holes.push(hole)
    key += head === '' ? `&${name}` : `&${name}=${head}`
  }
  let filters = 0
  let start = 0
  while (start < query.length) {
    const found = query.indexOf('&', start)
    const end = found < 0 ? query.length : found
    const mark = query.indexOf('=', start)
    if (mark < 0 || mark >= end) return null
    const name = query.slice(start, mark)
    const value = query.slice(mark + 1, end)
    start = end + 1
    const last = name.slice(name.lastIndexOf('.') + 1)
    if (name === 'limit' || name === 'offset') {
      if (!NUMBER.test(value) || (name === 'limit' && Number(value) === 0) || isIn(pieces, name)) return null
      add(name, '', { kind: name, value: Number(value) })
    } else if (PARSED.has(last)) {
      return null
    } else if (VERBATIM.has(last)) {
      add(name, value, null)
    } else if (isCall) {
      const given = decodeValue(value)
      if (!ARGUMENT.test(name) || COULD_BE_FILTER.test(given) || isIn(pieces, name)) return null
      add(name, '', { kind: 'argument', name, value: given })
    } else {
      const [head, operator] = PLAIN.exec(value) ?? TRUTH.exec(value) ?? []
      if (head === undefined) return null
      add(
        name,
        head,
        operator === undefined
          ? null
          : { kind: 'filter', at: filters, operator, value: decodeValue(value.slice(head.length)) },
      )
      filters++
    }
  }
  return { key, pieces, holes, body: null }
}

const isIn = (pieces: readonly Piece[], name: string): boolean => pieces.some((piece) => piece.name === name)
