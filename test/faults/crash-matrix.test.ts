/**
 * Control is killed right before and right after each thing it does to the world, in each flow; started again, it
 * brings the world to what was asked for, once.
 *
 * One instance of its own; only its control is made anew for each case. A case alone:
 * `pnpm exec vitest run --project faults test/faults/crash-matrix.test.ts -t 'import.* after restore.swap'`.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { testConfig } from '../harness/config.ts'
import { ControlContainer } from '../harness/control-container.ts'
import { type Cut, cutsOf, FLOW_NAMES, type FlowName, RELEASES, unharmedRef } from '../harness/crash-cuts.ts'
import { archiveOf, CrashFlows, starterOf } from '../harness/crash-flows.ts'
import { type CrashRun, killed, settled, unharmed } from '../harness/crash-run.ts'
import { CrashWorld } from '../harness/crash-world.ts'
import { makeRelease, migrationLine, removeReleases } from '../harness/images.ts'
import { type Instance, startInstance, stopInstance } from '../harness/instance.ts'

const ROWS = `create table public.facts (id int primary key, text text, at timestamptz, amount numeric, more jsonb);
  insert into public.facts select n, repeat(n::text, 5), '2026-01-01'::timestamptz + n * interval '1 hour', n / 7.0,
    jsonb_build_object('n', n) from generate_series(1, 500) n;
  create role visitor nologin; grant select on public.facts to visitor`
/** Its rows break its own check by the time they come back. */
const UNRESTORABLE = `create function public.is_fine(int) returns boolean language sql immutable as 'select true';
  create table public.strict (n int check (public.is_fine(n))); insert into public.strict values (1);
  create or replace function public.is_fine(int) returns boolean language sql immutable as 'select false'`

/** A part is enough for every day; odd numbers have cuts before and after an effect take turns. */
const ONE_OF: Record<FlowName, number> = {
  ...{ create: 3, import: 3 },
  ...{ pause: 3, sleep: 3, wake: 3, delete: 3, purge: 3, refuse: 3, expose: 3, rotate: 5 },
  ...{ upgrade: 9, undo: 5 },
}

const plan = FLOW_NAMES.map((name) => {
  const all = cutsOf(name)
  const cuts = testConfig.size === 'full' ? all : all.filter((_, at) => at % ONE_OF[name] === 0)
  const title =
    cuts.length === all.length
      ? name
      : `${name} (${cuts.length} of ${all.length} cuts; CASCATA_TEST_SIZE=full has all)`
  return { name, title, cuts, leftOut: all.filter((cut) => !cuts.includes(cut)) }
})

let instance: Instance
let run: CrashRun
let flows: CrashFlows
const took: { cut: Cut; allMs: number; convergedMs: number }[] = []

beforeAll(async () => {
  await makeRelease(RELEASES.good)
  await makeRelease(RELEASES.bad, {
    postgres: [migrationLine('9001_bad', 'delete from public.todos;')],
    runtime: ['CMD ["node", "-e", "process.exit(3)"]'],
  })
  instance = await startInstance('cascata-crash', 18_280)
  run = { control: await ControlContainer.of(instance), world: await CrashWorld.of(instance) }
  const { control, world } = run
  await control.start()
  const whole = await archiveOf(world, 'source', ROWS)
  const unrestorable = await archiveOf(world, 'unrestorable', UNRESTORABLE)
  flows = new CrashFlows(world, { whole, unrestorable, starter: await starterOf(world, 'starter') })
  await settled(world)
})

afterAll(async () => {
  await run?.world.close()
  if (instance) await stopInstance(instance)
  await removeReleases(RELEASES.good, RELEASES.bad)
  process.stderr.write(`${figures()}\n`)
})

describe.each(plan)('$title', ({ name, cuts }) => {
  test('has the effects that are cut here, and no other', async () => {
    const flow = flows.of(name)
    expect(await unharmed(run, flow, unharmedRef(name))).toEqual(flow.effects.toSorted())
  })

  test.each(cuts.map((cut, at) => ({ ...cut, cut, next: cuts[at + 1] })))(
    'killed $when $step',
    async ({ cut, next }) => {
      const from = performance.now()
      const flow = flows.of(name)
      const convergedMs = await killed(run, { cut, flow }, next && { cut: next, flow })
      took.push({ cut, allMs: performance.now() - from, convergedMs })
    },
  )
})

function figures(): string {
  const median = (values: number[]) => values.toSorted((a, b) => a - b)[values.length >> 1] ?? 0
  const [all, converged] = [took.map(({ allMs }) => allMs), took.map(({ convergedMs }) => convergedMs)]
  const slowest = took.toSorted((a, b) => b.convergedMs - a.convergedMs).slice(0, 5)
  const seconds = (ms: number) => `${(ms / 1000).toFixed(1)} s`
  const left = plan.flatMap(({ leftOut }) => leftOut).map(({ flow, when, step }) => `${flow} ${when} ${step}`)
  return [
    `${took.length} kills: median ${seconds(median(all))} each, ${seconds(median(converged))} from the start to the settled world, slowest:`,
    ...slowest.map(({ cut, convergedMs }) => `  ${seconds(convergedMs)} ${cut.flow} ${cut.when} ${cut.step}`),
    ...(left.length > 0 ? [`left out (CASCATA_TEST_SIZE=full has them): ${left.join(', ')}`] : []),
  ].join('\n')
}
