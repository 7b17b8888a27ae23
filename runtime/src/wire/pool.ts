/**
 * Decides which connection carries which turn, and what becomes of a turn that landed badly.
 *
 * Connections are shared: a turn goes to the one with the fewest in flight. One whose first turn runs long takes
 * nobody else, so that a slow statement has its own lane.
 */
import {
  type Answer,
  type Database,
  DatabaseUnavailable,
  PostgresError,
  type Turn,
} from '../session/database.ts'
import { backoff } from './backoff.ts'
import { endsConnection } from './codec.ts'
import { Connection, type ConnectionOwner } from './connection.ts'
import type { Flight } from './flight.ts'
import { checkTurn, Job, unreachable } from './job.ts'
import type { DatabaseOptions, WireLimits } from './limits.ts'
import { ADMIN_SHUTDOWN, isStale, mayRepeat, wasHitByMistake, wasMadeReadOnly } from './retry.ts'
import { openSession } from './startup.ts'
import { sweep } from './sweep.ts'

const RETRIES_MAX = 3
/** Of one turn in the average of what turns take: about the last fifty count. */
const TYPICAL_WEIGHT = 0.02

/**
 * A statement that brings Postgres down without a word must not do so again and again. One that only stood behind
 * another, or whose session an administrator ended, is innocent; sessions are ended together, so it may meet each
 * of them before a new one.
 */
function retriesAfter(reason: Error | undefined, { ranMs }: Flight, sessions: number): number {
  const isShutdown = reason instanceof PostgresError && reason.code === ADMIN_SHUTDOWN
  if (ranMs === 0 || isShutdown) return RETRIES_MAX + sessions
  return reason instanceof PostgresError ? RETRIES_MAX : 1
}

export class Pool implements Pick<Database, 'run' | 'close'>, ConnectionOwner {
  readonly #options: DatabaseOptions
  readonly #limits: WireLimits
  readonly #connections = new Set<Connection>()
  readonly #queue: Job[] = []
  /** What a turn takes Postgres lately, as a moving average. */
  #typicalMs = 1
  #opening = 0
  #failures = 0
  #retryTimer: NodeJS.Timeout | undefined
  #lastFailure: Error | undefined
  #sweepTimer: NodeJS.Timeout | undefined
  #idleTimer: NodeJS.Timeout | undefined
  #closing: PromiseWithResolvers<void> | undefined
  readonly #onAbort = () => this.#settleClosing()

  constructor(options: DatabaseOptions, limits: WireLimits) {
    this.#options = options
    this.#limits = limits
    this.#grow(this.now())
  }

  now(): number {
    return performance.now()
  }

