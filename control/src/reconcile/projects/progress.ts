/**
 * Shows a pass as steps of the operation that asked for it. Written beside the pass, never in its way: a lost
 * report costs nothing but the bar.
 */
import type { Log } from '../task.ts'
import type { ReconcilerStore } from './store-port.ts'

export type Progress = {
  step(name: string, status: 'running' | 'done' | 'failed'): void
  /** Once all reports are written. */
  flush(): Promise<void>
}

type Operations = Pick<ReconcilerStore['operations'], 'step' | 'progress'>

export function operationProgress(
  operations: Operations,
  id: string | undefined,
  steps: number,
  log: Log,
): Progress {
  let tail = Promise.resolve()
  let done = 0
  const queue = (write: (id: string) => Promise<void>) => {
    if (id === undefined) return
    tail = tail
      .then(() => write(id))
      .catch((error: unknown) => log.warn({ operation: id, err: error }, 'progress was not recorded'))
  }
  return {
    step(name, status) {
      queue((operation) => operations.step(operation, name, status))
      if (status !== 'done') return
      done++
      // The last part is the pass that sees it settled.
      const progress = done / (steps + 1)
      queue((operation) => operations.progress(operation, progress))
    },
    flush: () => tail,
  }
}
