/** What the bench prints of restarts, scaling and upgrades: medians of the rounds, and ratios. Pure. */
import type { Noticed } from './callers.ts'
import { markdown, median, round } from './figures.ts'
import type { ReplicasFigures, Restarts } from './replicas.ts'
import type { Moves, UpgradeFigures } from './upgrade.ts'

const middle = (all: readonly Noticed[], of: (noticed: Noticed) => number) => median(all.map(of))
const sum = (all: readonly Noticed[], of: (noticed: Noticed) => number) =>
  all.reduce((total, each) => total + of(each), 0)

export function replicasReport({ restarts, secondMsEach }: ReplicasFigures): string {
  const row = ({ replicas, msEach, before, during }: Restarts) => {
    const p99 = middle(during, (noticed) => noticed.p99)
    return [
      ...[replicas, round(median(msEach)), sum(during, ({ asked }) => asked)],
      ...[sum(during, ({ failed }) => failed), round(before.p99, 1), round(p99, 1)],
      ...[round(p99 / before.p99, 2), round(middle(during, ({ pauseMs }) => pauseMs))],
    ]
  }
  const [one, three] = restarts
  const sorted = secondMsEach.toSorted((a, b) => a - b)
  return [
    `\n## rolling restart under load (medians of ${one?.msEach.length ?? 0} rounds, ms)\n`,
    markdown(
      ['replicas', 'restart', 'asked', 'failed', 'p99 before', 'p99 during', 'ratio', 'longest pause'],
      restarts.map(row),
    ),
    `\nthree take ${round(median(three?.msEach ?? []) / median(one?.msEach ?? []), 2)} of what one takes`,
    `\nfrom load to the second replica: median ${round(median(sorted))} ms, fastest ${round(sorted[0] ?? Number.NaN)} ms, slowest ${round(sorted.at(-1) ?? Number.NaN)} ms`,
  ].join('\n')
}

export function upgradeReport({ kept, undone }: UpgradeFigures): string {
  const row = (name: string, { msEach, noticed }: Moves) => [
    ...[name, round(median(msEach)), round(middle(noticed, ({ pauseMs }) => pauseMs))],
    ...[round(Math.max(...noticed.map(({ pauseMs }) => pauseMs)))],
    ...[sum(noticed, ({ asked }) => asked), sum(noticed, ({ failed }) => failed)],
  ]
  const pauseOf = ({ noticed }: Moves) => middle(noticed, ({ pauseMs }) => pauseMs)
  return [
    `\n## upgrade under load (medians of ${kept.msEach.length} rounds, ms)\n`,
    markdown(
      ['', 'operation', 'pause callers see', 'longest of them', 'asked', 'failed'],
      [row('kept', kept), row('undone', undone)],
    ),
    `\nthe pause of one that is undone is ${round(pauseOf(undone) / pauseOf(kept), 2)} of one that is kept`,
  ].join('\n')
}
