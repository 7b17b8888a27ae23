/** What idle projects hold: by cgroup, and as PSS (each shared page counted once among those that share it). */
import { readFile } from 'node:fs/promises'
import { setTimeout as pause } from 'node:timers/promises'
import type { BenchInstance } from './instance.ts'
import { cgroupOf, pidsOf } from './meters.ts'

export type MemoryFigures = {
  cgroupMb: { runtime: number; db: number }
  pssMb: { runtime: number; db: number }
  /** Growth of the machine's sum of PSS per further project. */
  marginalPssMb: number
  projects: number
}

const MB = 1024 * 1024

export async function benchMemory(bench: BenchInstance, projects: number): Promise<MemoryFigures> {
  const refs = Array.from({ length: projects }, (_, at) => `bench-m${at + 1}`)
  await createAndTouch(bench, refs.slice(0, 1))
  await pause(4_000)
  const alone = await totalPss(bench, refs.slice(0, 1))
  await createAndTouch(bench, refs.slice(1))
  await pause(6_000)
  const all = await totalPss(bench, refs)
  const middle = refs[refs.length >> 1] ?? ''
  const [runtime, db] = [`${bench.name}-${middle}-runtime-1`, `${bench.name}-${middle}-db`]
  const figures = {
    cgroupMb: { runtime: await cgroupMb(runtime), db: await cgroupMb(db) },
    pssMb: { runtime: await pssOf(runtime), db: await pssOf(db) },
    marginalPssMb: (all - alone) / (projects - 1),
    projects,
  }
  for (const ref of refs) await bench.control('DELETE', `/v1/projects/${ref}`)
  return figures
}

async function createAndTouch(bench: BenchInstance, refs: string[]): Promise<void> {
  for (const ref of refs) {
    await bench.done('POST', '/v1/projects', { name: ref, ref, template: 'todo' })
    const { body } = await bench.control('GET', `/v1/projects/${ref}/keys`)
    const key = (body as { service_role_key: string }).service_role_key
    for (let calls = 0; calls < 20; calls += 1) {
      const answer = await bench.fetch(`${bench.urlOf(ref)}/rest/v1/todos?select=*`, {
        headers: { apikey: key },
      })
      if (answer.status !== 200) throw new Error(`${ref}: ${answer.status}`)
      await answer.arrayBuffer()
    }
  }
}

async function totalPss(bench: BenchInstance, refs: string[]): Promise<number> {
  let sum = 0
  for (const ref of refs)
    sum += (await pssOf(`${bench.name}-${ref}-runtime-1`)) + (await pssOf(`${bench.name}-${ref}-db`))
  return sum
}

/** PSS of all of a container's processes, MB. */
async function pssOf(container: string): Promise<number> {
  let kilobytes = 0
  for (const pid of await pidsOf(await cgroupOf(container, 'memory'))) {
    const rollup = await readFile(`/proc/${pid}/smaps_rollup`, 'utf8').catch(() => '')
    kilobytes += Number(/^Pss: +(\d+) kB/m.exec(rollup)?.[1] ?? 0)
  }
  return kilobytes / 1024
}

/** Memory charged to the container less the file pages that can be dropped, MB: what `docker stats` shows. */
async function cgroupMb(container: string): Promise<number> {
  const { folder, version } = await cgroupOf(container, 'memory')
  const usage = Number(
    await readFile(`${folder}/${version === 1 ? 'memory.usage_in_bytes' : 'memory.current'}`, 'utf8'),
  )
  const stat = await readFile(`${folder}/memory.stat`, 'utf8')
  const name = version === 1 ? 'total_inactive_file' : 'inactive_file'
  return (usage - Number(new RegExp(`^${name} (\\d+)$`, 'm').exec(stat)?.[1] ?? 0)) / MB
}
