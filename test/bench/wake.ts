/**
 * From the first request to a sleeping project to its answer through the edge. Beside it, in turns, the floor: the
 * same two containers started by hand, side by side, with nobody behind them.
 */
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { askEngine } from '../harness/engine-api.ts'
import { statusOn } from '../harness/socket-status.ts'
import { median } from './figures.ts'
import type { BenchInstance } from './instance.ts'

export type WakeFigures = {
  /** First request to answer, ms. */
  msEach: number[]
  /** Control's own word: from the request to a runtime that is ready, ms. */
  wakeMsEach: number[]
  /** `docker start` of the two containers, side by side, until both calls have come back, ms. */
  floorMsEach: number[]
  /** The same until the runtime says that it is ready, ms: what a wake can be at best. */
  readyMsEach: number[]
  /** Medians of what control did in each wake, ms by step. */
  steps: Record<string, number>
}

const REF = 'bench-wake'

export async function benchWake(bench: BenchInstance, rounds: number): Promise<WakeFigures> {
  await bench.done('POST', '/v1/projects', { name: REF, ref: REF, template: 'todo' })
  const { body } = await bench.control('GET', `/v1/projects/${REF}/keys`)
  const apikey = (body as { service_role_key: string }).service_role_key
  const read = async () => {
    const from = performance.now()
    const answer = await bench.fetch(`${bench.urlOf(REF)}/rest/v1/todos?select=id&limit=1`, {
      headers: { apikey },
    })
    await answer.arrayBuffer()
    if (answer.status !== 200) throw new Error(`${REF} answered ${answer.status}`)
    return performance.now() - from
  }
  const figures: WakeFigures = { msEach: [], wakeMsEach: [], floorMsEach: [], readyMsEach: [], steps: {} }
  await read()
  const twins = await Promise.all(containersOf(bench).map(twinOf))
  for (let round = 1; round <= rounds; round += 1) {
    await asleep(bench)
    figures.msEach.push(await read())
    figures.wakeMsEach.push(await wakeMs(bench))
    await asleep(bench)
    const { startedMs, readyMs } = await startByHand(bench, twins)
    figures.floorMsEach.push(startedMs)
    figures.readyMsEach.push(readyMs)
  }
  for (const name of twins) await askEngine('DELETE', `/containers/${name}`)
  figures.steps = medians((await stepsOf(bench)).slice(-rounds))
  await bench.control('DELETE', `/v1/projects/${REF}`)
  return figures
}

async function asleep(bench: BenchInstance): Promise<void> {
  await bench.done('POST', `/v1/projects/${REF}/sleep`)
  // What its end asked for has been looked at.
  await pause(300)
}

async function wakeMs(bench: BenchInstance): Promise<number> {
  const { body } = await bench.control('GET', `/v1/projects/${REF}`)
  return (body as { wake_ms: number | null }).wake_ms ?? Number.NaN
}

const containersOf = ({ name }: BenchInstance) => [`${name}-${REF}-db`, `${name}-${REF}-runtime-1`]

/**
 * The same container once more, without the labels that control knows its own by: what it does not want running it
 * would stop. @returns its name.
 */
async function twinOf(container: string): Promise<string> {
  const { text } = await askEngine('GET', `/containers/${container}/json`)
  const { Config, HostConfig } = JSON.parse(text) as { Config: object; HostConfig: object }
  const name = `${container}-by-hand`
  const body = { ...Config, Labels: {}, Hostname: '', HostConfig }
  await askEngine('POST', `/containers/create?name=${name}`, { body })
  return name
}

/** While the project sleeps: its twins work on the same files. */
async function startByHand(
  bench: BenchInstance,
  twins: readonly string[],
): Promise<{ startedMs: number; readyMs: number }> {
  const socket = join(bench.home, 'run', REF, 'http/1.sock')
  const from = performance.now()
  await Promise.all(twins.map((name) => askEngine('POST', `/containers/${name}/start`)))
  const startedMs = performance.now() - from
  while ((await statusOn(socket, '/health/ready')) !== 200) {
    if (performance.now() - from > 20_000) throw new Error(`${twins} started by hand were not ready`)
    await pause(2)
  }
  const readyMs = performance.now() - from
  for (const name of twins.toReversed()) await askEngine('POST', `/containers/${name}/stop`, { fine: [304] })
  return { startedMs, readyMs }
}

/** What control says of each of its wakes: milliseconds of each step, by name. */
async function stepsOf(bench: BenchInstance): Promise<Record<string, number>[]> {
  const { text } = await askEngine('GET', `/containers/${bench.name}-control/logs?stdout=true`)
  return text.split('\n').flatMap((line) => {
    const at = line.indexOf('{')
    if (at < 0 || !line.includes('"msg":"woken"')) return []
    const { project, steps } = JSON.parse(line.slice(at)) as {
      project: string
      steps: Record<string, number>
    }
    return project === REF ? [steps] : []
  })
}

/** Medians, in the order in which the steps are named. */
function medians(all: readonly Record<string, number>[]): Record<string, number> {
  const names = new Set(all.flatMap((steps) => Object.keys(steps)))
  return Object.fromEntries(
    [...names].map((name) => [name, median(all.flatMap((steps) => steps[name] ?? []))]),
  )
}
