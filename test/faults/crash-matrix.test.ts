/**
 * Control is killed right before and right after each thing it does to the world, in each flow; started again, it
 * brings the world to what was asked for, once.
 *
 * One instance of its own; only its control is made anew for each case. A case alone:
 * `pnpm exec vitest run --project faults test/faults/crash-matrix.test.ts -t 'import killed after restore.swap'`.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { ControlContainer } from '../harness/control-container.ts'
import { archiveOf, CrashFlows, cutsOf, FLOW_NAMES, starterOf } from '../harness/crash-flows.ts'
import { type CrashRun, killed, settled, unharmed } from '../harness/crash-run.ts'
import { CrashWorld } from '../harness/crash-world.ts'
import { type Instance, startInstance, stopInstance } from '../harness/instance.ts'

const ROWS = `create table public.facts (id int primary key, text text, at timestamptz, amount numeric, more jsonb);
  insert into public.facts select n, repeat(n::text, 5), '2026-01-01'::timestamptz + n * interval '1 hour', n / 7.0,
    jsonb_build_object('n', n) from generate_series(1, 500) n;
  create role visitor nologin; grant select on public.facts to visitor`
/** Its rows break its own check by the time they come back. */
const UNRESTORABLE = `create function public.is_fine(int) returns boolean language sql immutable as 'select true';
  create table public.strict (n int check (public.is_fine(n))); insert into public.strict values (1);
  create or replace function public.is_fine(int) returns boolean language sql immutable as 'select false'`

let instance: Instance
let run: CrashRun
let flows: CrashFlows
const took: string[] = []

beforeAll(async () => {
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
  process.stderr.write(`${took.join('\n')}\n`)
})

describe.each(FLOW_NAMES)('%s', (name) => {
  test('has the effects that are cut here, and no other', async () => {
    const flow = flows.of(name)
    expect(await unharmed(run, flow)).toEqual(flow.effects.toSorted())
  })

  test.each(cutsOf(name))('killed $when $step', async (cut) => {
    const from = performance.now()
    const convergedMs = await killed(run, flows.of(name), cut)
    const seconds = (ms: number) => `${(ms / 1000).toFixed(1)} s`
    took.push(
      `${name} killed ${cut.when} ${cut.step}: ${seconds(performance.now() - from)}, of them ${seconds(convergedMs)} after the start`,
    )
  })
})
