/**
 * A project's runtime containers, judged: which are made from the present spec, which stay, and which the edge sends
 * requests to. Pure.
 *
 * The edge's reconciler and the projects' decide by the same functions: a replica is ended only when neither the edge
 * nor this file would send it anything.
 */
import { ReplicaSettings } from '@cascata/shared/contract/replica-settings'
import type { Container, ContainerSpec } from '../../engine/engine.ts'
import { type ProjectShape, runtimeSpec, type Site, slotOf, specHash } from '../../engine/spec.ts'
import type { ProjectRow } from '../../store/tables/projects.ts'
import { isUp } from '../containers.ts'

export type Replica = {
  slot: number
  container: Container
  spec: ContainerSpec
  /** Made from the present spec. */
  current: boolean
  ready: boolean
}

export function replicasOf(
  site: Site,
  shape: ProjectShape,
  seen: { containers: readonly Container[]; ready: ReadonlySet<number> },
): Replica[] {
  return seen.containers.flatMap((container) => {
    const slot = slotOf(container.name)
    if (container.role !== 'runtime' || container.project !== shape.ref || slot === undefined) return []
    const spec = runtimeSpec(site, shape, slot)
    const current = container.state !== 'dead' && container.spec === specHash(spec)
    const ready = container.state === 'running' && seen.ready.has(slot)
    return [{ slot, container, spec, current, ready }]
  })
}

/** Of a row written before there were replicas, too. */
export const replicaSettingsOf = ({ settings }: Pick<ProjectRow, 'settings'>): ReplicaSettings =>
  ReplicaSettings.parse(settings.replicas ?? {})

/** How many there should be: what was decided by their load, else as many as run, within what the project allows. */
export function countOf(
  { min, max }: ReplicaSettings,
  target: number | undefined,
  containers: readonly Container[],
): number {
  const running = containers.filter((container) => container.role === 'runtime' && isUp(container)).length
  return Math.min(max, Math.max(min, target ?? running))
}

type Goal = { count: number; served: ReadonlySet<number> }

/** Those of the present spec that stay, best first. */
export const keptOf = (replicas: readonly Replica[], { count, served }: Goal): Replica[] =>
  replicas
    .filter(({ current }) => current)
    .toSorted(byWorth(served))
    .slice(0, count)

/**
 * Slots that requests should reach; never none. One that is served stays although it is not ready: a request that it
 * refuses goes to the next one at once, and a change of the edge for each hiccup would cost more. Of an older spec as
 * many are served as ready ones are lacking, so the last of them leaves when all new ones answer.
 */
export function servedSlots(replicas: readonly Replica[], { count, served }: Goal): number[] {
  const kept = keptOf(replicas, { count, served })
  const isFit = ({ slot, ready }: Replica) => ready || served.has(slot)
  const lacking = Math.max(0, count - kept.filter(({ ready }) => ready).length)
  const old = replicas
    .filter((replica) => !replica.current && isUp(replica.container) && isFit(replica))
    .toSorted(byWorth(served))
    .slice(0, lacking)
  const rest = replicas.toSorted(byWorth(served))
  const choices = [
    [...kept.filter(isFit), ...old],
    rest.filter(({ slot }) => served.has(slot)).slice(0, count),
    kept,
    rest.filter(({ container }) => isUp(container)).slice(0, count),
  ]
  const found = choices.find((choice) => choice.length > 0)?.map(({ slot }) => slot)
  // Before the first one is there: the slots that are going to be taken, so that nothing is left to do then.
  const slots = found ?? Array.from({ length: count }, (_, at) => at + 1)
  return slots.toSorted((a, b) => a - b)
}

const byWorth = (served: ReadonlySet<number>) => (a: Replica, b: Replica) =>
  Number(b.ready) - Number(a.ready) ||
  Number(isUp(b.container)) - Number(isUp(a.container)) ||
  Number(served.has(b.slot)) - Number(served.has(a.slot)) ||
  a.slot - b.slot

/** So many slots that nobody is in, lowest first. */
export function freeSlots(replicas: readonly Replica[], count: number): number[] {
  const taken = new Set(replicas.map(({ slot }) => slot))
  const free: number[] = []
  for (let slot = 1; free.length < count; slot++) if (!taken.has(slot)) free.push(slot)
  return free
}
