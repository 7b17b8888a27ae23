/** The table of one case. */
import { markdown, median, round } from '../figures.ts'
import type { LaneFigures } from './compare.ts'

const HEAD = [
  ...['', 'req/s', 'of pgbench', 'of naive', 'p50 ms', 'p99 ms', 'p99/p50'],
  ...['CPU us server', 'CPU us db', 'MB'],
]

export function report(title: string, lanes: readonly LaneFigures[]): string {
  const to = (word: string) => ratioTo(lanes.find(({ lane }) => lane.startsWith(word)))
  const [toPgbench, toNaive] = [to('pgbench'), to('naive')]
  const rows = lanes.map((lane) => [
    ...[lane.lane, round(lane.perSecond), round(toPgbench(lane), 2), round(toNaive(lane), 2)],
    ...[round(lane.p50Ms, 2), round(lane.p99Ms, 2), round(lane.p99Ms / lane.p50Ms, 1)],
    ...[round(lane.serverCpuUs), round(lane.dbCpuUs), round(lane.rssMb)],
  ])
  return `\n### ${title}\n\n${markdown(HEAD, rows)}`
}

/** The median of what each round shows: a machine that is slower for a while is so for all lanes of a round. */
const ratioTo = (base: LaneFigures | undefined) => (lane: LaneFigures) =>
  median(lane.perSecondEachRound.map((rate, round) => rate / (base?.perSecondEachRound[round] ?? Number.NaN)))
