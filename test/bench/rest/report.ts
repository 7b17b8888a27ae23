/** The table of one case. */
import { markdown, round } from '../figures.ts'
import type { LaneFigures } from './compare.ts'

const HEAD = [
  ...['', 'req/s', 'of pgbench', 'of naive', 'p50 ms', 'p99 ms', 'p99/p50'],
  ...['CPU us server', 'CPU us db', 'MB'],
]

export function report(title: string, lanes: readonly LaneFigures[]): string {
  const of = (word: string) => lanes.find(({ lane }) => lane.startsWith(word))?.perSecond ?? Number.NaN
  const [pgbench, naive] = [of('pgbench'), of('naive')]
  const rows = lanes.map((lane) => [
    ...[
      lane.lane,
      round(lane.perSecond),
      round(lane.perSecond / pgbench, 2),
      round(lane.perSecond / naive, 2),
    ],
    ...[round(lane.p50Ms, 2), round(lane.p99Ms, 2), round(lane.p99Ms / lane.p50Ms, 1)],
    ...[round(lane.serverCpuUs), round(lane.dbCpuUs), round(lane.rssMb)],
  ])
  return `\n### ${title}\n\n${markdown(HEAD, rows)}`
}
