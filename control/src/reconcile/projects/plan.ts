/**
 * Compares what a project should be with what was seen of it, and lists the steps between. Pure.
 *
 * Each step names those it comes after; all others may run beside it. A plan without steps that is `complete` says
 * that the project is as it should be; without steps and not complete, it waits for the edge.
 */
import type { ProjectState } from '@cascata/shared/contract/projects'
import type { Directory } from '../../adapters/files.ts'
import type { Container, ContainerSpec } from '../../engine/engine.ts'
import { dbName, dbSpec, runtimeSpec, type Site, slotOf } from '../../engine/spec.ts'
import { type AwayMove, type Move as ContainerMove, isUp, movesAway, movesTo } from '../containers.ts'
import { countOf, freeSlots, keptOf, type Replica, replicasOf, servedSlots } from './replicas.ts'
import type { Mode, Wanted } from './wanted.ts'

export type Observed = {
  containers: readonly Container[]
  /** Those of the wanted directories that are absent or another's. */
  unsound: readonly Directory[]
  document: string | null
  /** Slots whose runtime answered ready. */
  ready: ReadonlySet<number>
  /** Slots whose runtime runs and has not answered for a while. */
  hung: ReadonlySet<number>
  /** The preparation the database is known to have had. */
  prepared: string | null
  /** Slots the edge serves; `none`: it has no such site; `unknown`: it does not answer. */
  served: ReadonlySet<number> | 'none' | 'unknown'
  /** Anything of it on the disk. */
  files: boolean
}

type Part = 'db' | 'runtime'
type Move = ContainerMove | 'kill'
type Act =
  | { do: 'directories.ensure'; directories: readonly Directory[] }
  | { do: 'document.write'; text: string }
  | { do: `${Part}.create`; spec: ContainerSpec }
  | { do: `${Part}.${'start' | 'stop' | 'remove'}`; name: string }
  | { do: 'runtime.kill'; name: string }
  | { do: 'db.ready'; name: string }
  | { do: 'db.bootstrap' | 'db.starter' | 'files.remove' | 'row.remove' }
  | { do: 'runtime.ready'; slot: number; name: string }
  | { do: `runtime.${'connect' | 'disconnect'}`; name: string; bridge: string }

export type ProjectStep = Act & { id: string; after: readonly string[] }

export type Plan = {
  steps: ProjectStep[]
  complete: boolean
  /** What the project is called once the plan is complete and empty. */
  state: ProjectState
}

const STATES: Record<Mode, ProjectState> = {
  running: 'running',
  asleep: 'asleep',
  database: 'importing',
  held: 'upgrading',
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
    case 'asleep':
      // What it will be started with is kept up to date: a wake has nothing to write.
      return { state, steps: [...baseSteps(wanted, seen), ...pauseSteps(seen.containers)], complete: true }
    case 'held':
      return { state, steps: [], complete: true }
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
  // One that was only stopped has what it had.
  if (!moves.includes('create') && seen.prepared === wanted.preparation) return steps
  steps.push({ do: 'db.bootstrap', id: 'db.bootstrap', after: ['db.ready', 'document'] })
  if (wanted.mode === 'running' && wanted.template !== 'empty') {
    steps.push({ do: 'db.starter', id: 'db.starter', after: ['db.bootstrap'] })
  }
  return steps
}

const DATABASE_DONE = ['db.ready', 'db.bootstrap', 'db.starter']

const NOBODY: ReadonlySet<number> = new Set()

/**
 * Replicas of an older spec are replaced one after the other: a new one is made beside them, the edge takes it up in
 * place of an old one, and that one is ended once nobody is sent to it. Where none of them runs, all are made at once.
 */
function runtimeSteps(
  site: Site,
  wanted: Wanted,
  seen: Observed,
): { steps: ProjectStep[]; complete: boolean } {
  const replicas = replicasOf(site, wanted, seen)
  const served = typeof seen.served === 'string' ? NOBODY : seen.served
  const goal = { count: countOf(wanted.replicas, wanted.replicas.target, seen.containers), served }
  const kept = keptOf(replicas, goal)
  const others = replicas.filter((replica) => !kept.includes(replica))

  const lacking = goal.count - kept.length
  const running = kept.length + others.filter(({ container }) => isUp(container)).length
  const slots = freeSlots(replicas, Math.min(lacking, Math.max(0, goal.count + 1 - running)))
  const made = slots.map((slot) => startSteps({ slot, spec: runtimeSpec(site, wanted, slot), ready: false }))
  const started = kept.map((replica) => startSteps({ ...replica, hung: seen.hung.has(replica.slot) }))
  const steps = [...started, ...made].flat()

  // Until the edge sends requests to another one, an old one is what answers them.
  const needed = new Set(seen.served === 'none' ? [] : servedSlots(replicas, goal))
  const isLeft = ({ slot }: { slot: number }) =>
    seen.served !== 'unknown' && !served.has(slot) && !needed.has(slot)
  const leaving = others.filter((other) => !isUp(other.container) || isLeft(other))
  const isStray = ({ role, name }: Container) => role === 'runtime' && slotOf(name) === undefined
  const away = [...seen.containers.filter(isStray), ...leaving.map(({ container }) => container)]
  const isReady = lacking === 0 && steps.length === 0
  const isServed = kept.length === served.size && kept.every(({ slot }) => served.has(slot))
  return {
    steps: [
      ...steps,
      ...awaySteps(away, {
        after: steps.flatMap(({ do: what, id }) => (what === 'runtime.ready' ? [id] : [])),
        hung: seen.hung,
      }),
    ],
    complete: isReady && isServed && leaving.length === others.length,
  }
}

