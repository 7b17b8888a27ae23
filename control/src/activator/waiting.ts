/** How many requests wait, for whom; and the end of their patience. */
import { ProjectWakeFailed, ProjectWakingBusy } from '@cascata/shared/problems/sleep'
import type { ActivatorLimits } from './limits.ts'

export type Waiting = {
  /**
   * Waits for the work as one of those who may.
   * @throws ProjectWakingBusy, ProjectWakeFailed when it takes too long, or the signal's reason when nobody waits any more.
   */
  during<Result>(ref: string, work: () => Promise<Result>, gone: AbortSignal): Promise<Result>
  count(): number
}

export function openWaiting({ perProjectMax, inAllMax, patienceMs }: ActivatorLimits): Waiting {
  const counts = new Map<string, number>()
  let all = 0
  return {
    async during(ref, work, gone) {
      const own = counts.get(ref) ?? 0
      if (own >= perProjectMax || all >= inAllMax) throw ProjectWakingBusy(ref)
      gone.throwIfAborted()
      counts.set(ref, own + 1)
      all += 1
      const late = Promise.withResolvers<never>()
      const timer = setTimeout(() => late.reject(ProjectWakeFailed(ref)), patienceMs)
      const left = () => late.reject(gone.reason)
      gone.addEventListener('abort', left, { once: true })
      try {
        return await Promise.race([work(), late.promise])
      } finally {
        clearTimeout(timer)
        gone.removeEventListener('abort', left)
        const others = (counts.get(ref) ?? 1) - 1
        if (others > 0) counts.set(ref, others)
        else counts.delete(ref)
        all -= 1
      }
    },
    count: () => all,
  }
}
