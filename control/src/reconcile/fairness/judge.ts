/**
 * Who is to keep to a part of the processors, so that the others find one free. Pure.
 *
 * Shares and quotas decide who gets how much, not how soon: on a machine whose processors are all taken, whoever wakes
 * up waits for the one who has the processor, several times in each request. So projects that take more than
 * an equal part while others have something to do are kept off half of the processors, all of them together. And so is
 * one whose quota is about that half: it loses nothing, and would else take all of them for half of each tenth of a second.
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
/** Of its part: from here on a project fills it. */
const FULL = 0.75
/** Of its part: more than this is more than it has there. */
const OVER = 1.1
const QUIET_MS = 5_000

export type Fairness = {
  busyLooks: number
  /** Looks in a row at which a project filled half of the processors, and no more. */
  full: ReadonlyMap<string, number>
  /** Confined projects, and since when each would be no nuisance; null while it would. */
  confined: ReadonlyMap<string, { quietSince: number | null }>
}

export const nobodyConfined: Fairness = { busyLooks: 0, full: new Map(), confined: new Map() }

export type Look = {
  now: number
  processors: number
  /** Share of all processors' time that was used. */
  busy: number
  /** Processors each project used. */
  used: ReadonlyMap<string, number>
}

/** Below this nobody fills a part: then nobody need be asked. */
export const isWorthALook = ({ busy, processors }: Pick<Look, 'busy' | 'processors'>): boolean =>
  busy * processors >= (part(processors)?.count ?? processors) * FULL

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
  const full = filling(before, active, left.count)
  const fills = [...full].filter(([, looks]) => looks >= BUSY_LOOKS).map(([ref]) => ref)
  for (const ref of [...greedy, ...fills]) if (!confined.has(ref)) confined.set(ref, { quietSince: null })
  return { busyLooks, full, confined }
}

/** Nobody is in the way of nobody. */
function filling(
  { full }: Fairness,
  active: readonly (readonly [ref: string, cpus: number])[],
  count: number,
): Map<string, number> {
  if (active.length < 2) return new Map()
  const found = active.filter(([, cpus]) => cpus >= count * FULL && cpus <= count * OVER)
  return new Map(found.map(([ref]) => [ref, (full.get(ref) ?? 0) + 1]))
}
