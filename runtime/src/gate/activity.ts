/**
 * Remembers when the project was last in use, where control can see it and no kill of anybody loses it: as the
 * modification time of a file. Whoever needs the project awake holds it: requests for their duration, sockets and
 * jobs for as long as they are open.
 *
 * An idle runtime does nothing here and is asked nothing: hundreds of them cost neither a timer nor an answer.
 */
export type Activity = {
  /** Something begins that needs the project awake; each `enter` needs one `leave`. */
  enter(): void
  leave(): void
  /** What needs the project awake now. */
  holds(): number
  close(): void
}

/** The time on the file is never older than this while the project is in use. */
export const TOUCH_EVERY_MS = 5_000

type Timers = { set(run: () => void, ms: number): unknown; clear(timer: unknown): void }

const processTimers: Timers = {
  set: (run, ms) => setTimeout(run, ms).unref(),
  clear: (timer) => clearTimeout(timer as NodeJS.Timeout),
}

/** `touch` writes the present time down and never throws. */
export function createActivity(touch: () => void, timers: Timers = processTimers): Activity {
  let holds = 0
  let isUsed = false
  let timer: unknown

  const look = (): void => {
    timer = undefined
    if (!isUsed && holds === 0) return
    isUsed = false
    touch()
    timer = timers.set(look, TOUCH_EVERY_MS)
  }

  return {
    enter() {
      holds += 1
      isUsed = true
      // The first after a silence is written down at once, the rest when the timer comes to it.
      if (timer === undefined) look()
    },
    leave() {
      holds -= 1
    },
    holds: () => holds,
    close() {
      timers.clear(timer)
      timer = undefined
    },
  }
}
