/**
 * What control itself does with a project that needs it awake: SQL, backups, descriptions. In memory: a control that
 * is killed has nothing under way.
 */
export type Holds = {
  /** @returns how to let go, once. */
  hold(ref: string): () => void
  has(ref: string): boolean
}

/** `released` is told when the last one lets go. */
export function openHolds(released: (ref: string) => void): Holds {
  const counts = new Map<string, number>()
  return {
    hold(ref) {
      counts.set(ref, (counts.get(ref) ?? 0) + 1)
      let isHeld = true
      return () => {
        if (!isHeld) return
        isHeld = false
        const left = (counts.get(ref) ?? 1) - 1
        if (left > 0) counts.set(ref, left)
        else {
          counts.delete(ref)
          released(ref)
        }
      }
    },
    has: (ref) => counts.has(ref),
  }
}
