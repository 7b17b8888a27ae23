/**
 * The runtimes that should answer, as the projects' passes last saw them, and what came of the looks since. In memory:
 * a control that starts anew looks anew.
 */
import { isHung, lookedAt, type Pulse, type Seen, seenAs } from './judge.ts'

export type Runtime = { name: string; slot: number }
export type Watched = Runtime & { ref: string; pulse: Pulse }

export type Pulses = {
  /** Those of a project that run now, in a pass that asked each whether it is ready. */
  saw(ref: string, runtimes: readonly (Runtime & { ready: boolean })[]): void
  /** Projects that are gone, or are not to run, have none to look at. */
  keepOnly(refs: ReadonlySet<string>): void
  all(): readonly Watched[]
  /** @returns whether it is by this look that it is found to hang. */
  record(watched: Pick<Watched, 'ref' | 'name'>, seen: Seen): boolean
  isHung(ref: string, name: string): boolean
  /** It was ended: what is started in its place has not been looked at yet. */
  forget(ref: string, name: string): void
}

export function createPulses(): Pulses {
  const byRef = new Map<string, Map<string, Watched>>()
  return {
    saw(ref, runtimes) {
      const before = byRef.get(ref)
      const now = runtimes.map(({ name, slot, ready }): [string, Watched] => [
        name,
        { ref, name, slot, pulse: seenAs(before?.get(name)?.pulse, ready) },
      ])
      byRef.set(ref, new Map(now))
    },
    keepOnly(refs) {
      for (const ref of byRef.keys()) if (!refs.has(ref)) byRef.delete(ref)
    },
    all: () => [...byRef.values()].flatMap((runtimes) => [...runtimes.values()]),
    record({ ref, name }, seen) {
      const watched = byRef.get(ref)?.get(name)
      if (!watched) return false
      const was = isHung(watched.pulse)
      watched.pulse = lookedAt(watched.pulse, seen)
      return !was && isHung(watched.pulse)
    },
    isHung(ref, name) {
      const watched = byRef.get(ref)?.get(name)
      return watched !== undefined && isHung(watched.pulse)
    },
    forget: (ref, name) => void byRef.get(ref)?.delete(name),
  }
}
