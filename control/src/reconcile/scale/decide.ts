/**
 * How many replicas a project should have, from what they say of their load. Pure.
 *
 * Up within seconds, down one at a time after minutes, or what the project says instead. Never to and fro: one is taken away only when the others would
 * be far from where one is added.
 */
import type { ReplicaSettings } from '@cascata/shared/contract/replica-settings'
import type { RuntimeLoad } from '@cascata/shared/runtime-load'

/** What a replica does of what it can: above `HOT` another one is added, so many that each comes to `AIM`. */
const HOT = 0.75
const AIM = 0.6
/** Requests wait this long for their turn; less busy than `LATE_FROM`, it is the machine that keeps them waiting. */
const LATE_MS = 150
const LATE_FROM = 0.5
/** Where those that stay would have no more than this to do, one may go. */
const CALM = 0.45
/** One look may be a hiccup. */
const HOT_LOOKS = 2

export type History = {
  /** How often in a row it was too much. */
  hotLooks: number
  /** Since when one replica less would do. */
  calmSince: number | null
}

export const noHistory: History = { hotLooks: 0, calmSince: null }

/** Of one that had no time to say so itself, what is known from outside. */
export type Load = Pick<RuntimeLoad, 'event_loop_delay_ms_p99' | 'utilization' | 'cpus'>

export type Look = {
  now: number
  /** Of each replica of which it is known. */
  loads: readonly Load[]
  /** Processors that one may use. */
  cpus: number
}

/**
 * Of a replica that left its question lying. An event loop uses one processor, however many it may use; null where it
 * does not use what it can: something else than work keeps it from answering, and more of those would help nobody.
 * @param used processors, meanwhile
 */
export function loadOfSilent(silentMs: number, { used, cpus }: { used: number; cpus: number }): Load | null {
  const utilization = Math.min(1, used / Math.min(1, cpus))
  return utilization < LATE_FROM ? null : { event_loop_delay_ms_p99: silentMs, utilization, cpus: used }
}

export type Decision = { count: number; history: History }

export function decide(
  { min, max, calmSeconds }: ReplicaSettings,
  count: number,
  { history, look }: { history: History; look: Look },
): Decision {
  // Some of them are about to come or to go: what the others say now will not be so for long.
  if (look.loads.length !== count) return { count, history: noHistory }
  const busy = mean(look.loads.map((load) => Math.min(1, Math.max(load.utilization, load.cpus / look.cpus))))
  const lateMs = Math.max(...look.loads.map((load) => load.event_loop_delay_ms_p99))

  const isHot = busy >= HOT || (busy >= LATE_FROM && lateMs >= LATE_MS)
  const hotLooks = isHot ? history.hotLooks + 1 : 0
  if (hotLooks >= HOT_LOOKS && count < max) {
    return { count: Math.min(max, Math.max(count + 1, Math.ceil((count * busy) / AIM))), history: noHistory }
  }
  const isCalm = !isHot && count > min && (busy * count) / (count - 1) <= CALM
  const calmSince = isCalm ? (history.calmSince ?? look.now) : null
  if (calmSince !== null && look.now - calmSince >= calmSeconds * 1_000)
    return { count: count - 1, history: noHistory }
  return { count, history: { hotLooks, calmSince } }
}

const mean = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / values.length
