/** A turn somebody waits for. It may be sent more than once; it is settled once. */
import {
  type Answer,
  DatabaseUnavailable,
  PostgresError,
  type Query,
  type Turn,
} from '../session/database.ts'
import type { WireLimits } from './limits.ts'

/** The number of parameters is 16 bits on the wire. */
const VALUES_MAX = 65_535
const SETTINGS_MAX = 1_000
/** Behind a comment it is seen only when Postgres answers, which then may cost the connection. */
const COPY = /^\s*copy\b/i

export type Fate = { resolve: (answer: Answer) => void; reject: (error: unknown) => void }

export class Job {
  readonly turn: Turn
  readonly queuedAt: number
  /** Times it was sent again after a failure that was not its own. */
  retries = 0
  /** Its prepared statements went stale: it parses its own. */
  fresh = false
  /** Another is sent while each before it stands behind a slow turn. */
  copies = 1
  #fate: Fate | undefined
  #followed: Set<Job> | undefined
  #onAbort: (() => void) | undefined

  constructor(turn: Turn, queuedAt: number, fate: Fate) {
    this.turn = turn
    this.queuedAt = queuedAt
    this.#fate = fate
  }

  /** Nobody waits any more. */
  get isDone(): boolean {
    return this.#fate === undefined
  }

  /** The caller hears of the abort at once; the statement is cancelled when its time on the wire comes. */
  follow(signal: AbortSignal, onAbort: () => void): void {
    this.#onAbort = onAbort
    this.#followed = followersOf(signal)
    this.#followed.add(this)
  }

  abort(reason: unknown): void {
    this.fail(reason)
    this.#onAbort?.()
  }

  settle(answer: Answer): void {
    this.#end()?.resolve(answer)
  }

  fail(error: unknown): void {
    this.#end()?.reject(error)
  }

  #end(): Fate | undefined {
    const fate = this.#fate
    this.#fate = undefined
    this.#followed?.delete(this)
    this.#followed = undefined
    return fate
  }
}

const followers = new WeakMap<AbortSignal, Set<Job>>()

/** One listener for each signal: many turns follow the same one, and to listen and stop costs more than a set does. */
function followersOf(signal: AbortSignal): Set<Job> {
  const known = followers.get(signal)
  if (known !== undefined) return known
  const jobs = new Set<Job>()
  followers.set(signal, jobs)
  const abort = () => {
    for (const job of [...jobs]) job.abort(signal.reason)
  }
  signal.addEventListener('abort', abort, { once: true })
  return jobs
}

/**
 * Refuses what would harm the connection, and with it the turns of others.
 * @throws PostgresError with the code Postgres itself has for it.
 */
export function checkTurn(turn: Turn, limits: WireLimits): void {
  if (turn.settings.length > SETTINGS_MAX) refuse('54000', 'too many settings')
  let bytes = 0
  for (const [name, value] of turn.settings) bytes += name.length + value.length
  bytes += sizeOf(turn.main) + (turn.before ? sizeOf(turn.before) : 0)
  if (bytes > limits.turnBytesMax) refuse('54000', 'the statement and its values are too large')
}

function sizeOf(query: Query): number {
  if (query.values.length > VALUES_MAX) refuse('54000', 'too many values')
  if (!sound.has(query.text)) checkText(query.text)
  let bytes = query.text.length
  for (const value of query.values) bytes += value === null ? 0 : value.length
  return bytes
}

/** Texts found good: they come again and again, and some are long. */
const sound = new Set<string>()
const SOUND_MAX = 500

function checkText(text: string): void {
  if (text.includes('\0')) refuse('22021', 'a statement cannot hold a zero byte')
  if (COPY.test(text)) refuse('0A000', 'COPY is not supported here')
  if (sound.size >= SOUND_MAX) sound.clear()
  sound.add(text)
}

function refuse(code: string, message: string): never {
  throw new PostgresError({ code, message })
}

export const unreachable = (message: string, cause?: unknown) =>
  new DatabaseUnavailable('unreachable', message, { cause })
