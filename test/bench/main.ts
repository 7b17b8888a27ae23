/**
 * `pnpm bench`: figures and ratios measured in one run on an instance of its own. Not part of the tests: only the
 * soak asserts something. `pnpm bench create rest` runs those parts alone; CASCATA_TEST_SIZE=full takes more rounds.
 * `pnpm bench auth --case timing|refresh|beside` is about the auth service of this checkout.
 * `pnpm bench rest --source` measures the runtime of this checkout without images; `--case ten --lane pgbench
 * --lane runtime --connections 32 --seconds 3 --rounds 5` is for who works on one thing.
 */
import { testConfig } from '../harness/config.ts'
import { archiveBench } from './archive.ts'
import { AUTH_SETTINGS, benchAuth } from './auth/bench.ts'
import { benchCreate } from './create.ts'
import { benchFairness } from './fairness/fairness.ts'
import { markdown, median, percentile, round } from './figures.ts'
import { type BenchInstance, startBench } from './instance.ts'
import { benchMemory } from './memory.ts'
import { parseOptions } from './options.ts'
import { benchReplicas } from './replicas.ts'
import { benchRest } from './rest/bench.ts'
import { sourceWorld } from './rest/source-world.ts'
import { projectWorld } from './rest/world.ts'
import { replicasReport, upgradeReport } from './rolling-report.ts'
import { soak } from './soak/soak.ts'
import { benchUpgrade } from './upgrade.ts'
import { benchWake } from './wake.ts'

const full = testConfig.size === 'full'
const options = parseOptions(process.argv.slice(2), testConfig.size)
const say = (text: string) => process.stdout.write(`${text}\n`)

/** Started when the first part asks for it: not every part needs one. */
let started: Promise<BenchInstance> | undefined
const instance = () => {
  started ??= startBench()
  return started
}

const PARTS: Record<string, () => Promise<void>> = {
  async create() {
    const { msEach, stepsOfLast } = await benchCreate(await instance(), full ? 20 : 10)
    const sorted = msEach.toSorted((a, b) => a - b)
    say(`\n## create -> first 200 through the edge (${msEach.length} projects)\n`)
    say(
      `median ${round(median(msEach))} ms, fastest ${round(sorted[0] ?? 0)} ms, slowest ${round(sorted.at(-1) ?? 0)} ms`,
    )
    say(`steps of the last: ${stepsOfLast.join(', ')}`)
  },
  async wake() {
    const { msEach, wakeMsEach, floorMsEach, readyMsEach, steps } = await benchWake(await instance(), 20)
    const row = (name: string, each: readonly number[]) => {
      const sorted = each.toSorted((a, b) => a - b)
      return [name, round(median(sorted)), round(percentile(sorted, 0.95)), round(sorted[0] ?? 0)]
    }
    say(`\n## wake, first request to a sleeping project (${msEach.length} times, ms)\n`)
    say(
      markdown(
        ['', 'p50', 'p95', 'fastest'],
        [
          row('request to answer, through the edge', msEach),
          row('of it control: until a runtime is ready', wakeMsEach),
          row('floor: both containers started by hand', floorMsEach),
          row('floor, until the runtime is ready', readyMsEach),
        ],
      ),
    )
    const words = Object.entries(steps).map(([name, ms]) => `${name} ${round(ms)} ms`)
    say(`\nmedians of the steps, several at a time: ${words.join(', ')}`)
  },
  async memory() {
    const { cgroupMb, pssMb, marginalPssMb, projects } = await benchMemory(await instance(), full ? 10 : 5)
    const row = (name: string, { runtime, db }: { runtime: number; db: number }) => [
      ...[name, round(runtime, 1), round(db, 1), round(runtime + db, 1)],
    ]
    say(`\n## idle memory of a project, MB (${projects} projects, each answered 20 requests)\n`)
    say(markdown(['', 'runtime', 'db', 'both'], [row('cgroup', cgroupMb), row('PSS', pssMb)]))
    say(`\nmarginal PSS of one more project: ${round(marginalPssMb, 1)} MB`)
  },
  async fairness() {
    const { seconds = full ? 10 : 4, rounds = full ? 5 : 3 } = options.fairness
    const only = options.rest.cases
    const figures = await benchFairness(await instance(), { seconds, rounds, only })
    say(`\n## fairness: a neighbour's latencies, ms, alone and beside (${rounds} rounds of ${seconds} s)\n`)
    const head = ['abuse', 'p50', 'p99', 'p50 beside', 'p99 beside', 'p99 ratio', 'failed']
    const rows = figures.map(({ abuse, alone, beside, ratio, failed }) => [
      ...[abuse, round(alone.p50, 1), round(alone.p99, 1), round(beside.p50, 1), round(beside.p99, 1)],
      ...[round(ratio, 2), failed],
    ])
    say(markdown(head, rows))
  },
  async replicas() {
    say(replicasReport(await benchReplicas(await instance(), full ? 9 : 3)))
  },
  async upgrade() {
    say(upgradeReport(await benchUpgrade(await instance(), full ? 9 : 3)))
  },
  async archive() {
    const { dumpBytes, archiveBytes, ms, ratio, peakMb } = await archiveBench(full ? 400 : 100, full ? 5 : 3)
    const mb = dumpBytes / 1e6
    const row = (name: string, took: number, of?: number) => [
      ...[name, round(took), round((mb / took) * 1000), of === undefined ? '' : round(of, 2)],
    ]
    say(
      `\n## archive (${round(mb)} MB of dump, ${round(archiveBytes / 1e6)} MB as .caf, peak ${peakMb} MB)\n`,
    )
    say(
      markdown(
        ['', 'ms', 'MB/s', 'of theirs'],
        [
          row('export', ms.export, ratio.export),
          row('pg_dump, zstd -3, age', ms.commands),
          row('verify', ms.verify),
          row('restore', ms.restore, ratio.restore),
          row('age, zstd, pg_restore', ms.commandsBack),
          row('pg_restore of a plain dump', ms.pg_restore),
        ],
      ),
    )
  },
  async rest() {
    const { source } = options
    const world = source ? await sourceWorld(source.nodeFlags) : await projectWorld(await instance())
    try {
      await benchRest(world, { ...options.rest, say })
    } finally {
      await world.stop()
    }
  },
  async auth() {
    const { seconds = full ? 10 : 5, rounds = full ? 5 : 3 } = options.fairness
    const [{ connections } = { connections: 32 }] = options.rest.sizes
    // From this checkout: the figures are of the runtime alone.
    const world = await sourceWorld(options.source?.nodeFlags, AUTH_SETTINGS)
    try {
      await benchAuth(world, {
        cases: options.rest.cases,
        connections,
        seconds,
        rounds,
        ...options.auth,
        say,
      })
    } finally {
      await world.stop()
    }
  },
  async soak() {
    if (!(await soak({ ...options.soak, say }))) process.exitCode = 1
  },
}

const unknown = options.parts.filter((name) => !(name in PARTS))
if (unknown.length > 0)
  throw new Error(`no such part: ${unknown.join(', ')}; there are ${Object.keys(PARTS).join(', ')}`)

try {
  for (const [name, part] of Object.entries(PARTS))
    if (options.parts.length === 0 || options.parts.includes(name)) await part()
} finally {
  await (await started)?.stop()
}
