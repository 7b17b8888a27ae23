/** Tells failures that were not the turn's own, and after which nothing of it is left in Postgres. */
import { PostgresError } from '../session/database.ts'
import type { Flight } from './flight.ts'

export const ADMIN_SHUTDOWN = '57P01'
const QUERY_CANCELED = '57014'
const INVALID_STATEMENT_NAME = '26000'
const DUPLICATE_STATEMENT = '42P05'
const READ_ONLY_TRANSACTION = '25006'
const FEATURE_NOT_SUPPORTED = '0A000'
/** Where Postgres says that a prepared statement's result has changed its type: the message may be translated. */
const STALE_RESULT = 'RevalidateCachedQuery'

/**
 * A prepared statement is gone (DEALLOCATE, or the turn that should have parsed it failed before), its name was taken
 * by a function's PREPARE, or it answers in another shape since the schema changed. Either way the transaction was rolled back.
 */
export function isStale(flight: Flight): boolean {
  const { error } = flight
  if (!error || flight.uses.length === 0) return false
  return (
    error.code === INVALID_STATEMENT_NAME ||
    // A PREPARE of the turn's own would say where it stands.
    (error.code === DUPLICATE_STATEMENT && error.where === null) ||
    (error.code === FEATURE_NOT_SUPPORTED && error.routine === STALE_RESULT)
  )
}

/**
 * A cancel for the turn before it came late. One that ran to its own timeout was not hit. An error before the Sync is
 * answered means that nothing was committed, even when the main query had its answer; after a COMMIT of its own that
 * is less plain.
 */
export function wasHitByMistake(flight: Flight): boolean {
  if (flight.error?.code !== QUERY_CANCELED || !flight.mayBeHit) return false
  if (flight.isMainDone && flight.isExplicit) return false
  const { timeoutMs } = flight.job.turn
  return timeoutMs <= 0 || flight.ranMs < timeoutMs * 0.9
}

/**
 * A function before it left the session with transactions that only read: the RESET ALL of a turn comes when its
 * transaction has begun as such. Postgres reported it, so the connection is given up.
 */
export const wasMadeReadOnly = ({ error, job }: Flight, isRetired: boolean): boolean =>
  error?.code === READ_ONLY_TRANSACTION && isRetired && !job.turn.readOnly

/** We ended the connection ourselves: what was on it is not tried again, or it would end the next one too. */
export class Abandoned extends Error {
  override readonly name = 'Abandoned'
}

/** Longer than this, and what ended the session was probably meant for the statement itself. */
const BYSTANDER_MS = 1_000

/**
 * May a turn whose connection went away be sent again? A read may, whatever became of it. A write may when Postgres
 * itself ended the session (a restart) before the main query was done: it was rolled back. After its main query was
 * done it may have been committed, and without a word from Postgres nobody knows.
 */
export function mayRepeat(flight: Flight, reason: Error | undefined): boolean {
  if (reason instanceof Abandoned || flight.ranMs > BYSTANDER_MS) return false
  const { turn } = flight.job
  if (turn.readOnly && typeof turn.end !== 'function') return true
  return reason instanceof PostgresError && reason.code === ADMIN_SHUTDOWN && !flight.isMainDone
}
