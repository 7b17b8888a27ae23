/** What processes and containers of this machine have used so far, as the kernel counts it. */
import { readdir, readFile } from 'node:fs/promises'
import { output } from '../harness/run.ts'

export type Meter = {
  /** Processor time since the beginning, microseconds. */
  cpuUs(): Promise<number>
  /** Resident memory of all of its processes, MB. */
  rssMb(): Promise<number>
}

export type ContainerMeter = Meter & {
  /** Memory charged to it that is neither files nor shared buffers, MB: what its processes hold for themselves. */
  anonMb(): Promise<number>
}

const MB = 1024 * 1024
/** Linux tells processor time of a process in hundredths of a second, on every machine that runs Node. */
const TICK_US = 10_000

export const sumOf = (...meters: readonly Meter[]): Meter => ({
  cpuUs: async () => sum(await Promise.all(meters.map((meter) => meter.cpuUs()))),
  rssMb: async () => sum(await Promise.all(meters.map((meter) => meter.rssMb()))),
})

/** A process and those it started that still run. */
export function processMeter(pid: number): Meter {
  const all = () => treeOf(pid)
  return {
    cpuUs: async () => sum((await all()).map(({ ticks }) => ticks * TICK_US)),
    rssMb: async () => sum(await Promise.all((await all()).map((each) => rssOf(each.pid)))) / MB,
  }
}

export async function containerMeter(container: string): Promise<ContainerMeter> {
  const memory = await cgroupOf(container, 'memory')
  const cpu = await cgroupOf(container, 'cpuacct')
  return {
    cpuUs: async () => {
      if (cpu.version === 1) return Number(await readFile(`${cpu.folder}/cpuacct.usage`, 'utf8')) / 1000
      return Number(/^usage_usec (\d+)/m.exec(await readFile(`${cpu.folder}/cpu.stat`, 'utf8'))?.[1])
    },
    rssMb: async () => sum(await Promise.all((await pidsOf(memory)).map(rssOf))) / MB,
    anonMb: async () => {
      const stat = await readFile(`${memory.folder}/memory.stat`, 'utf8')
      return Number(/^(?:total_rss|anon) (\d+)$/m.exec(stat)?.[1]) / MB
    },
  }
}

export type Cgroup = { folder: string; version: 1 | 2 }

/** @throws where the engine's cgroups cannot be read, as in a container or as somebody else than root. */
export async function cgroupOf(container: string, controller: 'memory' | 'cpuacct' | 'cpu'): Promise<Cgroup> {
  const id = (await output('docker', ['inspect', '-f', '{{.Id}}', container])).trim()
  for (const [folder, version] of [
    [`/sys/fs/cgroup/${controller}/docker/${id}`, 1],
    [`/sys/fs/cgroup/docker/${id}`, 2],
    [`/sys/fs/cgroup/system.slice/docker-${id}.scope`, 2],
  ] as const)
    if (await readdir(folder).catch(() => undefined)) return { folder, version }
  throw new Error(`no cgroup of ${container} was found: the bench needs to run as root on the engine's host`)
}

export async function pidsOf({ folder }: Cgroup): Promise<number[]> {
  const text = await readFile(`${folder}/cgroup.procs`, 'utf8')
  return text.split('\n').filter(Boolean).map(Number)
}

async function rssOf(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '')
  return Number(/^VmRSS:\s+(\d+) kB/m.exec(status)?.[1] ?? 0) * 1024
}

type Process = { pid: number; parent: number; ticks: number }

async function treeOf(root: number): Promise<Process[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name))
  const stats = await Promise.all(pids.map((pid) => readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '')))
  const children = Map.groupBy(stats.flatMap(parseStat), ({ parent }) => parent)
  const found = [...children.values()].flat().filter(({ pid }) => pid === root)
  for (const each of found) found.push(...(children.get(each.pid) ?? []))
  return found
}

/** `/proc/<pid>/stat`: the name in brackets may hold anything, so counting begins behind it. Ended children count. */
export function parseStat(text: string): Process[] {
  const end = text.lastIndexOf(')')
  if (end < 0) return []
  const fields = text
    .slice(end + 2)
    .split(' ')
    .map(Number)
  const [, parent = 0, ...rest] = fields
  return [{ pid: Number.parseInt(text, 10), parent, ticks: sum(rest.slice(9, 13)) }]
}

const sum = (values: readonly number[]) => values.reduce((all, one) => all + one, 0)
