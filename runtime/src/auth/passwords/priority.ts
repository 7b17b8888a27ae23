/**
 * Hashing takes all the processor time it gets. Beside it the event loop, which serves everybody else, should never have to
 * wait for its turn: so the threads of libuv's pool, on which hashes are made, are worth less to the scheduler.
 */
import { readdir, readFile } from 'node:fs/promises'
import { setPriority } from 'node:os'

const TASKS = '/proc/self/task'
const POOL = 'libuv-worker\n'
/** About a tenth of what a thread at 0 gets, where both want to run. Between containers it means nothing. */
const NICENESS = 10

/** For good: nobody may raise it again. @returns how many threads it was; none where it is not Linux. */
export async function lowerPool(): Promise<number> {
  let lowered = 0
  for (const id of await readdir(TASKS).catch(() => [])) {
    try {
      if ((await readFile(`${TASKS}/${id}/comm`, 'utf8')) !== POOL) continue
      // Of Linux, the id may be a thread's.
      setPriority(Number(id), NICENESS)
      lowered += 1
    } catch {
      // It has ended, or it may not be done here: hashes are made all the same.
    }
  }
  return lowered
}
