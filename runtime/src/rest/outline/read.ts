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
const NUMBER = /^[0-9]{1,9}$/
const VERBATIM: ReadonlySet<string> = new Set(['select', 'order'])
const PARSED: ReadonlySet<string> = new Set(['and', 'or', 'limit', 'offset', 'columns', 'on_conflict'])

export function readOutlineOf({ method, path, query, headers }: RestRequestInput): Outline | null {
  // At the root, too, a function may answer.
  if (path.startsWith('/rpc/') || path === '/') return null
  if (headers.range !== undefined) return null
  const pieces: Piece[] = []
  const holes: Hole[] = []
  let key = `${method} ${path}\n${headers.accept ?? ''}\n${headers.prefer ?? ''}\n${headers['accept-profile'] ?? ''}\n`
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
    if (name === 'limit' || name === 'offset') {
      if (!NUMBER.test(value) || (name === 'limit' && Number(value) === 0)) return null
      if (pieces.some((piece) => piece.name === name)) return null
      const hole: Hole = { kind: name, value: Number(value) }
      pieces.push({ name, head: '', hole })
      holes.push(hole)
      key += `&${name}`
      continue
    }
    const last = name.slice(name.lastIndexOf('.') + 1)
    if (PARSED.has(last)) return null
    if (VERBATIM.has(last)) {
      pieces.push({ name, head: value, hole: null })
      key += `&${name}=${value}`
      continue
    }
    const plain = PLAIN.exec(value)
    if (plain === null && !TRUTH.test(value)) return null
    const [head = value, operator = ''] = plain ?? []
    const text = () => decodeValue(value.slice(head.length))
    const hole: Hole | null = plain === null ? null : { kind: 'filter', at: filters, operator, value: text() }
    pieces.push({ name, head, hole })
    if (hole !== null) holes.push(hole)
    filters++
    key += `&${name}=${head}`
  }
  return { key, pieces, holes, body: null }
}
