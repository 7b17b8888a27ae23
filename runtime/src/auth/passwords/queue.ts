/**
 * So many at a time, so many waiting, the rest is refused. It starts work and counts; what the work is it does not know.
 *
 * First come, first served: a guess must not be answered sooner than what it waits behind.
 */
import { TryLater } from '../try-later.ts'
import { PasswordQueueFull } from './errors.ts'
import { RETRY_AFTER_S } from './limits.ts'

export type Queue = {
  /** @throws TryLater (password-queue-full), at once */
  run<Result>(work: () => Promise<Result>): Promise<Result>
}

export type QueueBounds = { atOnceMax: number; waitingMax: number }

export function createQueue({ atOnceMax, waitingMax }: QueueBounds): Queue {
  const waiting: (() => void)[] = []
  let underWay = 0

  const turn = async (): Promise<void> => {
    if (underWay < atOnceMax) {
      underWay += 1
      return
    }
    if (waiting.length >= waitingMax) throw new TryLater(PasswordQueueFull(), RETRY_AFTER_S)
    await new Promise<void>((start) => waiting.push(start))
  }

  return {
    async run(work) {
      await turn()
      try {
        return await work()
      } finally {
        // The place is handed on, never free in between: nobody can slip in before those who wait.
        const next = waiting.shift()
        if (next) next()
        else underWay -= 1
      }
    },
  }
}
