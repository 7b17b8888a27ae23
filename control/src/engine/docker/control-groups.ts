/**
 * Containers' control groups, as the kernel shows them: what the engine would tell about a container for some
 * milliseconds of work is one read of a file here, and one thing it cannot be asked for at all is one write.
 *
 * Where they are not to be had (no mount, groups under a parent of somebody's own) the engine is asked instead.
 */
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

export type ControlGroups = {
  /** Processor time it has used, nanoseconds; undefined where it cannot be read. */
  cpuNs(id: string): Promise<number | undefined>
  /** Whether its processes give way to anybody else's at once. Without effect where it cannot be written. */
  setIdle(id: string, isIdle: boolean): Promise<void>
}

/** By the engine's two cgroup drivers, `cgroupfs` and `systemd`. */
const groupsOf = (id: string) => [`docker/${id}`, `system.slice/docker-${id}.scope`]

export function controlGroups(root: string | undefined): ControlGroups {
  if (root === undefined) return { cpuNs: async () => undefined, setIdle: async () => {} }
  return {
    async cpuNs(id) {
      for (const group of groupsOf(id)) {
        const found = (await version2(root, group)) ?? (await version1(root, group))
        if (found !== undefined) return found
      }
      return undefined
    },
    async setIdle(id, isIdle) {
      const paths = groupsOf(id).flatMap((group) => [join(root, group), join(root, 'cpu', group)])
      for (const path of paths) {
        const isWritten = await writeFile(join(path, 'cpu.idle'), isIdle ? '1' : '0').then(
          () => true,
          () => false,
        )
        if (isWritten) return
      }
    },
  }
}

async function version2(root: string, group: string): Promise<number | undefined> {
  const text = await textOf(join(root, group, 'cpu.stat'))
  const [, us] = /^usage_usec (\d+)$/m.exec(text ?? '') ?? []
  return us === undefined ? undefined : Number(us) * 1_000
}

async function version1(root: string, group: string): Promise<number | undefined> {
  const text = await textOf(join(root, 'cpuacct', group, 'cpuacct.usage'))
  return text === undefined ? undefined : Number(text)
}

const textOf = (path: string): Promise<string | undefined> => readFile(path, 'utf8').catch(() => undefined)
