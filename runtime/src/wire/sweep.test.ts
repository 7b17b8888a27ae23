import { describe, expect, test } from 'vitest'
import type { Turn } from '../session/database.ts'
import { Flight } from './flight.ts'
import { Job } from './job.ts'
import { WIRE_LIMITS } from './limits.ts'
import { sweep, type Watched } from './sweep.ts'

const NOW = 1_000_000
const limits = { ...WIRE_LIMITS, slowMs: 25, abandonMs: 100, cancelGraceMs: 2_000 }

type Options = { timeoutMs?: number; before?: boolean; readOnly?: boolean; gone?: boolean }

function flight({ timeoutMs = 1_000, before = false, readOnly = false, gone = false }: Options = {}): Flight {
  const query = { text: 'select 1', values: [] }
  const turn: Turn = {
    settings: [],
    main: query,
    readOnly,
    end: 'commit',
    timeoutMs,
    ...(before ? { before: query } : {}),
  }
  const job = new Job(turn, 0, { resolve: () => {}, reject: () => {} })
  if (gone) job.fail(new Error('gone'))
  return new Flight(job)
}

const after = (ranMs: number, flights: Flight[], more: Partial<Watched> = {}): Watched => ({
  ...{ head: flights[0], followers: flights.slice(1), cancels: 0, cancelledAt: 0, headRunsFor: () => ranMs },
  ...more,
})

describe('sweep', () => {
  test.each<[string, Watched, string]>([
    ['leaves an idle connection alone', after(0, []), 'nothing'],
    [
      'leaves a quick turn alone, even if nobody waits for it',
      after(25, [flight({ gone: true })]),
      'nothing',
    ],
    ['leaves a slow turn to its own timeout', after(2_999, [flight()]), 'nothing'],
    ['leaves one that nobody waits for a while to end', after(100, [flight({ gone: true })]), 'nothing'],
    ['then cancels it', after(101, [flight({ gone: true })]), 'cancel'],
    ['cancels a turn that Postgres should have ended', after(3_001, [flight()]), 'cancel'],
    ['gives the query before its own time', after(3_001, [flight({ before: true })]), 'nothing'],
    ['lets a turn without a timeout run', after(1e9, [flight({ timeoutMs: 0 })]), 'nothing'],
    [
      'waits for a cancel to work',
      after(4_000, [flight()], { cancels: 1, cancelledAt: NOW - 1_999 }),
      'nothing',
    ],
    ['cancels a second time', after(5_500, [flight()], { cancels: 1, cancelledAt: NOW - 2_001 }), 'cancel'],
    [
      'then gives the connection up',
      after(8_000, [flight()], { cancels: 2, cancelledAt: NOW - 2_001 }),
      'destroy',
    ],
    [
      'but not for one that nobody waits for',
      after(900, [flight({ gone: true })], { cancels: 2, cancelledAt: 0 }),
      'nothing',
    ],
  ])('%s', (_sentence, connection, expected) => {
    expect(sweep(connection, limits, NOW).do).toBe(expected)
  })

  test('hedges each copy of a read behind a slow turn once, and nothing that writes or that nobody waits for', () => {
    const read = flight({ readOnly: true })
    const again = flight({ readOnly: true })
    again.isHedged = true
    const often = flight({ readOnly: true })
    often.job.copies = 4
    const others = [flight(), flight({ readOnly: true, gone: true }), again, often]
    const behind = (ranMs: number) => sweep(after(ranMs, [flight(), read, ...others]), limits, NOW).hedge
    expect(behind(26)).toEqual([read])
    expect(behind(25)).toEqual([])
  })
})