type Startable = Pick<Replica, 'slot' | 'spec' | 'ready'> & { container?: Container; hung?: boolean }

/** What is left to do until it answers. One that hangs hears no signal that asks it to end. */
function startSteps({ slot, spec, container, ready, hung = false }: Startable): ProjectStep[] {
  const moves: Move[] = hung && !ready ? ['kill', 'start'] : movesTo(spec, container)
  const joined = joinSteps(spec, moves.includes('create') ? undefined : container)
  if (moves.length === 0 && ready) return joined
  const steps = moveSteps('runtime', { spec, moves, after: ['directories'], beforeStart: ['document'] })
  const after = [`start ${spec.name}`, ...DATABASE_DONE]
  const readiness: ProjectStep = { do: 'runtime.ready', slot, name: spec.name, id: `ready ${slot}`, after }
  return [...steps, readiness, ...joined.map((step) => ({ ...step, after: [readiness.id] }))]
}

/** One that slept was taken off its network: without one it starts sooner, and what it is woken for needs none. */
function joinSteps({ name, network }: ContainerSpec, container: Container | undefined): ProjectStep[] {
  if (container === undefined || network === 'none' || container.networks.includes(network.bridge)) return []
  return [{ do: 'runtime.connect', name, bridge: network.bridge, id: `connect ${name}`, after: [] }]
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
    if (move === 'kill') return { do: 'runtime.kill', name: spec.name, ...order }
    return { do: `${part}.${move}`, name: spec.name, ...order }
  })
}

type Leaving = { after?: readonly string[]; hung?: ReadonlySet<number> }

function awaySteps(
  containers: readonly Container[],
  { after = [], hung = NOBODY }: Leaving = {},
): ProjectStep[] {
  return containers.flatMap((container) => {
    const part: Part = container.role === 'runtime' ? 'runtime' : 'db'
    // What hangs is not asked to end first: it is removed as it is.
    const isHung = part === 'runtime' && hung.has(slotOf(container.name) ?? 0)
    const all: readonly AwayMove[] = isHung ? ['remove'] : movesAway(container)
    return all.map((move, at, moves): ProjectStep => {
      const previous = moves[at - 1]
      const order = {
        id: `${move} ${container.name}`,
        after: previous ? [...after, `${previous} ${container.name}`] : after,
      }
      return { do: `${part}.${move}`, name: container.name, ...order }
    })
  })
}

const idsAway = (containers: readonly Container[]) => containers.map(({ name }) => `remove ${name}`)

/** Runtimes first: their last requests still need the database. Then they are off their network until they are needed. */
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
  const parted = containers
    .filter(({ role }) => role === 'runtime')
    .flatMap(({ name, networks }) =>
      networks.map((bridge): ProjectStep => {
        const id = `disconnect ${name} ${bridge}`
        return { do: 'runtime.disconnect', name, bridge, id, after: [`stop ${name}`] }
      }),
    )
  const rest = up.filter(({ role }) => role !== 'runtime').map((each) => stop('db', each, ids))
  return [...runtimes, ...rest, ...parted]
}

function deleteSteps(containers: readonly Container[]): ProjectStep[] {
  const runtimes = containers.filter(({ role }) => role === 'runtime')
  const rest = containers.filter(({ role }) => role !== 'runtime')
  return [...awaySteps(runtimes), ...awaySteps(rest, { after: idsAway(runtimes) })]
}

function purgeSteps(seen: Observed): ProjectStep[] {
  const steps = deleteSteps(seen.containers)
  const away = idsAway(seen.containers)
  if (seen.files) steps.push({ do: 'files.remove', id: 'files', after: away })
  steps.push({ do: 'row.remove', id: 'row', after: [...away, 'files'] })
  return steps
}
