/** Runs a task only while this process is in charge of the instance; what is under way when it no longer is, ends. */
import { settled, type Task } from './task.ts'

export type Charge = {
  /** Aborted when it is lost; undefined while it is not known to be ours. */
  held(): AbortSignal | undefined
}

const AGAIN_MS = 200

export const whileInCharge = (task: Task, charge: Charge): Task => ({
  name: task.name,
  everyMs: task.everyMs,
  async run(signal) {
    const held = charge.held()
    if (!held) return { ...settled, againInMs: AGAIN_MS }
    return task.run(AbortSignal.any([signal, held]))
  },
})
