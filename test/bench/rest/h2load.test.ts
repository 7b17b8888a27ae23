import { describe, expect, test } from 'vitest'
import { parseH2load } from './h2load.ts'

const said = (requests: string, statuses: string) => `starting benchmark...
spawning thread #0: 2 total client(s). Timing-based test with 0s of warm-up time and 1s of main duration for measurements.
Application protocol: http/1.1

finished in 1.00s, 17252.50 req/s, 5.41MB/s
requests: ${requests}
status codes: ${statuses}
traffic: 10.82MB (11348721) total, 5.14MB (5386932) headers (space savings 0.00%), 6.42MB (6726785) data
                     min         max         mean         sd        +/- sd
time for request:      152us     17.23ms      1.85ms       855us    86.05%
req/s           :     501.47      555.94      539.07       12.34    78.13%
`
const GOOD = said(
  '4 total, 4 started, 4 done, 4 succeeded, 0 failed, 0 errored, 0 timeout',
  '4 2xx, 0 3xx, 0 4xx, 0 5xx',
)
const LOG =
  '1795313328987413\t200\t4586\n1795313328987433\t200\t617\n1795313328987458\t200\t1000\n1795313328987459\t201\t608\n'

describe('parseH2load', () => {
  test('takes throughput from the summary and percentiles from the log', () => {
    expect(parseH2load(GOOD, LOG)).toEqual({ perSecond: 17252.5, answers: 4, p50Ms: 0.617, p99Ms: 4.586 })
  })

  test.each([
    [
      'an answer that is no success',
      said(
        '4 total, 4 started, 4 done, 3 succeeded, 1 failed, 0 errored, 0 timeout',
        '3 2xx, 0 3xx, 1 4xx, 0 5xx',
      ),
      /not every answer was a success:\nfinished in .*\nrequests: 4 total.*\nstatus codes: 3 2xx/,
    ],
    [
      'a redirection, though h2load calls it a success',
      said(
        '4 total, 4 started, 4 done, 4 succeeded, 0 failed, 0 errored, 0 timeout',
        '3 2xx, 1 3xx, 0 4xx, 0 5xx',
      ),
      /not every answer/,
    ],
    [
      'a server that answered nothing',
      said(
        '0 total, 0 started, 0 done, 0 succeeded, 0 failed, 0 errored, 0 timeout',
        '0 2xx, 0 3xx, 0 4xx, 0 5xx',
      ),
      /not every answer/,
    ],
    ['words it does not know', 'h2load: could not connect', /something else than expected:\nh2load: could/],
  ])('refuses %s', (_sentence, text, message) => {
    expect(() => parseH2load(text, LOG)).toThrow(message)
  })
})
