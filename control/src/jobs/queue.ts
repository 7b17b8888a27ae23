/**
 * The queue of jobs: BullMQ says when, the operations' rows say what. Whatever Redis forgets or holds twice, an open
 * row is run once at a time, and again after a kill.
 */
import { Queue, Worker } from 'bullmq'
import type { OperationRow } from '../store/tables/operations.ts'
import type { JobStore } from './deps.ts'
import { isJob, type RunOutcome } from './run.ts'

const QUEUE = 'operations'
const CONCURRENCY = 2
/** Finds what a lost Redis forgot, and what a lost store ended; nothing waits for it in ordinary times. */
const LOOK_EVERY_MS = 5_000
/** It is on this machine and back at once: the driver's own pause doubles up to 20 s. */
const RECONNECT_MS_MAX = 1_000

export type Redis = { path: string; username?: string; password?: string }

export type StartJobs = {
  redis: Redis
  store: Pick<JobStore, 'operations'>
  /** Runs one operation to its end, or until the signal. */
  run(id: string, signal: AbortSignal): Promise<RunOutcome>
  onError(error: unknown): void
  lookEveryMs?: number
}

export type Jobs = {
  /** The operation is committed: queue it. A lost call costs only time. */
  kick(operation: Pick<OperationRow, 'id' | 'kind'>): void
  /** Ends what runs (it goes on at the next start) and lets go of Redis. */
  close(): Promise<void>
}

export async function startJobs({ redis, store, run, onError, lookEveryMs }: StartJobs): Promise<Jobs> {
  const stopping = new AbortController()
  const running = new Map<string, Promise<unknown>>()
  // The worker's commands wait for Redis as long as it takes; the queue's must not hold a request up.
  const retryStrategy = (times: number) => Math.min(times * 100, RECONNECT_MS_MAX)
  const connection = { ...redis, maxRetriesPerRequest: null, retryStrategy }
  const queue = new Queue(QUEUE, {
    connection,
    // It would warn of keys that are thrown away to make room: only those with an end are, and no job has one.
    skipVersionCheck: true,
    defaultJobOptions: { removeOnComplete: true, removeOnFail: true },
  })
  const worker = new Worker(
    QUEUE,
    async ({ id }) => {
      // A job that Redis took for stalled comes a second time while the first one runs.
      if (id === undefined || running.has(id) || stopping.signal.aborted) return
      const work = run(id, stopping.signal)
      running.set(id, work)
      const outcome = await work.catch(onError).finally(() => running.delete(id))
      // What waited for it goes on at once. One that waits itself does not: it may have asked for others first; nor does
      // one that was cut off: whatever is away needs a moment.
      await look(outcome === 'waiting' || outcome === 'cut off' ? id : undefined).catch(onError)
    },
    { connection, concurrency: CONCURRENCY, autorun: false, skipVersionCheck: true },
  )
  queue.on('error', onError)
  worker.on('error', onError)

  const add = ({ id, kind }: Pick<OperationRow, 'id' | 'kind'>) => queue.add(kind, {}, { jobId: id })
  const look = async (except?: string) => {
    if (stopping.signal.aborted) return
    const open = (await store.operations.listOpen()).filter(isJob)
    await Promise.all(open.filter(({ id }) => id !== except && !running.has(id)).map(add))
  }

  // What an earlier process had in hand would count as running for half a minute: there is no other process.
  await queue.obliterate({ force: true })
  await look()
  worker.run().catch(onError)
  const timer = setInterval(() => void look().catch(onError), lookEveryMs ?? LOOK_EVERY_MS)

  return {
    kick(operation) {
      if (isJob(operation)) add(operation).catch(onError)
    },
    async close() {
      clearInterval(timer)
      stopping.abort()
      await Promise.allSettled(running.values())
      await worker.close(true)
      await queue.close()
    },
  }
}
