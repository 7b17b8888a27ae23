/**
 * The port to Postgres: one request is one turn, and one turn is one transaction that looks like one round trip.
 *
 * The port knows nothing of HTTP. An implementation may send a turn in one write or in several: callers cannot
 * tell. Text goes in, bytes come out: what Postgres wrote reaches the client without being parsed.
 */

/** A parameter in Postgres' text format (a `Uint8Array` is sent as binary, for `bytea`). */
export type Parameter = string | null | Uint8Array

export type Query = {
  /** One statement with `$1` placeholders. Same text, same prepared statement. */
  text: string
  values: readonly Parameter[]
  /** False for a text that will hardly be seen again: it is then not kept prepared. Default true. */
  prepare?: boolean
}

/** How the transaction ends: known beforehand, or decided on what the main query answered. */
export type End = 'commit' | 'rollback' | ((answer: Answer) => 'commit' | 'rollback')

export type Turn = {
  /** `set_config(name, value, true)` for each, in order, before the queries. Includes `role`. */
  settings: readonly (readonly [name: string, value: string])[]
  /** Runs after the settings and before the main query; its rows are dropped. */
  before?: Query
  main: Query
  readOnly: boolean
  /** Clears at its end what functions left in the session: temporary tables, listening, cursors, locks. */
  clears?: boolean
  isolation?: 'read committed' | 'repeatable read' | 'serializable'
  end: End
  /** The statement is cancelled in Postgres after this long (SQLSTATE 57014). */
  timeoutMs: number
}

export type Answer = {
  columns: readonly string[]
  /** Cells in Postgres' text format, as bytes; null is SQL null. */
  rows: readonly (readonly (Buffer | null)[])[]
  /** From the command tag: rows written or read. */
  rowCount: number
}

/** What Postgres refused, field by field as it said it. */
export class PostgresError extends Error {
  override readonly name = 'PostgresError'
  /** SQLSTATE, five characters. */
  readonly code: string
  readonly detail: string | null
  readonly hint: string | null
  readonly severity: string
  readonly schema: string | null
  readonly table: string | null
  readonly column: string | null
  readonly constraint: string | null
  readonly dataType: string | null
  /** Where in the statement, counted in characters from 1. */
  readonly position: string | null
  /** The functions and statements under way. */
  readonly where: string | null
  /** The C function that raised it: says which of several errors of one code this is, in any language. */
  readonly routine: string | null

  constructor(fields: {
    code: string
    message: string
    severity?: string | undefined
    detail?: string | undefined
    hint?: string | undefined
    schema?: string | undefined
    table?: string | undefined
    column?: string | undefined
    constraint?: string | undefined
    dataType?: string | undefined
    position?: string | undefined
    where?: string | undefined
    routine?: string | undefined
  }) {
    super(fields.message)
    this.code = fields.code
    this.severity = fields.severity ?? 'ERROR'
    this.detail = fields.detail ?? null
    this.hint = fields.hint ?? null
    this.schema = fields.schema ?? null
    this.table = fields.table ?? null
    this.column = fields.column ?? null
    this.constraint = fields.constraint ?? null
    this.dataType = fields.dataType ?? null
    this.position = fields.position ?? null
    this.where = fields.where ?? null
    this.routine = fields.routine ?? null
  }
}

/** Postgres could not be reached, or the connection went away before it answered. */
export class DatabaseUnavailable extends Error {
  override readonly name = 'DatabaseUnavailable'
  /**
   * `unreachable`: nothing was sent, a retry is safe. `lost`: the turn was on the wire, its fate unknown.
   * `queue`: no connection became free in time.
   */
  readonly kind: 'unreachable' | 'lost' | 'queue'

  constructor(kind: 'unreachable' | 'lost' | 'queue', message: string, options?: ErrorOptions) {
    super(message, options)
    this.kind = kind
  }
}

export type Database = {
  /** @throws PostgresError, DatabaseUnavailable, or the signal's reason when it was aborted (the statement is cancelled). */
  run(turn: Turn, signal?: AbortSignal): Promise<Answer>
  /** Calls back on each NOTIFY of the channel, and once with `null` after each reconnect (a NOTIFY may have been missed). */
  listen(channel: string, onNotify: (payload: string | null) => void): Promise<{ close(): Promise<void> }>
  /** Ends when the turns under way have ended. */
  close(): Promise<void>
}
