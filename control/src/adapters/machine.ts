/** The whole machine's processors, as the kernel counts their time: the same inside a container as outside. */
import { cpus } from 'node:os'

export function machineTimes(): { processors: number; busy: number; all: number } {
  const each = cpus().map(({ times }) => times)
  const all = each.reduce((sum, times) => sum + Object.values(times).reduce((a, b) => a + b, 0), 0)
  const idle = each.reduce((sum, { idle }) => sum + idle, 0)
  return { processors: each.length, busy: all - idle, all }
}
