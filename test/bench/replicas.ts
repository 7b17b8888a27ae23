/**
 * What a rolling restart takes and what callers notice of it, with one runtime and with three; and how soon a second one
 * answers when one has too much to do.
 */
import { setTimeout as pause } from 'node:timers/promises'
import { callersOf, type Noticed } from './callers.ts'
import type { BenchInstance } from './instance.ts'

export type Restarts = {
  replicas: number
  /** From the order to the operation's end, ms: each round. */
  msEach: number[]
  /** The same callers before, and during each restart. */
  before: Noticed
  during: Noticed[]
}

export type ReplicasFigures = {
  restarts: Restarts[]
  /** From the first request of the load until two runtimes say that they are ready, ms. */
  secondMsEach: number[]
}

const REF = 'bench-replicas'
const CALLERS = 4
/** More than one runtime with so little processor can do. */
const CROWD = 12
const LITTLE_CPU = 0.25
const SECOND_WITHIN_MS = 120_000

export async function benchReplicas(bench: BenchInstance, rounds: number): Promise<ReplicasFigures> {
  await bench.done('POST', '/v1/projects', { name: REF, ref: REF, template: 'todo' })
  const { body } = await bench.control('GET', `/v1/projects/${REF}/keys`)
  const apikey = (body as { service_role_key: string }).service_role_key
  const read = (signal: AbortSignal) =>
    bench.fetch(`${bench.urlOf(REF)}/rest/v1/todos?select=id&limit=5`, { headers: { apikey }, signal })
  try {
    const restarts: Restarts[] = []
    for (const replicas of [1, 3]) {
      await scale(bench, { min: replicas, max: replicas })
      restarts.push(await restarted(bench, { read, replicas, rounds }))
    }
    return { restarts, secondMsEach: await secondAnswers(bench, read, rounds) }
  } finally {
    await bench.control('DELETE', `/v1/projects/${REF}`)
  }
}

type Read = (signal: AbortSignal) => Promise<Response>

async function restarted(
  bench: BenchInstance,
  { read, replicas, rounds }: { read: Read; replicas: number; rounds: number },
): Promise<Restarts> {
  const quiet = callersOf(read, CALLERS)
  await quiet.more(500)
  const found: Restarts = { replicas, msEach: [], before: await quiet.stop(), during: [] }
  for (let round = 0; round < rounds; round += 1) {
    const callers = callersOf(read, CALLERS)
    await callers.more(20)
    const from = performance.now()
    await bench.done('POST', `/v1/projects/${REF}/restart`)
    found.msEach.push(performance.now() - from)
    await callers.more(20)
    found.during.push(await callers.stop())
  }
  return found
}

async function secondAnswers(bench: BenchInstance, read: Read, rounds: number): Promise<number[]> {
  await bench.done('PATCH', `/v1/projects/${REF}/limits`, { runtime: { cpus: LITTLE_CPU } })
  const msEach: number[] = []
  for (let round = 0; round < rounds; round += 1) {
    await scale(bench, { min: 1, max: 1 })
    await scale(bench, { min: 1, max: 2 })
    // Its looks are at its own times, not at ours.
    await pause(Math.random() * 3_000)
    const crowd = callersOf(read, CROWD)
    const from = performance.now()
    while ((await ready(bench)) < 2) {
      if (performance.now() - from > SECOND_WITHIN_MS) throw new Error('no second runtime under load')
      await pause(50)
    }
    msEach.push(performance.now() - from)
    const { failed } = await crowd.stop()
    if (failed > 0) throw new Error(`${failed} requests failed while a second runtime came`)
  }
  return msEach
}

async function ready(bench: BenchInstance): Promise<number> {
  const { body } = await bench.control('GET', `/v1/projects/${REF}/replicas`)
  return (body as { replicas: { ready: boolean }[] }).replicas.filter((each) => each.ready).length
}

const scale = (bench: BenchInstance, replicas: { min: number; max: number }) =>
  bench.done('PATCH', `/v1/projects/${REF}/settings`, { replicas })
