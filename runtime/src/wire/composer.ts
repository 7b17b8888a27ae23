/**
 * Writes a turn as frames: settings, the query before, the main query, one Sync. What stands before a Sync is one
 * transaction to Postgres, so nothing has to be begun, and an error rolls all of it back and skips to the Sync.
 *
 * The settings statement comes first and always sets `role`; the RESET ALL ahead of it takes back what a function
 * of an earlier turn may have set for the whole session, so what the session began with need not be set again.
 */
import type { Parameter, Query, Turn } from '../session/database.ts'
import { Flight } from './flight.ts'
import type { Job } from './job.ts'
import type { Statement, StatementCache } from './statements.ts'
import type { FrameWriter } from './writer.ts'

/** Set where no role matters: in statements that are the same whoever runs them. */
const NO_SCOPE = ''
const RESET = 'reset all'
/** Roles, and search paths of each, whose scope is kept as one string. */
const SCOPES_MAX = 100
const UNNAMED = ''
/** Postgres takes a hundred in one call. */
const ARGUMENTS_MAX = 100
const CHECK_NOW = 'set constraints all immediate'
const UNLOCK = 'pg_catalog.pg_advisory_unlock_all()'
/** What a function may leave in the session for whoever comes next, and RESET ALL does not take back. */
const CLEARINGS = [
  // What waits for the end of the transaction runs while everything it may need is there.
  CHECK_NOW,
  'discard temp',
  'discard sequences',
  'unlisten *',
  'close all',
  `select ${UNLOCK}`,
]

export class Composer {
  readonly #writer: FrameWriter
  readonly #statements: StatementCache
  readonly #defaults: ReadonlyMap<string, string>
  readonly #settingsTexts: string[] = []
  readonly #scopes = new Map<string, Map<string, string>>()

  /** @param defaults settings that the session began with, and that RESET ALL goes back to. */
  constructor(writer: FrameWriter, statements: StatementCache, defaults: ReadonlyMap<string, string>) {
    this.#writer = writer
    this.#statements = statements
    this.#defaults = defaults
  }

  compose(job: Job): Flight {
    const { turn } = job
    const flight = new Flight(job)
    for (const name of this.#statements.takeClosed()) this.#writer.closeStatement(name)
    if (turn.isolation || rehearses(turn)) {
      flight.isExplicit = true
      this.#run(flight, NO_SCOPE, { text: beginOf(turn), values: [] })
    }
    this.#run(flight, NO_SCOPE, { text: RESET, values: [] })
    const settings = settingsOf(turn, this.#defaults)
    this.#run(flight, NO_SCOPE, { text: this.#settingsText(settings.length / 2), values: settings })
    const scope = this.#scopeOf(turn)
    if (turn.before) this.#run(flight, scope, turn.before)
    flight.mainStep = 2 + (flight.isExplicit ? 1 : 0) + (turn.before ? 1 : 0)
    flight.mainStatement = this.#bind(flight, scope, turn.main)
    if (!flight.mainStatement?.columns) this.#writer.describePortal()
    this.#writer.execute()

    if (typeof turn.end === 'string') {
      if (rehearses(turn)) this.#run(flight, NO_SCOPE, { text: CHECK_NOW, values: [] })
      this.end(flight, turn.end)
    } else {
      flight.isSynced = false
      this.#writer.flush()
    }
    return flight
  }

  /** The last part of a turn, when its end is known. */
  end(flight: Flight, end: 'commit' | 'rollback'): void {
    const { turn } = flight.job
    // In the same transaction: a turn behind it on the wire finds nothing, and a rollback takes it back anyway.
    if (end === 'commit' && turn.clears) {
      for (const text of CLEARINGS) this.#run(flight, NO_SCOPE, { text, values: [] })
    }
    if (end === 'rollback') {
      // BEGIN makes the transaction under way an explicit one: ROLLBACK then needs no warning in Postgres' log.
      if (!flight.isExplicit) this.#run(flight, NO_SCOPE, { text: 'begin', values: [] })
      this.#run(flight, NO_SCOPE, { text: 'rollback', values: [] })
    } else if (flight.isExplicit) {
      this.#run(flight, NO_SCOPE, { text: 'commit', values: [] })
    }
    this.#writer.sync()
    flight.isSynced = true
  }

  #run(flight: Flight, scope: string, query: Query): void {
    this.#bind(flight, scope, query)
    this.#writer.execute()
  }

  /** Parse if new, then Bind. */
  #bind(flight: Flight, scope: string, query: Query): Statement | undefined {
    if (query.prepare === false || flight.job.fresh) {
      flight.parses.push(undefined)
      this.#writer.parse(UNNAMED, query.text)
      this.#writer.bind(UNNAMED, query.values)
      return undefined
    }
    let statement = this.#statements.find(scope, query.text)
    if (!statement) {
      statement = this.#statements.add(scope, query.text)
      flight.parses.push(statement)
      this.#writer.parse(statement.name, query.text)
    }
    flight.uses.push(statement)
    this.#writer.bind(statement.name, query.values)
    return statement
  }

