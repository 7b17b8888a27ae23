/**
 * Runs each task when kicked and when its time has come, never twice at once. A kick during a run means one more
 * run after it: what changed meanwhile was perhaps not seen.
 */
import { Backoff } from './backoff.ts'
import type { Log, Task } from './task.ts'

export type Driver = {
  /** Runs these tasks soon; all of them without names. Kicks coalesce. */
  kick(...names: string[]): void
  /** Waits for the runs under way; none starts any more. */
  stop(): Promise<void>
}

const AFTER_A_CRASH = { firstMs: 500, maxMs: 30_000 }

export function startDriver(tasks: readonly Task[], log: Log): Driver {
  const loops = new Map(tasks.map((task) => [task.name, new Loop(task, log)]))
  for (const loop of loops.values()) loop.kick()
  return {
    kick(...names) {
      for (const [name, loop] of loops) if (names.length === 0 || names.includes(name)) loop.kick()
    },
    async stop() {
      await Promise.all([...loops.values()].map((loop) => loop.stop()))
    },
  }
}

class Loop {
  readonly #task: Task
  readonly #log: Log
  readonly #abort = new AbortController()
  readonly #backoff = new Backoff(AFTER_A_CRASH, Math.random)
  #timer: NodeJS.Timeout | undefined
  #running: Promise<void> | undefined
  #kicked = false

  constructor(task: Task, log: Log) {
    this.#task = task
    this.#log = log
  }

  kick(): void {
    if (this.#abort.signal.aborted) return
    if (this.#running) {
      this.#kicked = true
      return
    }
    clearTimeout(this.#timer)
    this.#running = this.#run().then((waitMs) => {
      this.#running = undefined
      if (this.#abort.signal.aborted) return
      if (this.#kicked) {
        this.#kicked = false
        this.kick()
      } else {
        this.#timer = setTimeout(() => this.kick(), waitMs)
      }
    })
  }

  async stop(): Promise<void> {
    this.#abort.abort()
    clearTimeout(this.#timer)
    await this.#running
  }

  /** @returns how long to wait for the next run. Never throws. */
  async #run(): Promise<number> {
    const { name, everyMs } = this.#task
    try {
      const { applied, failed, againInMs } = await this.#task.run(this.#abort.signal)
      this.#backoff.succeeded(name)
      if (applied.length > 0) this.#log.info({ task: name, applied }, 'applied')
      for (const { what, error } of failed) this.#log.warn({ task: name, what, err: error }, 'failed')
      return Math.min(everyMs, againInMs ?? everyMs)
    } catch (error) {
      if (this.#abort.signal.aborted) return everyMs
      const now = Date.now()
      this.#backoff.failed(name, now)
      this.#log.error({ task: name, err: error }, 'pass failed')
      return Math.min(everyMs, this.#backoff.waitMs(name, now))
    }
  }
}
