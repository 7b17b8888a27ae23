/** One random history on a simulated machine, and what must hold when the trouble is over. */
import {
  dbSpec,
  edgeSpec,
  metaSpec,
  redisSpec,
  runtimeSpec,
  slotOf,
  specHash,
} from '@cascata/control/engine/spec'
import { modeOf, shapeOf } from '@cascata/control/reconcile/projects/wanted'
import type { ProjectRow } from '@cascata/control/store/tables/projects'
import type { Chance } from './seeded.ts'
import { noFaults } from './simulated-faults.ts'
import { type SimulatedControl, SimulatedWorld, site } from './simulated-world.ts'

const REFS = ['shop', 'blog', 'wiki', 'game', 'desk', 'mail-x']
const HOUR_MS = 3_600_000
const WEEK_MS = 7 * 24 * HOUR_MS
/** The one in use, the one before, and the one that is tried. */
const CANDIDATES_MAX = 3

/** Runs a history of `turns` commands, hand-made damage and passes, with errors and kills in between. */
export async function runHistory(seed: number, turns: number): Promise<SimulatedWorld> {
  const world = new SimulatedWorld(seed)
  const { chance } = world.trouble
  world.trouble.faults = { error: chance.pick([0, 0.02, 0.1]), crash: chance.pick([0, 0.02, 0.08]) }
  let control = world.start()
  for (let turn = 0; turn < turns; turn++) {
    if (chance.happens(0.5)) command(world, chance)
    if (chance.happens(0.15)) damage(world, chance)
    world.nowMs += chance.pick([100, 5_000, 60_000, HOUR_MS, HOUR_MS])
    await Promise.all([somePasses(control, chance), someUse(world, control)])
    const { length } = world.candidates()
    if (length > CANDIDATES_MAX) world.violations.push(`there are ${length} configurations of the edge`)
    if (!control.life.alive || chance.happens(0.03)) {
      control = await restarted(world, control)
    }
  }
  await settle(world, await restarted(world, control))
  return world
}

function command(world: SimulatedWorld, chance: Chance): void {
  const { store } = world
  const ref = chance.pick(REFS)
  const row = store.rows.get(ref)
  if (!row) {
    const importing = chance.happens(0.2) ? '00000000-0000-4000-8000-000000000000' : null
    store.create(ref, chance.pick(['empty', 'hello']), importing)
    return
  }
  if (row.desired === 'deleted') {
    if (chance.happens(0.5)) store.change(ref, { desired: 'running', purgeAfter: null })
    return
  }
  if (row.importing !== null) {
    store.change(ref, { importing: null })
    return
  }
  if (row.desired === 'running' && row.observedState === 'running' && chance.happens(0.3)) {
    store.change(ref, { asleepSince: new Date(world.nowMs).toISOString() })
    return
  }
  const purgeAfter = new Date(world.nowMs + chance.pick([HOUR_MS, WEEK_MS])).toISOString()
  const runtime = { ...row.limits.runtime, memory_mb: 100 + chance.below(400) }
  const min = 1 + chance.below(3)
  store.change(
    ref,
    chance.pick<Partial<ProjectRow>>([
      { desired: 'paused', asleepSince: null },
      { desired: 'running', asleepSince: null },
      { restarts: row.restarts + 1, asleepSince: null },
      { restarts: row.restarts + 1, dbRestarts: row.dbRestarts + 1, asleepSince: null },
      { limits: { ...row.limits, runtime } },
      {
        settings: {
          ...row.settings,
          replicas: { ...row.settings.replicas, min, max: min + chance.below(3) },
        },
      },
      { secrets: `${row.secrets}!` },
      { desired: 'deleted', purgeAfter, asleepSince: null },
    ]),
  )
}

function damage(world: SimulatedWorld, chance: Chance): void {
  const names = [...world.docker.containers.keys()]
  if (names.length === 0) return
  const name = chance.pick(names)
  if (chance.happens(0.2) && slotOf(name) !== undefined && world.isUp(name)) world.hung.add(name)
  else if (chance.happens(0.5)) world.docker.removeByHand(name)
  else world.docker.killByHand(name)
}

/**
 * Requests through the edge, and SQL through control, beside whatever is going on: a project that sleeps is woken for
 * them, and what was woken answers for as long as somebody holds it.
 */
async function someUse(world: SimulatedWorld, control: SimulatedControl): Promise<void> {
  const { chance } = world.trouble
  const refs = [...world.store.rows.keys()].filter((ref) => chance.happens(world.isServed(ref) ? 0.2 : 0.8))
  await Promise.all(
    refs.map(async (ref) => {
      if (world.isServed(ref)) {
        world.activity.set(ref, world.nowMs)
        return
      }
      const letGo = control.holds.hold(ref)
      try {
        const { observedState } = await control.projects.wake(ref)
        if (observedState !== 'asleep') return
        if (!world.isServed(ref)) world.violations.push(`${ref} was said to be awake and did not answer`)
        for (let turns = 0; turns < 20; turns++) await Promise.resolve()
        if (!world.isServed(ref)) world.violations.push(`${ref} fell asleep while it was held`)
      } catch {
        // Paused, deleted, an injected fault: whoever asked is told so.
      } finally {
        letGo()
      }
    }),
  )
}

