/** Callers that never stop, and what they noticed: how long answers took, and how long nobody was answered. */
import { steadyLoad } from '../harness/steady-load.ts'
import { percentile } from './figures.ts'

export type Noticed = {
  asked: number
  failed: number
  p50: number
  p99: number
  slowestMs: number
  /** The longest time in which no caller was answered with a 2xx. */
  pauseMs: number
}

export type Callers = {
  more(count: number): Promise<void>
  stop(): Promise<Noticed>
}

type Ask = (signal: AbortSignal) => Promise<Response>

export function callersOf(ask: Ask, count: number): Callers {
  const took: number[] = []
  let lastAt = performance.now()
  let pauseMs = 0
  const load = steadyLoad(async (signal) => {
    const from = performance.now()
    const answer = await ask(signal)
    const text = await answer.text()
    const now = performance.now()
    took.push(now - from)
    if (answer.ok) {
      pauseMs = Math.max(pauseMs, now - lastAt)
      lastAt = now
    }
    return { status: answer.status, text: async () => text }
  }, count)
  return {
    more: load.more,
    async stop() {
      const { asked, failed } = await load.stop()
      const sorted = took.toSorted((a, b) => a - b)
      return {
        ...{ asked, failed: failed.length, pauseMs, slowestMs: sorted.at(-1) ?? Number.NaN },
        ...{ p50: percentile(sorted, 0.5), p99: percentile(sorted, 0.99) },
      }
    },
  }
}