  /** What a plan depends on besides its text: see StatementCache. One string for each, so that it is hashed once. */
  #scopeOf(turn: Turn): string {
    let role = ''
    let searchPath = ''
    for (const [name, value] of turn.settings) {
      if (name === 'role') role = value
      else if (name === 'search_path') searchPath = value
    }
    const known = this.#scopes.get(role)?.get(searchPath)
    if (known !== undefined) return known
    if (this.#scopes.size >= SCOPES_MAX) this.#scopes.clear()
    const scope = `${role}\0${searchPath}`
    const ofRole = this.#scopes.get(role)
    if (ofRole === undefined || ofRole.size >= SCOPES_MAX)
      this.#scopes.set(role, new Map([[searchPath, scope]]))
    else ofRole.set(searchPath, scope)
    return scope
  }

  /** One text for each number of settings. Qualified: a search path left behind by a function cannot shadow it. */
  #settingsText(count: number): string {
    const known = this.#settingsTexts[count]
    if (known) return known
    const calls = Array.from(
      { length: count },
      (_, i) => `pg_catalog.set_config($${2 * i + 1},$${2 * i + 2},true)`,
    )
    // A lock of the session outlives the failure of the turn that took it, but not the next turn.
    const text = withoutRows([UNLOCK, ...calls])
    this.#settingsTexts[count] = text
    return text
  }
}

/** Calls them in order. What they return nobody reads: then it need not be written, sent and taken apart. */
function withoutRows(calls: readonly string[]): string {
  const groups: string[] = []
  for (let at = 0; at < calls.length; at += ARGUMENTS_MAX)
    groups.push(`pg_catalog.num_nulls(${calls.slice(at, at + ARGUMENTS_MAX).join(',')})`)
  return `select where ${groups.join('+')}<0`
}

/** Names and values in turn. Those that keep turns apart come first. What the session has anyway is not set again. */
function settingsOf(turn: Turn, defaults: ReadonlyMap<string, string>): Parameter[] {
  const values: Parameter[] = []
  const set = (name: string, value: string) => {
    if (defaults.get(name) !== value || values.includes(name)) values.push(name, value)
  }
  set('statement_timeout', String(Math.max(0, Math.ceil(turn.timeoutMs))))
  if (turn.readOnly) values.push('transaction_read_only', 'on')
  if (!turn.settings.some(([name]) => name === 'role')) values.push('role', 'none')
  for (const [name, value] of turn.settings) set(name, value)
  return values
}

const beginOf = ({ isolation, readOnly }: Turn) =>
  `begin${isolation ? ` isolation level ${isolation}` : ''}${readOnly ? ' read only' : ''}`

/** A write that is meant to be rolled back shows what it would have come to: deferred constraints are checked too. */
const rehearses = (turn: Turn) => turn.end === 'rollback' && !turn.readOnly
