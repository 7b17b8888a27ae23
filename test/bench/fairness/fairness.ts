/**
 * What a neighbour's callers feel of a project that takes whatever it can get: latencies through the edge at a steady,
 * low rate, right before each abuse and beside it.
 */
import { Agent, request } from 'node:http'
import { setTimeout as pause } from 'node:timers/promises'
import { median, percentile } from '../figures.ts'
import type { BenchInstance } from '../instance.ts'
import { abuses } from './abuse.ts'

export type FairnessFigures = {
  abuse: string
  alone: Latencies
  beside: Latencies
  /** Of the p99 beside it to that alone: the median over rounds. */
  ratio: number
  failed: number
}
export type Latencies = { p50: number; p99: number }

type Measured = Latencies & { failed: number }

export type FairnessOptions = { seconds: number; rounds: number; only: readonly string[] }

const PER_SECOND = 100
const [ROGUE, CALM] = ['bench-rogue', 'bench-calm']
/** An abuse is under way when the measuring begins, long enough for control to have seen it, and still when it ends. */
const BEFORE_S = 4
const AFTER_S = 1

export async function benchFairness(
  bench: BenchInstance,
  { seconds, rounds, only }: FairnessOptions,
): Promise<FairnessFigures[]> {
  for (const ref of [ROGUE, CALM]) {
    await bench.done('POST', '/v1/projects', { name: ref, ref, template: 'todo' })
  }
  const { body } = await bench.control('GET', `/v1/projects/${CALM}/keys`)
  const key = (body as { service_role_key: string }).service_role_key
  const probe = (forSeconds: number) => measure(bench, key, forSeconds)
  await probe(2)
  const figures: FairnessFigures[] = []
  for (const { name, run } of abuses.filter((each) => only.every((word) => each.name.includes(word)))) {
    const measured: { alone: Measured; beside: Measured }[] = []
    for (let round = 0; round < rounds; round += 1) {
      const alone = await probe(seconds)
      const abuse = run(bench, ROGUE, BEFORE_S + seconds + AFTER_S)
      await pause(BEFORE_S * 1_000)
      const beside = await probe(seconds)
      await abuse
      await pause(1_000)
      measured.push({ alone, beside })
    }
    const middle = (of: (each: (typeof measured)[number]) => number) => median(measured.map(of))
    figures.push({
      abuse: name,
      alone: { p50: middle(({ alone }) => alone.p50), p99: middle(({ alone }) => alone.p99) },
      beside: { p50: middle(({ beside }) => beside.p50), p99: middle(({ beside }) => beside.p99) },
      ratio: middle(({ alone, beside }) => beside.p99 / alone.p99),
      failed: measured.reduce((sum, { alone, beside }) => sum + alone.failed + beside.failed, 0),
    })
  }
  for (const ref of [ROGUE, CALM]) await bench.control('DELETE', `/v1/projects/${ref}`)
  return figures
}

/** Requests come at their times, whether or not those before were answered: what waits is felt. */
async function measure(bench: BenchInstance, key: string, seconds: number): Promise<Measured> {
  const agent = new Agent({ keepAlive: true, maxSockets: 32 })
  const [took, failures]: [number[], number[]] = [[], []]
  const ask = async (dueAt: number) => {
    const status = await statusOf(bench, key, agent)
    if (status !== 200) failures.push(status)
    took.push(performance.now() - dueAt)
  }
  const startedAt = performance.now()
  const asked: Promise<void>[] = []
  for (let at = 0; at < seconds * PER_SECOND; at += 1) {
    const dueAt = startedAt + (at * 1_000) / PER_SECOND
    const early = dueAt - performance.now()
    if (early > 0) await pause(early)
    // From the time it could be sent: a late timer of the one who measures is none of theirs.
    asked.push(ask(performance.now()))
  }
  await Promise.all(asked)
  agent.destroy()
  const sorted = took.toSorted((a, b) => a - b)
  return { p50: percentile(sorted, 0.5), p99: percentile(sorted, 0.99), failed: failures.length }
}

function statusOf(bench: BenchInstance, key: string, agent: Agent): Promise<number> {
  return new Promise((resolve) => {
    const host = `${CALM}.localhost:${bench.httpPort}`
    const options = { host: '127.0.0.1', port: bench.httpPort, agent, headers: { host, apikey: key } }
    const sent = request({ ...options, path: '/rest/v1/todos?select=id,task&limit=10' }, (answer) => {
      answer.resume()
      answer.on('end', () => resolve(answer.statusCode ?? 0))
      answer.on('error', () => resolve(0))
    })
    sent.on('error', () => resolve(0))
    sent.end()
  })
}
