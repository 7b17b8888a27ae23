/**
 * Compares what a project should be with what was seen of it, and lists the steps between. Pure.
 *
 * Each step names those it comes after; all others may run beside it. A plan without steps that is `complete` says
 * that the project is as it should be; without steps and not complete, it waits for the edge.
 */
import type { ProjectState } from '@cascata/shared/contract/projects'
import type { Directory } from '../../adapters/files.ts'
import type { Container, ContainerSpec } from '../../engine/engine.ts'
import { dbName, dbSpec, runtimeSpec, type Site } from '../../engine/spec.ts'
import { isUp, type Move, movesAway, movesTo } from '../containers.ts'
import { type Replica, replicasOf, SLOTS } from './replicas.ts'
import type { Mode, Wanted } from './wanted.ts'

export type Observed = {
  containers: readonly Container[]
  /** Those of the wanted directories that are absent or another's. */
  unsound: readonly Directory[]
  document: string | null
  /** Slots whose runtime answered ready. */
  ready: ReadonlySet<number>
  /** The preparation the database is known to have had. */
  prepared: string | null
  /** Slot the edge serves; `none`: it has no such site; `unknown`: it does not answer. */
  served: number | 'none' | 'unknown'
  /** Anything of it on the disk. */
  files: boolean
}

type Part = 'db' | 'runtime'
type Act =
  | { do: 'directories.ensure'; directories: readonly Directory[] }
  | { do: 'document.write'; text: string }
  | { do: `${Part}.create`; spec: ContainerSpec }
  | { do: `${Part}.${'start' | 'stop' | 'remove'}`; name: string }
  | { do: 'db.ready'; name: string }
  | { do: 'db.bootstrap' | 'db.starter' | 'files.remove' | 'row.remove' }
  | { do: 'runtime.ready'; slot: number; name: string }

export type ProjectStep = Act & { id: string; after: readonly string[] }

export type Plan = {
  steps: ProjectStep[]
  complete: boolean
  /** What the project is called once the plan is complete and empty. */
  state: ProjectState
}

const STATES: Record<Mode, ProjectState> = {
  running: 'running',
  database: 'importing',
  paused: 'paused',
  deleted: 'deleted',
  purged: 'deleted',
}

export function planProject(site: Site, wanted: Wanted, seen: Observed): Plan {
  const state = STATES[wanted.mode]
  switch (wanted.mode) {
    case 'running': {
      const runtime = runtimeSteps(site, wanted, seen)
      const steps = [...baseSteps(wanted, seen), ...databaseSteps(site, wanted, seen), ...runtime.steps]
      return { state, steps, complete: runtime.complete }
    }
    case 'database': {
      const gone = awaySteps(seen.containers.filter(({ role }) => role === 'runtime'))
      return {
        state,
        steps: [...gone, ...baseSteps(wanted, seen), ...databaseSteps(site, wanted, seen)],
        complete: true,
      }
    }
    case 'paused':
      return { state, steps: pauseSteps(seen.containers), complete: true }
    case 'deleted':
      return { state, steps: deleteSteps(seen.containers), complete: true }
    case 'purged':
      return { state, steps: purgeSteps(seen), complete: true }
  }
}

/** Containers that bear our label and belong to no project that we know. */
export const planOrphan = (containers: readonly Container[]): Plan => ({
  state: 'deleted',
  steps: deleteSteps(containers),
  complete: true,
})

function baseSteps(wanted: Wanted, seen: Observed): ProjectStep[] {
  const steps: ProjectStep[] = []
  if (seen.unsound.length > 0) {
    steps.push({ do: 'directories.ensure', directories: seen.unsound, id: 'directories', after: [] })
  }
  if (seen.document !== wanted.document) {
    steps.push({ do: 'document.write', text: wanted.document, id: 'document', after: ['directories'] })
  }
  return steps
}

function databaseSteps(site: Site, wanted: Wanted, seen: Observed): ProjectStep[] {
  const name = dbName(site, wanted.ref)
  const spec = dbSpec(site, wanted)
  const databases = seen.containers.filter(({ role }) => role === 'db')
  const strays = databases.filter((container) => container.name !== name)
  const moves = movesTo(
    spec,
    databases.find((container) => container.name === name),
  )
  const steps = [
    ...awaySteps(strays),
    ...moveSteps('db', { spec, moves, after: [...idsAway(strays), 'directories'] }),
  ]
  if (moves.length === 0 && seen.prepared === wanted.preparation) return steps

  steps.push({ do: 'db.ready', name, id: 'db.ready', after: [`start ${name}`] })
  steps.push({ do: 'db.bootstrap', id: 'db.bootstrap', after: ['db.ready'] })
  if (wanted.mode === 'running' && wanted.template !== 'empty') {
    steps.push({ do: 'db.starter', id: 'db.starter', after: ['db.bootstrap'] })
  }
  return steps
}

const DATABASE_DONE = ['db.ready', 'db.bootstrap', 'db.starter']

