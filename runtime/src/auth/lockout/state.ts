/**
 * When is somebody locked out, and for how long? Pure: state, event and time in, state out. It knows nothing of
 * accounts and addresses.
 *
 * The first lock comes after `attempts` failures within a window. Later ones come with the next failure and last twice
 * as long each, until nothing has failed for as long as the longest lock: else waiting would buy a new window.
 *
 * Attempts under way count as failed ones until they end. Else a hundred guesses sent at once would all be let in
 * before the first of them had failed.
 */
export type LockoutSettings = {
  enabled: boolean
  attempts: number
  windowS: number
  firstLockS: number
  maxLockS: number
}

export type LockState = {
  readonly failures: number
  /** When the window of these failures began. */
  readonly sinceMs: number
  /** Locks so far; each doubles the next one. */
  readonly locks: number
  readonly untilMs: number
  /** Attempts that have begun and not ended, and until when they count: a runtime that died ends none. */
  readonly underWay: number
  readonly underWayUntilMs: number
  /** Of the last change. */
  readonly atMs: number
  /** When what was held was lifted, 0 is never; and until when others may still remember what it was. */
  readonly liftedAtMs: number
  readonly keptUntilMs: number
}

/** `lift` ends a lock and remembers that there was one; `unlock` forgets all. */
export type LockEvent = 'begin' | 'failure' | 'success' | 'none' | 'lift' | 'unlock'
export type LockContext = { settings: LockoutSettings; nowMs: number }

const BLANK: LockState = {
  ...{ failures: 0, sinceMs: 0, locks: 0, untilMs: 0, underWay: 0, underWayUntilMs: 0 },
  ...{ atMs: 0, liftedAtMs: 0, keptUntilMs: 0 },
}

/** More than an attempt takes, with its hash and its hook. */
const UNDER_WAY_MS_MAX = 30_000

/** Whether those under way fail is known in a moment. */
const UNDER_WAY_RETRY_MS = 1_000

const DOUBLINGS_MAX = 30

/** Undefined: nothing is held against them. An attempt that may not begin changes nothing. */
export function stateAfter(
  before: LockState | undefined,
  event: LockEvent,
  context: LockContext,
): LockState | undefined {
  const { nowMs } = context
  if (event === 'begin' && waitMs(before, context) > 0) return before
  const state = remembered(before, context) ?? BLANK
  const after = { ...changed(state, event, context), atMs: nowMs }
  return nowMs < forgottenAtMs(after, context.settings) ? after : undefined
}

function changed(state: LockState, event: LockEvent, { settings, nowMs }: LockContext): LockState {
  if (event === 'begin')
    return { ...state, underWay: state.underWay + 1, underWayUntilMs: nowMs + UNDER_WAY_MS_MAX }
  const keptUntilMs = forgottenAtMs({ ...state, underWay: 0 }, settings)
  const lifted = { ...state, failures: 0, untilMs: Math.min(state.untilMs, nowMs), liftedAtMs: nowMs }
  if (event === 'lift') return lifted
  if (event === 'unlock')
    return state.locks === 0 ? { ...state, failures: 0 } : { ...lifted, locks: 0, keptUntilMs }
  const ended = { ...state, underWay: Math.max(0, state.underWay - 1) }
  // The right password ends a series of failures; the locks of somebody else's guessing stay remembered.
  if (event === 'success') return { ...ended, failures: 0 }
  // Whoever began before the lock and failed after it has had their turn.
  if (event === 'none' || lockedForMs(state, nowMs) > 0) return ended
  return failed(ended, { settings, nowMs })
}

function failed(state: LockState, { settings, nowMs }: LockContext): LockState {
  const failures = state.failures + 1
  const sinceMs = failures === 1 ? nowMs : state.sinceMs
  if (failures < attemptsAllowed(state, settings)) return { ...state, failures, sinceMs }
  const lockS = Math.min(settings.maxLockS, settings.firstLockS * 2 ** Math.min(state.locks, DOUBLINGS_MAX))
  return { ...state, failures: 0, sinceMs: nowMs, locks: state.locks + 1, untilMs: nowMs + lockS * 1000 }
}

/** Milliseconds until they may try again; 0: now. */
export const lockedForMs = (state: LockState | undefined, nowMs: number): number =>
  Math.max(0, (state?.untilMs ?? 0) - nowMs)

/** Milliseconds until another attempt may begin, as far as is known; 0: now. */
export function waitMs(before: LockState | undefined, context: LockContext): number {
  const lockedMs = lockedForMs(before, context.nowMs)
  if (lockedMs > 0) return lockedMs
  return attemptsLeft(before, context) > 0 ? 0 : UNDER_WAY_RETRY_MS
}

/** Failures until the next lock, were all that is under way to fail. */
export function attemptsLeft(before: LockState | undefined, context: LockContext): number {
  const state = remembered(before, context) ?? BLANK
  return attemptsAllowed(state, context.settings) - state.failures - state.underWay
}

/** A state that is forgotten by then needs not be kept. */
export const forgottenAtMs = (state: LockState, settings: LockoutSettings): number =>
  Math.max(
    state.failures > 0 ? state.sinceMs + settings.windowS * 1000 : 0,
    state.locks > 0 ? state.untilMs + settings.maxLockS * 1000 : 0,
    state.underWay > 0 ? state.underWayUntilMs : 0,
    state.keptUntilMs,
  )

const attemptsAllowed = (state: LockState, settings: LockoutSettings): number =>
  state.locks > 0 ? 1 : settings.attempts

/** What of it still counts. */
function remembered(before: LockState | undefined, { settings, nowMs }: LockContext): LockState | undefined {
  if (before === undefined || nowMs >= forgottenAtMs(before, settings)) return undefined
  const isWindowOver = nowMs >= before.sinceMs + settings.windowS * 1000
  const areLocksOver = nowMs >= before.untilMs + settings.maxLockS * 1000
  return {
    ...before,
    failures: isWindowOver ? 0 : before.failures,
    locks: areLocksOver ? 0 : before.locks,
    underWay: nowMs < before.underWayUntilMs ? before.underWay : 0,
  }
}
