/** How locks are kept where replicas count together, and which of two memories of one counts. Pure. */
import type { Kind } from '../counters/counters.ts'
import { forgottenAtMs, type LockoutSettings, type LockState } from './state.ts'

export const lockKind = (settings: () => LockoutSettings): Kind<LockState> => ({
  name: 'lock',
  parse: parseState,
  endsAtMs: (state) => forgottenAtMs(state, settings()),
  merge: mergeLocks,
})

/**
 * Accounts and addresses remembered at once: about 5 MB. Whoever would push a lock out of it must fail at so many
 * others meanwhile, each from an address that is not locked itself.
 */
export const LOCKS_MAX = 20_000

const MEMBERS = [
  ...(['failures', 'sinceMs', 'locks', 'untilMs', 'underWay', 'underWayUntilMs'] as const),
  ...(['atMs', 'liftedAtMs', 'keptUntilMs'] as const),
] satisfies (keyof LockState)[]

function parseState(value: unknown): LockState | undefined {
  if (typeof value !== 'object' || value === null) return undefined
  const found = value as Partial<Record<keyof LockState, unknown>>
  const entries = MEMBERS.map((name) => [name, found[name] ?? 0] as const)
  if (!entries.every(([, each]) => Number.isFinite(each) && Number(each) >= 0)) return undefined
  return Object.fromEntries(entries) as LockState
}

type Memories = Parameters<Kind<LockState>['merge']>[0]

/**
 * A lock leaves Redis with its end alone: who unlocks writes so. Where it is missing, Redis lost it, and ours counts. A
 * few failures are missing after a success as well: they are let go.
 */
export function mergeLocks({ shared, ours, isNews }: Memories): LockState | undefined {
  if (ours === undefined) return shared
  if (shared === undefined) return isNews || ours.locks > 0 ? ours : undefined
  if (isLiftedSince(shared, ours)) return shared
  // What another began anew after Redis had lost it has fewer.
  if (!isNews) return ours.locks > shared.locks ? ours : shared
  if (isLiftedSince(ours, shared)) return ours
  return isStricter(ours, shared) ? ours : shared
}

const isLiftedSince = (lifted: LockState, other: LockState): boolean =>
  lifted.liftedAtMs > 0 && lifted.liftedAtMs >= other.atMs

function isStricter(one: LockState, other: LockState): boolean {
  const order = [one.untilMs - other.untilMs, one.locks - other.locks, one.failures - other.failures]
  return (order.find((each) => each !== 0) ?? 0) > 0
}