function runtimeSteps(
  site: Site,
  wanted: Wanted,
  seen: Observed,
): { steps: ProjectStep[]; complete: boolean } {
  const replicas = replicasOf(site, wanted, seen)
  const known = new Set(replicas.map(({ container }) => container))
  const strays = seen.containers.filter((each) => each.role === 'runtime' && !known.has(each))
  const keep = replicas.filter(({ current }) => current).toSorted(preferring(seen.served))[0]
  const slot = keep?.slot ?? freeSlot(replicas, seen.served)
  const inTheWay = replicas.find((replica) => replica.slot === slot)

  const spec = runtimeSpec(site, wanted, slot)
  const moves = movesTo(spec, inTheWay?.container)
  const steps = moveSteps('runtime', { spec, moves, after: ['directories'], beforeStart: ['document'] })
  const ready = moves.length === 0 && seen.ready.has(slot)
  const readyId = `ready ${slot}`
  if (!ready) {
    steps.push({
      do: 'runtime.ready',
      slot,
      name: spec.name,
      id: readyId,
      after: [`start ${spec.name}`, ...DATABASE_DONE],
    })
  }

  const others = replicas.filter((replica) => replica.slot !== slot)
  // Until the edge sends requests to the new one, the old one is what answers them.
  const handedOver = ready && seen.served !== 'unknown'
  const leaving = others.filter(
    (other) => !isUp(other.container) || (handedOver && seen.served !== other.slot) || seen.served === 'none',
  )
  steps.push(...awaySteps([...strays, ...leaving.map(({ container }) => container)], [readyId]))
  return { steps, complete: ready && leaving.length === others.length && seen.served === slot }
}

const preferring = (served: Observed['served']) => (a: Replica, b: Replica) =>
  Number(b.ready) - Number(a.ready) ||
  Number(isUp(b.container)) - Number(isUp(a.container)) ||
  Number(b.slot === served) - Number(a.slot === served) ||
  a.slot - b.slot

/** A slot nobody is in; else the one that is not answering requests. */
function freeSlot(replicas: readonly Replica[], served: Observed['served']): number {
  const free = SLOTS.find((slot) => !replicas.some((replica) => replica.slot === slot))
  if (free !== undefined) return free
  const down = replicas.find(({ container }) => !isUp(container))
  const idle = down ?? replicas.find(({ slot }) => slot !== served)
  return idle?.slot ?? SLOTS[0]
}

type Moves = {
  spec: ContainerSpec
  moves: readonly Move[]
  after: readonly string[]
  beforeStart?: readonly string[]
}

function moveSteps(part: Part, { spec, moves, after, beforeStart = [] }: Moves): ProjectStep[] {
  return moves.map((move, at) => {
    const previous = moves[at - 1]
    const order = {
      id: `${move} ${spec.name}`,
      after: [
        ...after,
        ...(move === 'start' ? beforeStart : []),
        ...(previous ? [`${previous} ${spec.name}`] : []),
      ],
    }
    if (move === 'create') return { do: `${part}.create`, spec, ...order }
    return { do: `${part}.${move}`, name: spec.name, ...order }
  })
}

function awaySteps(containers: readonly Container[], after: readonly string[] = []): ProjectStep[] {
  return containers.flatMap((container) => {
    const part: Part = container.role === 'runtime' ? 'runtime' : 'db'
    return movesAway(container).map((move, at, moves): ProjectStep => {
      const previous = moves[at - 1]
      const order = {
        id: `${move} ${container.name}`,
        after: previous ? [...after, `${previous} ${container.name}`] : after,
      }
      return { do: `${part}.${move === 'stop' ? 'stop' : 'remove'}`, name: container.name, ...order }
    })
  })
}

const idsAway = (containers: readonly Container[]) => containers.map(({ name }) => `remove ${name}`)

/** Runtimes first: their last requests still need the database. */
function pauseSteps(containers: readonly Container[]): ProjectStep[] {
  const up = containers.filter(isUp)
  const stop = (part: Part, { name }: Container, after: readonly string[]): ProjectStep => ({
    do: `${part}.stop`,
    name,
    id: `stop ${name}`,
    after,
  })
  const runtimes = up.filter(({ role }) => role === 'runtime').map((each) => stop('runtime', each, []))
  const ids = runtimes.map(({ id }) => id)
  return [...runtimes, ...up.filter(({ role }) => role !== 'runtime').map((each) => stop('db', each, ids))]
}

function deleteSteps(containers: readonly Container[]): ProjectStep[] {
  const runtimes = containers.filter(({ role }) => role === 'runtime')
  const rest = containers.filter(({ role }) => role !== 'runtime')
  return [...awaySteps(runtimes), ...awaySteps(rest, idsAway(runtimes))]
}

function purgeSteps(seen: Observed): ProjectStep[] {
  const steps = deleteSteps(seen.containers)
  const away = idsAway(seen.containers)
  if (seen.files) steps.push({ do: 'files.remove', id: 'files', after: away })
  steps.push({ do: 'row.remove', id: 'row', after: [...away, 'files'] })
  return steps
}
