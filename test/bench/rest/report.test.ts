import { expect, test } from 'vitest'
import type { LaneFigures } from './compare.ts'
import { report } from './report.ts'

const lane = (name: string, perSecondEachRound: number[], more: Partial<LaneFigures> = {}): LaneFigures => ({
  ...{ lane: name, perSecondEachRound, perSecond: perSecondEachRound[0] ?? 0 },
  ...{ p50Ms: 2, p99Ms: 5, serverCpuUs: 40.4, dbCpuUs: 60, rssMb: 90, ...more },
})
const cellsOf = (text: string, name: string) =>
  text
    .split('\n')
    .find((line) => line.startsWith(`| ${name} |`))
    ?.split(' | ')
    .slice(1, 7)

test('a ratio is the median of the ratios of each round, so a slow round misleads nobody', () => {
  const text = report('reads', [
    lane('pgbench, one trip', [1000, 100, 1000]),
    lane('ours', [500, 50, 400]),
    lane('naive postgres.js', [100, 10, 100]),
  ])
  expect(cellsOf(text, 'ours')).toEqual(['500', '0.50', '5.00', '2.00', '5.00', '2.5'])
})

test('a lane that was not asked for leaves a dash', () => {
  const text = report('reads', [lane('ours', [500], { serverCpuUs: Number.NaN })])
  expect(cellsOf(text, 'ours')?.slice(1, 3)).toEqual(['-', '-'])
  expect(text).toContain('| - | 60 | 90 |')
})
