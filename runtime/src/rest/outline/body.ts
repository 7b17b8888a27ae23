/**
 * The outline of a POST: everything about it but the values in its JSON body, of which the names count. Its query
 * stands as it came, so it holds nothing but what callers repeat: columns, keys to conflict on, order.
 */
import type { RestRequestInput } from '../contract.ts'
import { type JsonShape, readJson, textOf } from '../request/payload.ts'
import type { Outline } from './outline.ts'

const JSON_TYPE = 'application/json'
/** Reading a longer body twice, when it is new, costs more than parsing its request. */
const BODY_BYTES_MAX = 64 * 1024
/** Names may be anything where a function takes the body as a whole: then each is new, and none is worth keeping. */
const KEY_LENGTH_MAX = 4 * 1024
const REPEATED: ReadonlySet<string> = new Set(['select', 'order', 'on_conflict'])

export function bodyOutlineOf({ path, query, headers, body }: RestRequestInput): Outline | null {
  const type = headers['content-type']
  if (type !== undefined && type !== JSON_TYPE) return null
  if (path === '/' || body === null || body.length > BODY_BYTES_MAX) return null
  const named = namesOf(query)
  if (named === null) return null
  const shape = shapeOf(body, { isCall: path.startsWith('/rpc/'), named })
  if (shape === null) return null
  const { accept, prefer } = headers
  const key = JSON.stringify([
    ...[path, query, type, accept, prefer, headers['accept-profile'], headers['content-profile']],
    ...[shape.object, named ? null : shape.keys],
  ])
  return key.length > KEY_LENGTH_MAX ? null : { key, pieces: [], holes: [], body: shape.text }
}

/** Whether the query names the columns, and not the body; null where a part of it may be another each time. */
function namesOf(query: string): boolean | null {
  if (query === '') return false
  let named = false
  for (const pair of query.split('&')) {
    const name = pair.slice(0, Math.max(0, pair.indexOf('=')))
    if (name === 'columns') named = true
    else if (!REPEATED.has(name)) return null
  }
  return named
}

/** A body that is not JSON is refused where it is parsed. */
function shapeOf(body: Uint8Array, { isCall, named }: { isCall: boolean; named: boolean }): JsonShape | null {
  try {
    return readJson(textOf(body), { columns: named ? [] : null, forFunction: isCall })
  } catch {
    return null
  }
}
