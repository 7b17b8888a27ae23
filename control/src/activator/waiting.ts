/** How many requests wait, for whom; and the end of their patience. */
import { ProjectWakeFailed, ProjectWakingBusy } from '@cascata/shared/problems/sleep'
import type { ActivatorLimits } from './limits.ts'

type Work<Result> = (abandoned: AbortSignal) => Promise<Result>

export type Waiting = {
  /**
   * Waits for the work as one of those who may. The work is told when nobody waits for it any more.
   * @throws ProjectWakingBusy, ProjectWakeFailed when it takes too long, or the signal's reason.
   */
  during<Result>(ref: string, work: Work<Result>, gone: AbortSignal): Promise<Result>
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
      const patience = new AbortController()
      const timer = setTimeout(() => patience.abort(ProjectWakeFailed(ref)), patienceMs)
      const abandoned = AbortSignal.any([patience.signal, gone])
      const late = Promise.withResolvers<never>()
      abandoned.addEventListener('abort', () => late.reject(abandoned.reason), { once: true })
      try {
        return await Promise.race([work(abandoned), late.promise])
      } finally {
        clearTimeout(timer)
        const others = (counts.get(ref) ?? 1) - 1
        if (others > 0) counts.set(ref, others)
        else counts.delete(ref)
        all -= 1
      }
    },
    count: () => all,
  }
}
