import { describe, expect, test } from 'vitest'
import { parsePgbench, scriptText } from './pgbench.ts'

const said = (done: string, failed: string, tps: string) => `pgbench (17.12 (Debian 17.12-0+deb13u1))
transaction type: script.sql
scaling factor: 1
query mode: prepared
number of clients: 32
number of threads: 2
maximum number of tries: 1
duration: 2 s
number of transactions actually processed: ${done}
number of failed transactions: ${failed}
latency average = 3.420 ms
initial connection time = 121.012 ms
${tps}`
const TPS = 'tps = 6330.123456 (without initial connection time)\n'
/** Of two threads: one file after the other. */
const LOG = '0 1 1790 0 1795313328 987413\n1 1 2210 0 1795313328 987433\n16 1 450 0 1795313328 987458\n'

describe('parsePgbench', () => {
  test('takes throughput without connecting, and percentiles from the log', () => {
    const run = parsePgbench(said('3', '0 (0.000%)', TPS), LOG)
    expect(run).toEqual({ perSecond: 6330.123456, answers: 3, p50Ms: 1.79, p99Ms: 2.21 })
  })

  test('knows the count of a run of so many transactions', () => {
    expect(parsePgbench(said('32/32', '0 (0.000%)', TPS), LOG).answers).toBe(32)
  })

  test.each([
    ['a failed transaction', said('3', '1 (25.000%)', TPS), /not every transaction/],
    ['no transaction at all', said('0', '0 (NaN%)', ''), /something else than expected/],
    ['words it does not know', 'pgbench: error: connection to server failed', /something else than expected/],
  ])('refuses %s', (_sentence, text, message) => {
    expect(() => parsePgbench(text, LOG)).toThrow(message)
  })
})

test('a script is one pipeline: the settings, the statement, one Sync', () => {
  const script = scriptText({
    set: '\\set v random(1, 9)',
    settings: { role: `'authenticated'`, search_path: `'public'` },
    sql: `select id
      from notes where id = :v`,
  })
  expect(script).toBe(`\\set v random(1, 9)
\\startpipeline
select set_config('role', 'authenticated', true), set_config('search_path', 'public', true);
select id from notes where id = :v;
\\endpipeline
`)
})
