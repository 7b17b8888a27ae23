/** Runs the lanes of one case in turn, round by round, and sums up what each took. */
import type { Sql } from 'postgres'
import { median } from '../figures.ts'
import type { Meter } from '../meters.ts'
import { CASES, type CaseName } from './cases.ts'
import type { Lane, Size } from './lanes.ts'
import type { LoadRun } from './run.ts'

export type Measured = LoadRun & {
  /** Processor time of one answer, microseconds. */
  serverCpuUs: number
  dbCpuUs: number
  /** Resident memory of what serves besides the database. */
  rssMb: number
}

export type LaneFigures = { lane: string; perSecondEachRound: readonly number[] } & Omit<Measured, 'answers'>

export type Comparison = {
  name: CaseName
  lanes: readonly Lane[]
  size: Size
  rounds: number
  /** Each lane once before the rounds: its code compiled, its connections made. pgbench has neither to keep. */
  warmUp: boolean
  db: { meter: Meter; admin: Sql }
}

/** Less, and what is measured is how far V8 has come with compiling. */
const WARM_UP_S = 3

export async function compare({ name, lanes, size, rounds, warmUp, db }: Comparison): Promise<LaneFigures[]> {
  const able = lanes.filter((lane) => lane.can(name))
  const results = able.map(() => [] as Measured[])
  const warm = warmUp && CASES[name].secondsMin === undefined
  for (const lane of able)
    if (warm && !lane.connect) await measure(lane, { name, size: { ...size, seconds: WARM_UP_S }, db })
  for (let round = 0; round < rounds; round += 1)
    for (const [at, lane] of able.entries()) results[at]?.push(await measure(lane, { name, size, db }))
  return able.map(({ name: lane }, at) => {
    const of = (field: keyof Measured) => median((results[at] ?? []).map((result) => result[field]))
    return {
      lane,
      perSecondEachRound: (results[at] ?? []).map(({ perSecond }) => perSecond),
      ...{ perSecond: of('perSecond'), p50Ms: of('p50Ms'), p99Ms: of('p99Ms') },
      ...{ serverCpuUs: of('serverCpuUs'), dbCpuUs: of('dbCpuUs'), rssMb: of('rssMb') },
    }
  })
}

type Measurement = Pick<Comparison, 'name' | 'size' | 'db'>

async function measure(lane: Lane, { name, size: asked, db }: Measurement): Promise<Measured> {
  const { inserts, secondsMin = 0 } = CASES[name]
  const size = { ...asked, seconds: Math.max(asked.seconds, secondsMin) }
  if (inserts !== undefined) await db.admin.unsafe('truncate public.events')
  const cpu = async () => ({ server: (await lane.server?.cpuUs()) ?? Number.NaN, db: await db.meter.cpuUs() })
  const idle = await cpu()
  const connected = (await lane.connect?.(name, size))?.answers ?? 0
  const before = await cpu()
  const run = await lane.run(name, size)
  const after = await cpu()
  const perAnswer = (of: 'server' | 'db') => {
    const connecting = connected === 0 ? 0 : before[of] - idle[of]
    return (after[of] - before[of] - connecting) / (run.answers - connected)
  }
  if (inserts !== undefined) await verifyInserts(db.admin, run.answers * inserts)
  return {
    ...run,
    serverCpuUs: perAnswer('server'),
    dbCpuUs: perAnswer('db'),
    rssMb: (await lane.server?.rssMb()) ?? Number.NaN,
  }
}

/** What was under way at the end, and the sample, may be there besides. */
async function verifyInserts(admin: Sql, least: number): Promise<void> {
  const [row] = await admin.unsafe<{ rows: number }[]>('select count(*)::int as rows from public.events')
  if ((row?.rows ?? 0) < least) throw new Error(`${row?.rows} rows are there, and ${least} were said to be`)
}
