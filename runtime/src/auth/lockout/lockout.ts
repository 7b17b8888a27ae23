/**
 * Slows down guessing, by account and by client address, without telling whether an account exists: what nobody owns
 * is counted and locked in the same way. Whatever goes wrong with the count refuses: this fails closed.
 */
import { createHash } from 'node:crypto'
import type { Clock } from '@cascata/shared/clock'
import { clientKey } from '../../session/client-key.ts'
import type { Counters } from '../counters/counters.ts'
import {
  type LockEvent,
  type LockoutSettings,
  type LockState,
  lockedForMs,
  stateAfter,
  waitMs,
} from './state.ts'

export type Scope = 'account' | 'address' | 'store'
export type Attempt = {
  allowed: true
  /** Once, whatever happens. `none`: it ended for a reason that says nothing about the caller. */
  end(outcome: 'failure' | 'success' | 'none'): Promise<void>
}
export type Refusal = { allowed: false; retryAfterS: number; by: Scope }

/** Without an address that is the client's own the account alone is counted. */
type Who = { account: string; address: string | null }

/** `account` is what was typed, whether or not anybody has that name: not for logs. `key` is a hash of it. */
export type Lock = Who & {
  scope: Exclude<Scope, 'store'>
  key: string
  untilMs: number
  locks: number
}
export type LockoutEvent = { type: 'locked'; lock: Lock } | { type: 'store-failed'; cause: unknown }

export type Lockout = {
  /** `account`: the email address or phone number as it was typed. */
  begin(who: Who): Promise<Attempt | Refusal>
  /** Forgets all that is held against an account. @returns whether it was locked. */
  unlock(account: string): Promise<boolean>
  /** Ends the lock that lasts until then, and no other; the next one lasts twice as long all the same. @returns whether it did. */
  lift(account: string, untilMs: number): Promise<boolean>
}

type Deps = {
  settings: () => LockoutSettings
  counters: Counters<LockState>
  clock: Clock
  onEvent: (event: LockoutEvent) => void
}

/** Many people may share an address: it takes so many times the failures of an account. */
const ADDRESS_ATTEMPTS_FACTOR = 5

/** Without a count nobody can be let in; it may be back soon. */
const STORE_RETRY_S = 5

type Place = { scope: Lock['scope']; key: string; settings: LockoutSettings }

export function createLockout({ settings, counters, clock, onEvent }: Deps): Lockout {
  const update = ({ key, settings }: Place, event: LockEvent) => {
    const context = { settings, nowMs: clock.now() }
    const changed = counters.update(key, (state) => stateAfter(state, event, context))
    return changed.then((each) => ({ ...each, ...context }))
  }

  const enter = async (place: Place): Promise<Refusal | undefined> => {
    const { before, ...context } = await update(place, 'begin')
    const ms = waitMs(before, context)
    return ms > 0 ? { allowed: false, retryAfterS: Math.ceil(ms / 1000), by: place.scope } : undefined
  }

  const leave = async (place: Place, outcome: 'failure' | 'success' | 'none', who: Who): Promise<void> => {
    const { before, after, nowMs } = await update(place, outcome)
    if (after === undefined || lockedForMs(after, nowMs) === 0 || lockedForMs(before, nowMs) > 0) return
    const { scope, key } = place
    onEvent({ type: 'locked', lock: { ...who, scope, key, untilMs: after.untilMs, locks: after.locks } })
  }

  const failed = (cause: unknown) => onEvent({ type: 'store-failed', cause })

  return {
    async begin(who) {
      const current = settings()
      if (!current.enabled) return { allowed: true, end: async () => {} }
      const places = placesOf(who, current)
      try {
        for (const [at, place] of places.entries()) {
          const refusal = await enter(place)
          if (refusal === undefined) continue
          await Promise.all(places.slice(0, at).map((each) => leave(each, 'none', who)))
          return refusal
        }
        return { allowed: true, end: (outcome) => endAt(places, outcome, who) }
      } catch (cause) {
        failed(cause)
        return { allowed: false, retryAfterS: STORE_RETRY_S, by: 'store' }
      }
    },
    async unlock(account) {
      const { before, nowMs } = await update(accountPlace(account, settings()), 'unlock')
      return lockedForMs(before, nowMs) > 0
    },
    async lift(account, untilMs) {
      const context = { settings: settings(), nowMs: clock.now() }
      const isMeant = (state: LockState | undefined) =>
        state?.untilMs === untilMs && lockedForMs(state, context.nowMs) > 0
      const { before } = await counters.update(accountPlace(account, context.settings).key, (state) =>
        isMeant(state) ? stateAfter(state, 'lift', context) : state,
      )
      return isMeant(before)
    },
  }

  async function endAt(places: readonly Place[], outcome: 'failure' | 'success' | 'none', who: Who) {
    // Not the address: who has an account of their own would clear it at will.
    const at = ({ scope }: Place) => (outcome === 'success' && scope === 'address' ? 'none' : outcome)
    try {
      await Promise.all(places.map((place) => leave(place, at(place), who)))
    } catch (cause) {
      failed(cause)
      throw cause
    }
  }
}

const accountPlace = (account: string, settings: LockoutSettings): Place => ({
  scope: 'account',
  key: hashOf(`account ${account.trim().toLowerCase()}`),
  settings,
})

/** The address first: one that is locked must not take up the places of an account, not even for a moment. */
const placesOf = ({ account, address }: Who, settings: LockoutSettings): Place[] => [
  ...(address === null ? [] : [addressPlace(address, settings)]),
  accountPlace(account, settings),
]

const addressPlace = (address: string, settings: LockoutSettings): Place => ({
  scope: 'address',
  key: hashOf(`address ${clientKey(address)}`),
  settings: { ...settings, attempts: settings.attempts * ADDRESS_ATTEMPTS_FACTOR },
})

/** Memories and logs need not hold who tried to sign in; and no key is longer than another. */
const hashOf = (text: string): string => createHash('sha256').update(text).digest('base64url')
