/** What to do about a connection whose first turn takes long. Pure: the pool asks it of each one every few milliseconds. */
import type { Flight } from './flight.ts'
import type { Job } from './job.ts'
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
  hedge: Job[]
}

const CANCELS_MAX = 2

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

const hedgeable = (connection: Watched): Job[] =>
  connection.followers
    .map((flight) => flight.job)
    .filter((job) => job.turn.readOnly && !job.hedged && !job.isDone && typeof job.turn.end === 'string')
