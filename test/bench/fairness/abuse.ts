/**
 * Ways to take more than one's share, from inside a project's own containers. Each ends by itself: what it starts lives
 * no longer than it was told to, and its disk is bounded.
 */
import { setTimeout as pause } from 'node:timers/promises'
import { run } from '../../harness/run.ts'
import type { BenchInstance } from '../instance.ts'

export type Abuse = { name: string; run(bench: BenchInstance, ref: string, seconds: number): Promise<void> }

const MB = 1024 * 1024
const QUERIES = 8
const LOOPS = 4

/** In the runtime's container, beside the runtime: a tenant's own code will run there. */
async function node(bench: BenchInstance, ref: string, source: string, seconds: number): Promise<void> {
  const argv = ['exec', `${bench.name}-${ref}-runtime-1`, 'node', '--input-type=module', '-e', source]
  await run('docker', argv, { timeoutMs: (seconds + 20) * 1_000 })
}

/** Refused or cut off is what is to be expected. */
async function sql(bench: BenchInstance, ref: string, query: string, seconds: number): Promise<void> {
  const body = { query, timeout_ms: seconds * 1_000 }
  await bench.control('POST', `/v1/projects/${ref}/sql`, body).catch(() => undefined)
}

const until = async (seconds: number, work: () => Promise<void>): Promise<void> => {
  const end = performance.now() + seconds * 1_000
  while (performance.now() < end) {
    await work()
    await pause(20)
  }
}

export const abuses: readonly Abuse[] = [
  {
    name: `${QUERIES} endless queries`,
    async run(bench, ref, seconds) {
      const query = 'select count(*) from generate_series(1, 1000000) a, generate_series(1, 1000000) b'
      await Promise.all(Array.from({ length: QUERIES }, () => sql(bench, ref, query, seconds)))
    },
  },
  {
    name: `${LOOPS} endless loops beside the runtime`,
    async run(bench, ref, seconds) {
      const source = `const until = Date.now() + ${seconds * 1_000}; while (Date.now() < until);`
      await Promise.all(Array.from({ length: LOOPS }, () => node(bench, ref, source, seconds)))
    },
  },
  {
    name: 'queries and loops at once',
    async run(bench, ref, seconds) {
      await Promise.all(abuses.slice(0, 2).map((each) => each.run(bench, ref, seconds)))
    },
  },
  {
    name: 'fork bomb',
    async run(bench, ref, seconds) {
      // Each child lives for a tenth of a second: the bomb is out when its maker ends.
      const source = `
        import { spawn } from 'node:child_process'
        const until = Date.now() + ${seconds * 1_000}
        const bomb = () => {
          if (Date.now() > until) process.exit()
          for (let left = 50; left > 0; left--) spawn('sleep', ['0.1']).on('error', () => {})
          setTimeout(bomb, 10)
        }
        bomb()`
      await node(bench, ref, source, seconds)
    },
  },
  {
    name: 'memory hog, killed again and again',
    async run(bench, ref, seconds) {
      const source = 'const kept = []; for (;;) kept.push(Buffer.alloc(16 * 1024 * 1024, 1))'
      await until(seconds, () => node(bench, ref, source, seconds))
    },
  },
  {
    name: 'disk filler',
    async run(bench, ref, seconds) {
      // Up to a gigabyte, made durable piece by piece, and taken away again.
      const source = `
        import { openSync, writeSync, fsyncSync, closeSync, rmSync } from 'node:fs'
        const path = '/run/cascata/http/.fill', block = Buffer.alloc(4 * ${MB}, 1)
        const until = Date.now() + ${seconds * 1_000}
        while (Date.now() < until) {
          const file = openSync(path, 'w')
          for (let left = 256; left > 0 && Date.now() < until; left--) { writeSync(file, block); fsyncSync(file) }
          closeSync(file); rmSync(path)
        }`
      await node(bench, ref, source, seconds)
    },
  },
]
