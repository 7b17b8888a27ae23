/**
 * One connection that runs SQL text a person wrote, by Postgres' simple protocol: a text of several statements is
 * one implicit transaction, and each statement answers for itself. The driver used elsewhere folds statements that
 * return no rows into one another and waits for ever on COPY, so this speaks the protocol itself.
 *
 * The server is a tenant's and so is the text: rows, bytes and time are bounded here, not asked of the server.
 */
import { connect, type Socket } from 'node:net'
import { Problem } from '@cascata/shared/problem'
import {
  DatabaseUnreachable,
  SqlCopyRefused,
  SqlResultTooLarge,
  SqlTimeout,
} from '@cascata/shared/problems/database'
import { type DatabaseError, parse, serialize } from 'pg-protocol'
import type {
  BackendKeyDataMessage,
  BackendMessage,
  CommandCompleteMessage,
  DataRowMessage,
  RowDescriptionMessage,
} from 'pg-protocol/dist/messages.js'
import { type ScramExchange, startScram } from './scram.ts'
import { socketPath } from './socket-path.ts'
import { type Cell, toCell } from './sql-cell.ts'

const CONNECT_TIMEOUT_MS = 5_000
/** After a cancel the server has this long to say so; then the connection is dropped. */
const CANCEL_GRACE_MS = 2_000
/** What one text may make the server send, rows that are not kept included. */
const RESULT_BYTES_MAX = 64 * 1024 * 1024

export type Login = { user: string; password: string; database?: string }
export type RunLimits = { rowsMax: number; timeoutMs: number }

export type StatementResult = {
  /** As in the command tag: `SELECT`, `INSERT`, `CREATE TABLE`. */
  command: string
  /** Rows written or read; null where the command counts none. */
  rowCount: number | null
  columns: { name: string; type: number }[]
  rows: Cell[][]
  /** There were more rows than `rowsMax`. */
  truncated: boolean
}

type Turn = {
  limits: RunLimits
  results: StatementResult[]
  open: StatementResult | undefined
  bytes: number
  failure: Error | undefined
  timers: NodeJS.Timeout[]
  /** Settles when a cancel that was sent can strike nothing any more. */
  cancelled: Promise<void> | undefined
  resolve(results: StatementResult[]): void
  reject(error: Error): void
}

export class SqlSession {
  readonly #socket: Socket
  readonly #path: string
  #backend: { processID: number; secretKey: number } | undefined
  #scram: ScramExchange | undefined
  #turn: Turn | undefined
  #lost: Error | undefined

  private constructor(path: string) {
    this.#path = path
    this.#socket = connect(path)
    this.#socket.on('error', (error) => this.#lose(error))
    this.#socket.on('close', () => this.#lose(new Error('the connection was closed')))
  }