  run(turn: Turn, signal?: AbortSignal): Promise<Answer> {
    return new Promise((resolve, reject) => {
      signal?.throwIfAborted()
      checkTurn(turn, this.#limits)
      if (this.#closing) throw unreachable('The database connection is closed.')
      const job = new Job(turn, this.now(), { resolve, reject })
      if (signal) job.follow(signal, this.#onAbort)
      this.#submit(job)
    })
  }

  close(): Promise<void> {
    this.#closing ??= Promise.withResolvers<void>()
    this.#settleClosing()
    return this.#closing.promise
  }

  onLanded(flight: Flight, connection: Connection): void {
    const { job, error } = flight
    this.#typicalMs += (flight.ranMs - this.#typicalMs) * TYPICAL_WEIGHT
    if (!error) job.settle(flight.answer)
    // A fresh one uses none that could be stale; of a turn sent twice, either copy may be.
    else if (isStale(flight)) {
      for (const statement of flight.uses) connection.statements.forget(statement)
      job.fresh = true
      this.#again(job)
    } else if (wasHitByMistake(flight) && job.retries < RETRIES_MAX) this.#again(job)
    else if (wasMadeReadOnly(flight, connection.isRetired) && job.retries < RETRIES_MAX) this.#again(job)
    else job.fail(error)
    if (connection.isRetired) this.onRetired(connection)
    this.#dispatch()
  }

  onRetired(connection: Connection): void {
    if (connection.inFlight === 0) this.#part(connection)
  }

  onLost(connection: Connection, flights: readonly Flight[], error: Error | undefined): void {
    if (this.#connections.delete(connection)) {
      this.#options.onEvent?.({
        event: 'connection-lost',
        processId: connection.processId,
        error,
        turns: flights.length,
      })
    }
    const lost = new DatabaseUnavailable('lost', 'The connection to the database was lost.', { cause: error })
    const sessions = this.#limits.connections + this.#limits.spareConnections
    // The last one first: each is put at the head of the queue.
    for (const flight of flights.toReversed()) {
      // What Postgres refused by itself was rolled back, whatever came after.
      if (flight.error && !endsConnection(flight.error)) flight.job.fail(flight.error)
      else if (mayRepeat(flight, error) && flight.job.retries < retriesAfter(error, flight, sessions))
        this.#again(flight.job)
      else flight.job.fail(lost)
    }
    this.#dispatch()
  }

  #again(job: Job): void {
    if (job.isDone) return
    job.retries += 1
    this.#queue.unshift(job)
  }

  #submit(job: Job): void {
    if (this.#queue.length < this.#limits.queueMax) this.#queue.push(job)
    else job.fail(new DatabaseUnavailable('queue', 'Too many requests wait for the database.'))
    this.#dispatch()
  }

