/** The containers of a project that an upgrade has in hand: stopped, replaced, cleared away. */
import { ProjectGone } from '@cascata/shared/problems/archive'
import type { Container, ContainerSpec } from '../../engine/engine.ts'
import { dbSpec, type ProjectShape, runtimeSpec, slotOf } from '../../engine/spec.ts'
import { isUp, type Move, movesAway, movesTo } from '../../reconcile/containers.ts'
import { whileUp } from '../../reconcile/projects/apply.ts'
import { shapeOf } from '../../reconcile/projects/wanted.ts'
import type { Upgrade } from './upgrade.ts'
import type { Before } from './world.ts'

const READY_TIMEOUT_MS = 30_000
const FIRST_SLOT = 1

type Part = 'db' | 'runtime'

/** As the row has it, but of this release. */
export async function shapeAt({ run, ref }: Upgrade, tag: string): Promise<ProjectShape> {
  const row = await run.deps.store.projects.find(ref)
  if (!row) throw ProjectGone(ref)
  return shapeOf({ ...row, imageTag: tag })
}

export async function containersOf({ run, ref }: Upgrade): Promise<Container[]> {
  return (await run.deps.upgrade.engine.list()).filter(({ project }) => project === ref)
}

/** The one that is tried: where the project has been answering, so that the edge need not look elsewhere. */
export function slotIn(containers: readonly Container[]): number {
  const slots = containers.flatMap(({ name, role }) => (role === 'runtime' ? (slotOf(name) ?? []) : []))
  return slots.length === 0 ? FIRST_SLOT : Math.min(...slots)
}

/**
 * Runtimes first, which end what they have begun; then, with nobody left to write, a look at the rows; then the
 * database. One that was stopped already is started for that look.
 */
export async function stopAll(upgrade: Upgrade): Promise<Before> {
  const { run, ref, from } = upgrade
  const { engine, site, database, inspect } = run.deps.upgrade
  const { dbSocketDir, socket } = site.paths.project(ref)
  const found = await containersOf(upgrade)
  const runtimes = found.filter((each) => each.role === 'runtime' && isUp(each))
  const row = await run.deps.store.projects.find(ref)
  const anonKey = row && run.deps.secrets.open(row).anonKey
  const rest = runtimes.length > 0 && anonKey ? await inspect.rest(socket(slotIn(runtimes)), anonKey) : null
  await allEnded(runtimes.map(({ name }) => move(upgrade, 'runtime', { act: 'stop', name })))

  const spec = dbSpec(site, await shapeAt(upgrade, from))
  await bring(upgrade, 'db', { spec, found })
  await whileUp({ engine }, spec.name, (signal) =>
    database.waitUntilReady(dbSocketDir, { timeoutMs: READY_TIMEOUT_MS, signal }),
  )
  // The pooler keeps what it has opened, whatever became of the way to the socket.
  await database.endEverySession(dbSocketDir)
  const facts = await inspect.facts(dbSocketDir)
  await move(upgrade, 'db', { act: 'stop', name: spec.name })
  return { facts, rest }
}

/** Both containers from the new images; any other of the project goes. */
export async function replace(upgrade: Upgrade): Promise<void> {
  const { site } = upgrade.run.deps.upgrade
  const found = await containersOf(upgrade)
  const shape = await shapeAt(upgrade, upgrade.to)
  const [db, runtime] = [dbSpec(site, shape), runtimeSpec(site, shape, slotIn(found))]
  const others = found.filter(({ name }) => name !== db.name && name !== runtime.name)
  await allEnded([
    ...others.map((each) => away(upgrade, each)),
    bring(upgrade, 'db', { spec: db, found }),
    bring(upgrade, 'runtime', { spec: runtime, found }),
  ])
}

/** As `Promise.all`, but nothing is still going on when it throws: an undo comes next, and must be alone. */
export async function allEnded(works: readonly Promise<void>[]): Promise<void> {
  for (const end of await Promise.allSettled(works)) if (end.status === 'rejected') throw end.reason
}

/** All of the project's, runtimes first. */
export async function clear(upgrade: Upgrade): Promise<void> {
  const found = await containersOf(upgrade)
  await allEnded(found.filter(({ role }) => role === 'runtime').map((each) => away(upgrade, each)))
  await allEnded(found.filter(({ role }) => role !== 'runtime').map((each) => away(upgrade, each)))
}

async function bring(
  upgrade: Upgrade,
  part: Part,
  { spec, found }: { spec: ContainerSpec; found: readonly Container[] },
): Promise<void> {
  const there = found.find(({ name }) => name === spec.name)
  for (const act of movesTo(spec, there)) await move(upgrade, part, { act, name: spec.name, spec })
}

async function away(upgrade: Upgrade, container: Container): Promise<void> {
  const { name, role } = container
  for (const act of movesAway(container))
    await move(upgrade, role === 'runtime' ? 'runtime' : 'db', { act, name })
}

async function move(
  { run, ref }: Upgrade,
  part: Part,
  { act, name, spec }: { act: Move; name: string; spec?: ContainerSpec },
): Promise<void> {
  const { engine } = run.deps.upgrade
  run.signal.throwIfAborted()
  await run.deps.effects.run(`${ref}.${part}.${act}`, async () => {
    if (act !== 'create') await engine[act](name)
    else if (spec) await engine.create(spec)
  })
}
