/** What of a request stays the same when only its values change. */
export type Hole =
  | { kind: 'filter' /** Place among the request's filters. */; at: number; operator: string; value: string }
  | { kind: 'limit' | 'offset'; value: number }
  | { kind: 'argument' /** Of a function. */; name: string; value: string }

/** A parameter as it came: `name=head`, then the hole. */
export type Piece = { name: string; head: string; hole: Hole | null }

export type Outline = {
  key: string
  pieces: Piece[]
  /** Those of the pieces, in order. */
  holes: Hole[]
  /** The JSON text of the body, a hole of its own. */
  body: string | null
}
