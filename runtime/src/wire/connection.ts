/**
 * One session with Postgres and the turns in flight on it, answered in the order in which they were sent.
 *
 * It decides nothing about which turn goes where or whether one is tried again: it tells its owner how each
 * flight landed.
 */
import type { PostgresError } from '../session/database.ts'
import { requestCancel } from './cancel.ts'
import { Code, endsConnection } from './codec.ts'
import { Composer } from './composer.ts'
import type { Flight } from './flight.ts'
import type { Job } from './job.ts'
import type { DatabaseOptions, WireLimits } from './limits.ts'
import { Abandoned } from './retry.ts'
import type { Session } from './startup.ts'
import { StatementCache } from './statements.ts'
import { FrameWriter } from './writer.ts'

/** Turns that Postgres still has when the next ones leave. */
const WORK_LEFT = 2
/** Above this much unsent, a turn would wait for the upload of another. */
const BACKLOG_MAX = 256 * 1024
const TERMINATE = Buffer.from([0x58, 0, 0, 0, 4])
const IDLE = 'I'.charCodeAt(0)

const defaultsOf = ({ session = {} }: DatabaseOptions): ReadonlyMap<string, string> =>
  new Map(Object.entries(session))

export type ConnectionOwner = {
  /** Postgres has finished with the turn: its answer or error is in the flight. */
  onLanded(flight: Flight, connection: Connection): void
  /** The connection is gone, and these were on the wire. */
  onLost(connection: Connection, flights: readonly Flight[], error: Error | undefined): void
  /** No turn will join it any more. */
  onRetired(connection: Connection): void
  now(): number
}

export class Connection {
  readonly #session: Session
  readonly #options: DatabaseOptions
  readonly #limits: WireLimits
  readonly #owner: ConnectionOwner
  readonly #writer = new FrameWriter()
  readonly statements: StatementCache
  readonly #composer: Composer
  readonly #flights: Flight[] = []
  /** The last turns in flight: composed, and not sent yet. */
  #aboard = 0
  #flushScheduled = false
  #cancelling = false
  /** A turn that decides its end, or that may need mending, has the wire for itself until it has ended. */
  #isHeld = false
  #isMending = false
  #isRetired = false
  #fatal: PostgresError | undefined
  /** When the first flight became the first: about when Postgres began with it. */
  headSince = 0
  /** Cancels sent for the first flight, and when the last. */
  cancels = 0
  cancelledAt = 0
  idleSince: number
  /** Then it is old. Not quite the same for each, so that they are not replaced together. */
  readonly renewAt: number

  constructor(
    session: Session,
    config: { options: DatabaseOptions; limits: WireLimits; owner: ConnectionOwner },
  ) {
    this.#session = session
    this.#options = config.options
    this.#limits = config.limits
    this.#owner = config.owner
    this.statements = new StatementCache(config.limits.statementsMax)
    this.#composer = new Composer(this.#writer, this.statements, defaultsOf(config.options))
    this.idleSince = this.#owner.now()
    this.renewAt = this.idleSince + config.limits.lifetimeMs * (0.9 + 0.2 * Math.random())
    session.channel.receive({
      onFrame: (code, chunk, start, end) => this.#onFrame(code, chunk, start, end),
      onOversize: (code) => this.#onOversize(code),
      onClosed: (error) => this.#onClosed(error),
    })
  }

  get processId(): number {
    return this.#session.processId
  }

  get inFlight(): number {
    return this.#flights.length
  }

  get head(): Flight | undefined {
    return this.#flights[0]
  }

  get followers(): readonly Flight[] {
    return this.#flights.slice(1)
  }

  get isRetired(): boolean {
    return this.#isRetired
  }

  /** No turn may join now, and not because there are too many: one of them has the connection for itself. */
  isOwn(now: number): boolean {
    return this.#isHeld || this.#cancelling || this.#isRetired || this.headRunsFor(now) > this.#limits.slowMs
  }

  isFull(): boolean {
    return this.#flights.length >= this.#limits.depth || this.#session.channel.backlogBytes > BACKLOG_MAX
  }

  headRunsFor(now: number): number {
    return this.#flights.length === 0 ? 0 : now - this.headSince
  }