  /** @throws DatabaseUnreachable; its cause says whether it was the socket, the password or the database's name. */
  static async open(socketDir: string, login: Login): Promise<SqlSession> {
    const session = new SqlSession(socketPath(socketDir))
    const opened = session.#begin({ rowsMax: 0, timeoutMs: CONNECT_TIMEOUT_MS })
    session.#socket.on('data', (chunk) => session.#count(chunk.length))
    session.#socket.once('connect', () => {
      parse(session.#socket, (message) => session.#receive(message, login.password)).catch((error: Error) =>
        session.#lose(error),
      )
      const { user, database = 'postgres' } = login
      session.#socket.write(
        serialize.startup({ user, database, client_encoding: 'UTF8', application_name: 'cascata' }),
      )
    })
    try {
      await opened
    } catch (error) {
      session.#socket.destroy()
      const isSaid = error instanceof Problem && error.code === DatabaseUnreachable.code
      throw isSaid ? error : DatabaseUnreachable().because(error)
    }
    return session
  }

  /**
   * Runs the text as one simple query.
   * @throws DatabaseError as Postgres said it, or SqlTimeout, SqlResultTooLarge, SqlCopyRefused, DatabaseUnreachable.
   */
  run(text: string, limits: RunLimits): Promise<StatementResult[]> {
    const answer = this.#begin(limits)
    if (this.#turn) this.#socket.write(serialize.query(text))
    return answer
  }

  async close(): Promise<void> {
    if (this.#socket.destroyed) return
    const closed = new Promise<void>((resolve) => this.#socket.once('close', () => resolve()))
    this.#socket.end(serialize.end())
    const giveUp = setTimeout(() => this.#socket.destroy(), CANCEL_GRACE_MS)
    await closed
    clearTimeout(giveUp)
  }

  #begin(limits: RunLimits): Promise<StatementResult[]> {
    if (this.#turn) throw new Error('one text at a time')
    if (this.#lost) return Promise.reject(DatabaseUnreachable().because(this.#lost))
    return new Promise((resolve, reject) => {
      const timeout = setTimeout(() => this.#stop(SqlTimeout(limits.timeoutMs)), limits.timeoutMs)
      const settled = { results: [], open: undefined, bytes: 0, failure: undefined, timers: [timeout] }
      this.#turn = { limits, ...settled, cancelled: undefined, resolve, reject }
    })
  }

  /** Ends the turn under way for a reason of ours: cancels it there, and drops the connection if that does not help. */
  #stop(reason: Error): void {
    const turn = this.#turn
    if (!turn || turn.failure) return
    turn.failure = reason
    if (!this.#backend) {
      this.#lose(reason)
      return
    }
    const cancel = connect(this.#path)
    cancel.on('error', () => this.#lose(reason))
    // Postgres closes it when the backend has been signalled; before that the next text could be struck.
    turn.cancelled = new Promise((resolve) => cancel.once('close', () => resolve()))
    cancel.resume()
    cancel.end(serialize.cancel(this.#backend.processID, this.#backend.secretKey))
    turn.timers.push(setTimeout(() => this.#lose(reason), CANCEL_GRACE_MS))
  }

  /** Nothing to do when the turn has ended otherwise meanwhile. */
  #finish(turn: Turn): void {
    if (this.#turn !== turn) return
    this.#settle(({ failure, results, ...to }) => (failure ? to.reject(failure) : to.resolve(results)))
  }

  #settle(end: (turn: Turn) => void): void {
    const turn = this.#turn
    if (!turn) return
    this.#turn = undefined
    for (const timer of turn.timers) clearTimeout(timer)
    end(turn)
  }

  #lose(error: Error): void {
    this.#lost ??= error
    this.#socket.destroy()
    this.#settle((turn) => turn.reject(turn.failure ?? DatabaseUnreachable().because(error)))
  }

  /** One value alone may be a gigabyte, and the parser would collect it: so bytes are counted, and the line is cut. */
  #count(bytes: number): void {
    const turn = this.#turn
    if (!turn) return
    turn.bytes += bytes
    if (turn.bytes <= RESULT_BYTES_MAX) return
    turn.failure ??= SqlResultTooLarge(RESULT_BYTES_MAX)
    this.#lose(turn.failure)
  }

  #receive(message: BackendMessage, password: string): void {
    const turn = this.#turn
    if (!turn) return
    switch (message.name) {
      case 'rowDescription':
        turn.open = openResult((message as RowDescriptionMessage).fields)
        return
      case 'dataRow':
        keepRow(turn, (message as DataRowMessage).fields)
        return
      case 'commandComplete':
        turn.results.push(closeResult(turn.open, (message as CommandCompleteMessage).text))
        turn.open = undefined
        return
      case 'copyInResponse':
        turn.failure ??= SqlCopyRefused()
        this.#socket.write(serialize.copyFail('no client'))
        return
      case 'copyOutResponse':
        this.#stop(SqlCopyRefused())
        return
      case 'error':
        turn.failure ??= message as unknown as DatabaseError
        // While connecting an error is the last word: no ReadyForQuery follows.
        if (!this.#backend) this.#lose(turn.failure)
        return
      case 'readyForQuery':
        if (turn.cancelled) void turn.cancelled.then(() => this.#finish(turn))
        else this.#finish(turn)
        return
      default:
        this.#authenticate(message as BackendMessage & BackendKeyDataMessage & Said, password)
    }
  }

  #authenticate(message: BackendMessage & BackendKeyDataMessage & Said, password: string): void {
    if (message.name === 'backendKeyData') {
      this.#backend = { processID: message.processID, secretKey: message.secretKey }
    } else if (message.name === 'authenticationSASL') {
      this.#scram = startScram(password)
      const { clientFirst } = this.#scram
      this.#socket.write(serialize.sendSASLInitialResponseMessage('SCRAM-SHA-256', clientFirst))
    } else if (message.name === 'authenticationSASLContinue') {
      this.#scram?.clientFinal(message.data).then(
        (final) => this.#socket.write(serialize.sendSCRAMClientFinalMessage(final)),
        (error: Error) => this.#lose(error),
      )
    } else if (message.name === 'authenticationSASLFinal') {
      try {
        this.#scram?.verify(message.data)
      } catch (error) {
        this.#lose(error as Error)
      }
    } else if (/^authentication(?!Ok)/.test(message.name)) {
      this.#lose(new Error(`the server asked for ${message.name}`))
    }
  }
}

type Said = { data: string }

const openResult = (fields: RowDescriptionMessage['fields']): StatementResult => ({
  command: '',
  rowCount: null,
  columns: fields.map((field) => ({ name: field.name, type: field.dataTypeID })),
  rows: [],
  truncated: false,
})

function keepRow(turn: Turn, fields: readonly (string | null)[]): void {
  const { open, limits } = turn
  if (!open || turn.failure) return
  if (open.rows.length >= limits.rowsMax) open.truncated = true
  else open.rows.push(fields.map((text, at) => toCell(text, open.columns[at]?.type ?? 0)))
}

/** `INSERT 0 5` counts 5, `SELECT 3` counts 3, `CREATE TABLE` counts nothing. */
function closeResult(open: StatementResult | undefined, tag: string): StatementResult {
  const [, command = tag, count] = /^(\D+?)(?: \d+)??(?: (\d+))?$/.exec(tag) ?? []
  return { ...(open ?? openResult([])), command, rowCount: count === undefined ? null : Number(count) }
}
