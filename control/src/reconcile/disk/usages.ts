/** What is known of the projects' use of the disk. Measured, not asked for: in no table, and known anew after a start. */
import type { DiskState, Measured } from './judge.ts'

export type Usage = Measured & { state: DiskState }

export const isFull = (usage: Usage | undefined): boolean | undefined => usage && usage.state === 'full'

export type Usages = {
  /** Undefined when it was not measured yet. */
  of(ref: string): Usage | undefined
  set(ref: string, usage: Usage): void
  forget(ref: string): void
  refs(): string[]
}

export function createUsages(): Usages {
  const usages = new Map<string, Usage>()
  return {
    of: (ref) => usages.get(ref),
    set: (ref, usage) => void usages.set(ref, usage),
    forget: (ref) => void usages.delete(ref),
    refs: () => [...usages.keys()],
  }
}