  send(job: Job): void {
    const flight = this.#composer.compose(job)
    if (flight.isExplicit || !flight.isSynced) this.#isHeld = true
    if (this.#flights.push(flight) === 1) this.#headChanged()
    this.#aboard += 1
    this.#flushWhenWanted()
  }

  /**
   * Cancels the first flight. The signal may come late and strike the next one: nothing more is sent until it has
   * gone out, and whoever stands behind is marked, so that the owner can try it again.
   */
  cancelHead(): void {
    if (this.#cancelling || this.#flights.length === 0) return
    this.#cancelling = true
    this.cancels += 1
    this.cancelledAt = this.#owner.now()
    const [head, ...followers] = this.#flights
    if (head) head.mayBeHit = false
    for (const follower of followers) follower.mayBeHit = true
    void requestCancel(this.#options, this.#session, this.#limits.cancelGraceMs).then(() => {
      this.#cancelling = false
    })
  }

  /** Takes no more turns; those on the wire end. */
  retire(): void {
    if (this.#isRetired) return
    this.#isRetired = true
    this.#owner.onRetired(this)
  }

  /** Ends when Postgres has read the farewell. The owner makes sure that nothing is in flight. */
  close(): void {
    this.#isRetired = true
    this.#session.channel.end(TERMINATE)
  }

  destroy(reason: string): void {
    this.#session.channel.destroy(new Abandoned(reason))
  }

  #onFrame(code: number, chunk: Buffer, start: number, end: number): void {
    const head = this.#flights[0]
    if (code === Code.ready) this.#onReady(head, chunk[start] ?? 0)
    // A reported parameter changed for the whole session: some function set it. Nobody new joins.
    else if (code === Code.parameterStatus) this.retire()
    else if (code === Code.notice || code === Code.notification || this.#isMending) return
    else if (head) this.#onAnswer(head, code, chunk, start, end)
    // Said to an idle session: Postgres is about to close it.
    else if (code === Code.error) this.#isRetired = true
  }

  #onAnswer(head: Flight, ...[code, chunk, start, end]: Parameters<Flight['onFrame']>): void {
    head.onFrame(code, chunk, start, end)
    if (code === Code.dataRow) head.limitRows(this.#limits.resultBytesMax)
    else if (code === Code.error) this.#onError(head)
    else if (code === Code.copyIn) this.#endCopy(head)
    else if (!head.isSynced && head.isMainDone) this.#decide(head)
  }

  #onOversize(code: number): void {
    if (code === Code.dataRow) this.#flights[0]?.tooLarge(this.#limits.resultBytesMax)
    else this.destroy('Postgres sent an impossible frame.')
  }

  #onError(head: Flight): void {
    if (head.error && endsConnection(head.error)) this.#fatal = head.error
    // Postgres now skips everything up to the Sync: it has to come.
    if (!head.isSynced) this.#endTurn(head, undefined)
  }

  #decide(head: Flight): void {
    const { end } = head.job.turn
    let decision: 'commit' | 'rollback' = 'rollback'
    try {
      // A caller who has gone has not agreed to anything.
      if (typeof end === 'function' && !head.job.isDone) decision = end(head.answer)
    } catch (error) {
      head.job.fail(error)
    }
    this.#endTurn(head, decision)
  }

  #endTurn(head: Flight, decision: 'commit' | 'rollback' | undefined): void {
    if (decision) this.#composer.end(head, decision)
    else {
      this.#writer.sync()
      head.isSynced = true
    }
    if (!head.isExplicit) this.#isHeld = false
    this.#scheduleFlush()
  }

  #onReady(head: Flight | undefined, status: number): void {
    if (head && status === IDLE) this.#land(head)
    else if (head?.isExplicit && !this.#isMending) this.#mend()
    else this.destroy('The statement left a transaction open.')
  }

  #land(head: Flight): void {
    this.#flights.shift()
    head.ranMs = this.#owner.now() - this.headSince
    this.#isHeld = false
    this.#isMending = false
    this.#headChanged()
    this.#flushWhenWanted()
    // Not confirmed, so never prepared: the turns behind it that bind them will be told, and try again.
    for (const statement of head.parses) if (statement) this.statements.forget(statement)
    this.#owner.onLanded(head, this)
  }

  /** An explicit transaction failed and takes a ROLLBACK of its own. Nothing follows it: it holds the connection. */
  #mend(): void {
    this.#isMending = true
    this.#writer.query('rollback')
    this.#scheduleFlush()
  }

  /**
   * Postgres takes what is on the wire for the copy's rows, a Sync included: only a turn without anything behind it can
   * be saved, one that only reads.
   */
  #endCopy(head: Flight): void {
    if (this.#flights.length > 1) {
      this.destroy('COPY swallowed the turns behind it.')
    } else {
      this.#writer.copyFail('COPY is not supported here')
      if (head.isSynced) this.#writer.sync()
      this.#scheduleFlush()
    }
  }

  #headChanged(): void {
    this.headSince = this.#owner.now()
    this.cancels = 0
    if (this.#flights.length === 0) this.idleSince = this.headSince
  }

  #onClosed(error: Error | undefined): void {
    const flights = this.#flights.splice(0)
    if (flights[0]) flights[0].ranMs = this.#owner.now() - this.headSince
    this.#isRetired = true
    this.#owner.onLost(this, flights, this.#fatal ?? error)
  }

  /**
   * A write wakes Postgres, and that costs more than a short statement. So turns gather while it still has work, and
   * leave together before it runs out of it.
   */
  #flushWhenWanted(): void {
    if (this.#aboard > 0 && this.#flights.length - this.#aboard <= WORK_LEFT) this.#scheduleFlush()
  }

  /** After the handlers of this turn of the loop: turns that come together leave together. */
  #scheduleFlush(): void {
    if (this.#flushScheduled) return
    this.#flushScheduled = true
    setImmediate(() => {
      this.#flushScheduled = false
      this.#aboard = 0
      if (!this.#writer.isEmpty) this.#session.channel.write(this.#writer.take())
    })
  }
}
