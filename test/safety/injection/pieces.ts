/**
 * A request as pieces: our own words, a caller's names and a caller's values. It can be written down with other names
 * or other values in the same places, which is how two requests are known to have one shape.
 */
import type { RestRequestInput } from '@cascata/runtime/rest/contract'

export type Piece =
  | string
  /** Quoted, unless it is the whole of a key that is taken as it stands. */
  | { name: string; bare?: true }
  /** `quoted` as the grammar quotes, `plain` to the end of the parameter. */
  | { value: string; as: 'quoted' | 'plain' }

export type Body =
  | { as: 'json' | 'csv' | 'form'; names: string[]; rows: string[][]; object: boolean }
  | { as: 'raw'; type: string; text: string }

export type Written = {
  method: string
  path: Piece[]
  params: { key: Piece[]; value: Piece[] }[]
  headers: Record<string, string>
  body: Body | null
}

export type Rename = { name(name: string): string; value(value: string): string }

export const AS_IS: Rename = { name: (name) => name, value: (value) => value }
/** The same request with harmless values: its statement must be the same to the letter. */
export const PLAIN_VALUES: Rename = { name: (name) => name, value: () => 'v' }

/** The same request with harmless names, the same for the same. */
export function plainNames(known: ReadonlySet<string>): Rename {
  const given = new Map<string, string>()
  return {
    value: () => 'v',
    name(name) {
      if (known.has(name)) return name
      const plain = given.get(name) ?? `zz${given.size + 1}`
      given.set(name, plain)
      return plain
    },
  }
}

const quoted = (text: string): string => `"${text.replace(/[\\"]/g, '\\$&')}"`

function pieceToText(piece: Piece, rename: Rename): string {
  if (typeof piece === 'string') return piece
  if ('name' in piece) return piece.bare ? rename.name(piece.name) : quoted(rename.name(piece.name))
  const value = rename.value(piece.value)
  return piece.as === 'quoted' ? quoted(value) : value
}

export const toText = (pieces: readonly Piece[], rename: Rename): string =>
  pieces.map((piece) => pieceToText(piece, rename)).join('')

const csvCell = (text: string): string => `"${text.replaceAll('"', '""')}"`

function bodyToText(body: Body, rename: Rename): string {
  if (body.as === 'raw') return rename.value(body.text)
  const names = body.names.map((name) => rename.name(name))
  const rows = body.rows.map((row) => row.map((value) => rename.value(value)))
  switch (body.as) {
    case 'json': {
      const objects = rows.map(
        (row) =>
          `{${row.map((value, at) => `${JSON.stringify(names[at])}:${JSON.stringify(value)}`).join(',')}}`,
      )
      return body.object ? (objects[0] ?? '{}') : `[${objects.join(',')}]`
    }
    case 'csv':
      return [names, ...rows].map((cells) => cells.map(csvCell).join(',')).join('\r\n')
    case 'form':
      return (rows[0] ?? [])
        .map((value, at) => `${encodeURIComponent(names[at] ?? '')}=${encodeURIComponent(value)}`)
        .join('&')
  }
}

const TYPES = { json: 'application/json', csv: 'text/csv', form: 'application/x-www-form-urlencoded' }

export function toInput(request: Written, rename: Rename): RestRequestInput {
  const encoded = (pieces: readonly Piece[]) => encodeURIComponent(toText(pieces, rename).toWellFormed())
  const { body } = request
  const type = body === null ? null : body.as === 'raw' ? body.type : TYPES[body.as]
  return {
    method: request.method,
    path: `/${request.path.map((piece) => (typeof piece === 'string' ? piece : encodeURIComponent(pieceToText(piece, rename)))).join('')}`,
    query: request.params.map(({ key, value }) => `${encoded(key)}=${encoded(value)}`).join('&'),
    headers: { ...(type === null ? {} : { 'content-type': type }), ...request.headers },
    body: body === null ? null : Buffer.from(bodyToText(body, rename)),
  }
}
