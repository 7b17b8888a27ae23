/**
 * Gives a process outside of containers a container's weight. The kernel shares processors among groups: all of
 * Docker's containers together are one, and each process outside would count as much as they do.
 */
import { randomUUID } from 'node:crypto'
import { mkdir, rmdir } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { cgroupOf } from './meters.ts'

export type Weighed = {
  /** The command that runs this one in the group, under the same process id. */
  argv(program: string, ...argv: readonly string[]): [program: string, argv: string[]]
  /** Once what ran in it has ended. */
  remove(): Promise<void>
}

const ENTER = 'echo $$ > "$0" && exec "$@"'
const ENDED_LOOKS = 50

/** @param container any that runs: the group stands beside its own. */
export async function weighAsContainer(container: string): Promise<Weighed> {
  const { folder } = await cgroupOf(container, 'cpu')
  const group = join(dirname(folder), `cascata-bench-${randomUUID()}`)
  await mkdir(group)
  return {
    argv: (...command) => ['sh', ['-c', ENTER, join(group, 'cgroup.procs'), ...command]],
    async remove() {
      for (let look = 1; ; look += 1) {
        try {
          return await rmdir(group)
        } catch (error) {
          if (look === ENDED_LOOKS) throw error
          await pause(20)
        }
      }
    },
  }
}
