/** What a generator of load found in one run. */
import { percentile } from '../figures.ts'

export type LoadRun = { perSecond: number; p50Ms: number; p99Ms: number; answers: number }

/** @param micros time of each request, in any order; it is sorted in place. */
export function latencies(micros: Float64Array): Pick<LoadRun, 'p50Ms' | 'p99Ms'> {
  micros.sort()
  return { p50Ms: percentile(micros, 0.5) / 1000, p99Ms: percentile(micros, 0.99) / 1000 }
}

/** One column of a log whose lines are columns of numbers, parted by one character. */
export function columnOf(log: string, separator: string, column: number): Float64Array {
  const lines = log.split('\n')
  if (lines.at(-1) === '') lines.pop()
  return Float64Array.from(lines, (line) => Number(line.split(separator)[column]))
}
