/** Writes how far an operation is: every step as it begins and ends, the bar at most twice a second. */
import type { Clock } from '@cascata/shared/clock'
import type { OperationRow } from '../store/tables/operations.ts'
import type { JobStore, Steps } from './deps.ts'

const PROGRESS_EVERY_MS = 500

type StepsOf = { store: JobStore; clock: Clock; signal: AbortSignal }

export function stepsOf(operation: OperationRow, { store, clock, signal }: StepsOf): Steps {
  const done = new Set(operation.steps.filter(({ status }) => status === 'done').map(({ name }) => name))
  let writtenAt = 0
  return {
    isDone: (name) => done.has(name),
    async run(name, work) {
      await store.operations.step(operation.id, name, 'running')
      try {
        const result = await work()
        await store.operations.step(operation.id, name, 'done')
        done.add(name)
        return result
      } catch (error) {
        // Cut off is not failed: the next start goes on with it.
        if (!signal.aborted) await store.operations.step(operation.id, name, 'failed')
        throw error
      }
    },
    share: (from, to) => (part) => {
      const now = clock.now()
      if (now - writtenAt < PROGRESS_EVERY_MS) return
      writtenAt = now
      // A bar that misses one step is no reason to end a restore.
      store.operations.progress(operation.id, from + (to - from) * part).catch(() => {})
    },
  }
}
