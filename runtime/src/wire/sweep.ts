/** What to do about a connection whose first turn takes long. Pure: the pool asks it of each one every few milliseconds. */
import type { Flight } from './flight.ts'
import type { WireLimits } from './limits.ts'

export type Watched = {
  readonly head: Flight | undefined
  readonly followers: readonly Flight[]
  readonly cancels: number
  readonly cancelledAt: number
  headRunsFor(now: number): number
}

export type Action = {
  do: 'nothing' | 'cancel' | 'destroy'
  reason: 'abandoned' | 'overdue'
  /** Turns behind it to send a second time elsewhere: the first answer counts, and a read leaves nothing behind. */
  hedge: Flight[]
}

const CANCELS_MAX = 2
const COPIES_MAX = 4

export function sweep(connection: Watched, limits: WireLimits, now: number): Action {
  const { head } = connection
  const ranMs = connection.headRunsFor(now)
  if (!head || ranMs <= limits.slowMs) return { do: 'nothing', reason: 'abandoned', hedge: [] }

  const isOverdue = ranMs > dueMs(head, limits)
  const reason = isOverdue ? 'overdue' : 'abandoned'
  const mayCancel = connection.cancels === 0 || now - connection.cancelledAt > limits.cancelGraceMs
  const isOver = isOverdue || (head.job.isDone && ranMs > limits.abandonMs)
  const action = !isOver || !mayCancel ? 'nothing' : connection.cancels < CANCELS_MAX ? 'cancel' : 'destroy'
  // A turn that nobody waits for is let be once Postgres ignores its cancel: it holds its own lane, not the caller.
  return { do: action === 'destroy' && !isOverdue ? 'nothing' : action, reason, hedge: hedgeable(connection) }
}

/** Postgres ends a statement by itself; past this it has not. Zero means no limit. */
function dueMs(head: Flight, limits: WireLimits): number {
  const { timeoutMs, before } = head.job.turn
  return timeoutMs <= 0 ? Number.POSITIVE_INFINITY : timeoutMs * (before ? 2 : 1) + limits.cancelGraceMs
}

/** The copy may come to stand behind the next slow turn: then it is copied in its turn. */
const hedgeable = (connection: Watched): Flight[] =>
  connection.followers.filter(
    ({ isHedged, job }) =>
      !isHedged &&
      job.copies < COPIES_MAX &&
      !job.isDone &&
      job.turn.readOnly &&
      typeof job.turn.end === 'string',
  )
