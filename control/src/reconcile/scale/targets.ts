/**
 * How many replicas each project's load asks for. No intent of anybody's, so in no table: a control that starts anew
 * takes the number that runs.
 */
export type Targets = {
  /** Undefined when nothing was decided yet. */
  of(ref: string): number | undefined
  set(ref: string, count: number): void
  forget(ref: string): void
  refs(): string[]
}

export function createTargets(): Targets {
  const counts = new Map<string, number>()
  return {
    of: (ref) => counts.get(ref),
    set: (ref, count) => void counts.set(ref, count),
    forget: (ref) => void counts.delete(ref),
    refs: () => [...counts.keys()],
  }
}