  /** Sends what waits, oldest first, as long as a connection takes it. */
  #dispatch(): void {
    const now = this.now()
    while (this.#queue.length > 0) {
      if (this.#queue[0]?.isDone) {
        this.#queue.shift()
        continue
      }
      const connection = this.#pick(now)
      if (!connection) break
      const job = this.#queue.shift()
      if (job) connection.send(job)
    }
    this.#grow(now)
    this.#watch()
    this.#settleClosing()
  }

  #pick(now: number): Connection | undefined {
    let best: Connection | undefined
    for (const connection of this.#connections) {
      if (connection.isFull() || connection.isOwn(now)) continue
      if (!best || this.#isBetter(connection.inFlight, best.inFlight)) best = connection
    }
    return best
  }

  /** The busiest that is soon done, for it is awake and takes many turns at one go; else the least busy. */
  #isBetter(inFlight: number, than: number): boolean {
    const soonMax = this.#limits.gatherMs / this.#typicalMs
    if (inFlight >= soonMax) return inFlight < than
    return than >= soonMax || inFlight > than
  }

  /** One more connection when every one is at work; a spare one when every one is taken by a single turn. */
  #grow(now: number): void {
    if (this.#opening > 0 || this.#retryTimer) return
    const { connections, spareConnections } = this.#limits
    const size = this.#connections.size
    if (this.#closing ? this.#queue.length === 0 : size >= connections + spareConnections) return
    let isIdle = false
    let isShared = false
    for (const connection of this.#connections) {
      if (connection.inFlight === 0) isIdle = true
      if (!connection.isOwn(now)) isShared = true
    }
    if (!isShared || (!isIdle && size < connections)) void this.#open()
  }

  async #open(): Promise<void> {
    this.#opening += 1
    try {
      const session = await openSession(this.#options, this.#limits)
      this.#failures = 0
      this.#lastFailure = undefined
      this.#connections.add(
        new Connection(session, { options: this.#options, limits: this.#limits, owner: this }),
      )
      this.#options.onEvent?.({ event: 'connected', processId: session.processId })
    } catch (error) {
      this.#connectFailed(error instanceof Error ? error : new Error(String(error)))
    } finally {
      this.#opening -= 1
    }
    this.#dispatch()
  }

  #connectFailed(error: Error): void {
    const pause = backoff(this.#failures++, this.#limits)
    this.#lastFailure = error
    this.#options.onEvent?.({ event: 'connect-failed', error, retryInMs: pause })
    this.#retryTimer = setTimeout(() => {
      this.#retryTimer = undefined
      this.#dispatch()
    }, pause)
  }

  /** Looks after slow and waiting turns while there are any. */
  #watch(): void {
    if (this.#sweepTimer || !this.#isBusy()) return
    this.#sweepTimer = setInterval(
      () => setImmediate(() => this.#sweep()),
      Math.max(5, this.#limits.slowMs / 2),
    )
  }

  /** The timer ends by itself: turns come and go faster than it could be set and cleared. */
  #unwatch(): void {
    if (!this.#sweepTimer || this.#isBusy()) return
    clearInterval(this.#sweepTimer)
    this.#sweepTimer = undefined
    this.#restLater()
  }

  #isBusy(): boolean {
    return this.#queue.length > 0 || this.#isFlying()
  }

  #isFlying(): boolean {
    for (const connection of this.#connections) if (connection.inFlight > 0) return true
    return false
  }

  #sweep(): void {
    const now = this.now()
    for (const connection of this.#connections) {
      const action = sweep(connection, this.#limits, now)
      if (action.do === 'cancel') {
        connection.cancelHead()
        this.#options.onEvent?.({
          event: 'cancelled',
          processId: connection.processId,
          reason: action.reason,
        })
      } else if (action.do === 'destroy') {
        connection.destroy('Postgres did not end the statement in time.')
      }
      for (const flight of action.hedge) {
        if (!this.#pick(now)) break
        flight.isHedged = true
        flight.job.copies += 1
        this.#queue.unshift(flight.job)
      }
    }
    this.#renew(now)
    this.#expire(now)
    this.#dispatch()
    this.#unwatch()
  }

  /** Retires one that is old, once there is a younger one to carry on. */
  #renew(now: number): void {
    const taking = [...this.#connections].filter((connection) => !connection.isRetired)
    const old = taking.find(({ renewAt }) => renewAt <= now)
    if (old === undefined || this.#opening > 0 || this.#retryTimer || this.#closing) return
    if (taking.some(({ renewAt }) => renewAt > now)) old.retire()
    else void this.#open()
  }

  #expire(now: number): void {
    const waiting = this.#queue.splice(0)
    for (const job of waiting) {
      if (job.isDone) continue
      const isLate = now - job.queuedAt > this.#limits.waitMs + (job.retries > 0 ? job.turn.timeoutMs : 0)
      if (!isLate || job.copies > 1) this.#queue.push(job)
      else if (this.#connections.size === 0)
        job.fail(unreachable('The database does not answer.', this.#lastFailure))
      else job.fail(new DatabaseUnavailable('queue', 'No connection to the database became free in time.'))
    }
  }

  /** Closes what was not needed for a while; one connection stays, so that the next turn finds it open. */
  #restLater(): void {
    clearTimeout(this.#idleTimer)
    if (this.#closing) return
    this.#idleTimer = setTimeout(() => {
      const oldest = this.now() - this.#limits.idleMs
      for (const connection of this.#connections) {
        if (this.#connections.size > 1 && connection.inFlight === 0 && connection.idleSince <= oldest) {
          this.#part(connection)
        }
      }
      if (this.#connections.size > 1) this.#restLater()
    }, this.#limits.idleMs)
    this.#idleTimer.unref()
  }

  #part(connection: Connection): void {
    this.#connections.delete(connection)
    connection.close()
  }

  #settleClosing(): void {
    if (!this.#closing) return
    if (this.#opening > 0 || this.#isFlying() || this.#queue.some((job) => !job.isDone)) return
    clearTimeout(this.#retryTimer)
    clearTimeout(this.#idleTimer)
    clearInterval(this.#sweepTimer)
    for (const connection of this.#connections) this.#part(connection)
    this.#closing.resolve()
  }
}