/** Some of the tasks side by side; work that they began may still be under way when the next turn comes. */
async function somePasses(control: SimulatedControl, chance: Chance): Promise<void> {
  const running = control.tasks.filter(() => chance.happens(0.7))
  await Promise.allSettled(running.map((task) => task.run(control.abort.signal)))
  if (chance.happens(0.7)) await control.projects.idle()
}

async function restarted(world: SimulatedWorld, control: SimulatedControl): Promise<SimulatedControl> {
  control.life.alive = false
  await control.projects.idle()
  return world.start()
}

const PASSES_MAX = 40

/** Without trouble, passes until one changes nothing. */
export async function settle(world: SimulatedWorld, control: SimulatedControl): Promise<void> {
  world.trouble.faults = noFaults
  for (let pass = 0; pass < PASSES_MAX; pass++) {
    const before = world.trouble.mutations.length
    await onePass(control)
    world.nowMs += 61_000
    if (world.trouble.mutations.length === before && pass > 0) return
  }
  throw new Error(`not settled: ${world.trouble.mutations.slice(-20).join(', ')}`)
}

export async function onePass(control: SimulatedControl): Promise<void> {
  for (const task of control.tasks) {
    await task.run(control.abort.signal)
    await control.projects.idle()
  }
}

/** What is wrong with a settled world, in words; nothing is best. */
export function wrongs(world: SimulatedWorld): string[] {
  const found = [...world.violations]
  const expected = new Set<string>()
  const containers = [...world.docker.containers.values()].map(({ container }) => container)
  const expectOne = (names: readonly string[], what: string) => {
    if (names.length !== 1) found.push(`${what}: ${names.length} instead of one`)
    for (const name of names) expected.add(name)
  }
  for (const spec of [metaSpec(site), redisSpec(site), edgeSpec(site)]) {
    expectOne(world.isUp(spec.name) ? [spec.name] : [], spec.name)
  }
  for (const row of world.store.rows.values()) {
    const mode = modeOf(row, world.nowMs)
    const own = containers.filter(({ project }) => project === row.ref)
    const up = own.filter(({ state }) => state === 'running')
    const runtimes = up.filter(
      ({ name, spec }) => spec === specHash(runtimeSpec(site, shapeOf(row), slotOf(name) ?? 0)),
    )
    const databases = up.filter(({ spec }) => spec === specHash(dbSpec(site, shapeOf(row))))
    const { min, max } = row.settings.replicas
    if (mode === 'running') {
      for (const { name } of runtimes) expected.add(name)
      if (runtimes.length < min || runtimes.length > max)
        found.push(`${row.ref} runtimes: ${runtimes.length} instead of ${min} to ${max}`)
    }
    if (mode === 'running' || mode === 'database')
      expectOne(
        databases.map(({ name }) => name),
        `${row.ref} db`,
      )
    if (mode === 'paused' || mode === 'asleep') {
      if (up.length > 0) found.push(`${row.ref} is ${mode} and runs`)
      for (const { name } of own) expected.add(name)
    }
    const slots = runtimes.map(({ name }) => slotOf(name) ?? 0).toSorted((a, b) => a - b)
    const routes = world.routes()[row.ref] ?? []
    if (
      mode === 'running' &&
      (`${routes}` !== `${slots}` || !slots.every((slot) => world.answers(row.ref, slot)))
    ) {
      found.push(`${row.ref} is not reached: ${routes} instead of ${slots}`)
    }
    // The edge need not change for a project that sleeps: nobody listens where it sends requests.
    if (mode === 'asleep' && routes.length === 0) found.push(`${row.ref} sleeps and cannot be reached`)
    if (row.observedGeneration !== row.generation) found.push(`${row.ref} was not seen at its generation`)
    if (row.lastProblem !== null) found.push(`${row.ref} keeps a problem: ${row.lastProblem.code}`)
    const password = world.databases.get(row.ref)
    if (mode === 'running' && password !== row.secrets) found.push(`${row.ref} has an old password`)
  }
  for (const { name } of containers) if (!expected.has(name)) found.push(`${name} is nobody's`)
  for (const path of world.files.nodes.keys()) {
    const ref = /^\/home\/(?:run|projects)\/([a-z][a-z0-9-]*)/.exec(path)?.[1]
    if (ref !== undefined && !world.store.rows.has(ref)) found.push(`${path} is nobody's`)
  }
  for (const { ref, status } of world.store.operations) {
    if (status === 'open' && world.store.rows.has(ref)) found.push(`an operation of ${ref} is still open`)
  }
  return found
}
