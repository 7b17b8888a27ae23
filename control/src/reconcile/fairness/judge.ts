/**
 * Who is to keep to a part of the processors, so that the others find one free. Pure.
 *
 * Shares and quotas decide who gets how much, not how soon: on a machine whose processors are all taken, whoever wakes
 * up waits for the one who has the processor, several times in each request. So projects that take more than
 * an equal part while others have something to do are kept off half of the processors, all of them together.
 */

/** From here on nobody finds a free processor at once. */
const BUSY = 0.85
/** Processors a project uses that has something to do. */
const ACTIVE = 0.01
/** Less than this of a processor is in nobody's way. */
const MUCH = 0.25
/** A confined one that uses less than this of its part would not be in the way. */
const CONTENT = 0.7
const BUSY_LOOKS = 2
const QUIET_MS = 5_000

export type Fairness = {
  busyLooks: number
  /** Confined projects, and since when each would be no nuisance; null while it would. */
  confined: ReadonlyMap<string, { quietSince: number | null }>
}

export const nobodyConfined: Fairness = { busyLooks: 0, confined: new Map() }

export type Look = {
  now: number
  processors: number
  /** Share of all processors' time that was used. */
  busy: number
  /** Processors each project used. */
  used: ReadonlyMap<string, number>
}

/** The upper half of the processors: what is left to confined projects. Null where there is none to part with. */
export function part(processors: number): { first: number; count: number } | null {
  const count = Math.floor(processors / 2)
  return count === 0 ? null : { first: processors - count, count }
}

export function judgeFairness(before: Fairness, look: Look): Fairness {
  const { now, processors, used } = look
  const left = part(processors)
  if (left === null) return nobodyConfined
  const active = [...used].filter(([, cpus]) => cpus >= ACTIVE)
  const busyLooks = look.busy >= BUSY ? before.busyLooks + 1 : 0
  // Of what projects have at all: the machine may have other work, too.
  const equalPart = active.reduce((sum, [, cpus]) => sum + cpus, 0) / Math.max(1, active.length)
  const greedy =
    busyLooks >= BUSY_LOOKS && active.length > 1
      ? active.filter(([, cpus]) => cpus > Math.max(equalPart, MUCH)).map(([ref]) => ref)
      : []

  const confined = new Map<string, { quietSince: number | null }>()
  for (const [ref, { quietSince }] of before.confined) {
    const others = active.some(([each]) => each !== ref)
    const isQuiet = !others || (used.get(ref) ?? 0) < left.count * CONTENT
    const since = isQuiet ? (quietSince ?? now) : null
    if (since === null || now - since < QUIET_MS) confined.set(ref, { quietSince: since })
  }
  for (const ref of greedy) if (!confined.has(ref)) confined.set(ref, { quietSince: null })
  return { busyLooks, confined }
}
