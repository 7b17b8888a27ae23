/** Tells failures that were not the turn's own, and after which nothing of it is left in Postgres. */
import type { Flight } from './flight.ts'

const QUERY_CANCELED = '57014'
const INVALID_STATEMENT_NAME = '26000'
const FEATURE_NOT_SUPPORTED = '0A000'
/** Where Postgres says that a prepared statement's result has changed its type: the message may be translated. */
const STALE_RESULT = 'RevalidateCachedQuery'

/**
 * A prepared statement is gone (DEALLOCATE, or the turn that should have parsed it failed before) or answers in
 * another shape since the schema changed. Either way the transaction was rolled back.
 */
export function isStale(flight: Flight): boolean {
  const { error } = flight
  if (!error || flight.uses.length === 0) return false
  return (
    error.code === INVALID_STATEMENT_NAME ||
    (error.code === FEATURE_NOT_SUPPORTED && error.routine === STALE_RESULT)
  )
}

/** A cancel for the turn before it came late. One that ran to its own timeout was not hit. */
export function wasHitByMistake(flight: Flight): boolean {
  if (flight.error?.code !== QUERY_CANCELED || !flight.mayBeHit || flight.isMainDone) return false
  const { timeoutMs } = flight.job.turn
  return timeoutMs <= 0 || flight.ranMs < timeoutMs * 0.9
}
