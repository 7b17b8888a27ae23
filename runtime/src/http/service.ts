/** What the server and a service know of each other. Services are given this shape; they need not import it. */
import type { Problem } from '@cascata/shared/problem'
import type { Session } from '../session/session.ts'

export type ServiceInput = {
  method: string
  /** Below the service's prefix, undecoded: `/` at least. */
  path: string
  /** Without the `?`, undecoded; empty when there is none. */
  query: string
  /** Lower-case names; repeated headers joined by a comma. */
  headers: Readonly<Record<string, string>>
  /** The same as JSON, where it is known already. */
  headersText?: string | undefined
  /** The whole body; null when the request has none. */
  body: Buffer | null
  /** What identifying the caller took, for `Server-Timing`. */
  jwtMs: number
}

export type Answer = {
  status: number
  /** Reason phrase, where the usual one will not do. */
  statusText?: string
  /** In the order they are written; names may repeat. */
  headers: readonly (readonly [name: string, value: string])[]
  body: string | Uint8Array | null
}

export type Handle = (input: ServiceInput, session: Session, signal: AbortSignal) => Promise<Answer>

/** How a surface words a failure. The request id is the one its record has; terse leaves out what explains. */
export type Dialect = (
  problem: Problem,
  requestId: string,
  isTerse?: boolean,
  headers?: Readonly<Record<string, unknown>>,
) => Answer

/** The other end of a WebSocket. */
export type Peer = {
  say(frame: string): void
  /** With a code of RFC 6455 (7.4) and why, in at most 123 bytes. */
  end(code: number, reason: string): void
}

/** What becomes of each frame that a peer sends: text as text, anything else as bytes. */
export type Talk = (peer: Peer) => (frame: string | Buffer) => void

export type Service = {
  /** `/rest/v1`, without a trailing slash. */
  prefix: string
  handle: Handle
  dialect: Dialect
  /** Paths below the prefix whose key may stand in the query (`?apikey=`): URLs that tools fetch without headers. */
  takesKeyInQuery?(path: string): boolean
  /** Where nobody needs a key: who brings none is the anonymous role. */
  isOpen?(method: string, path: string): boolean
  /** Speaks WebSocket at some of its paths. @throws the Problem of a handshake that is refused. */
  talk?(input: Pick<ServiceInput, 'path' | 'query'>, session: Session): Talk
}
