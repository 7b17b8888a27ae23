/**
 * A project's runtime containers, judged: which are made from the present spec, and which one the edge should serve.
 * Pure. Replicas take the slots 1 and 2 in turn, so that a new one is up before the old one goes.
 */
import type { Container, ContainerSpec } from '../../engine/engine.ts'
import { type ProjectShape, runtimeSpec, type Site, slotOf, specHash } from '../../engine/spec.ts'
import { isUp } from '../containers.ts'

export type Replica = {
  slot: number
  container: Container
  spec: ContainerSpec
  /** Made from the present spec. */
  current: boolean
  ready: boolean
}

export const SLOTS = [1, 2] as const

export function replicasOf(
  site: Site,
  shape: ProjectShape,
  seen: { containers: readonly Container[]; ready: ReadonlySet<number> },
): Replica[] {
  return seen.containers.flatMap((container) => {
    const slot = slotOf(container.name)
    if (container.role !== 'runtime' || container.project !== shape.ref) return []
    if (slot === undefined || !SLOTS.some((each) => each === slot)) return []
    const spec = runtimeSpec(site, shape, slot)
    const current = container.state !== 'dead' && container.spec === specHash(spec)
    const ready = container.state === 'running' && seen.ready.has(slot)
    return [{ slot, container, spec, current, ready }]
  })
}

/** The replica requests should reach: current and ready before current and up before anything; the one served now among equals. */
export function bestReplica(replicas: readonly Replica[], served: number | null): Replica | undefined {
  const rank = (replica: Replica) =>
    (replica.ready ? 8 : 0) +
    (replica.current ? 4 : 0) +
    (isUp(replica.container) ? 2 : 0) +
    (replica.slot === served ? 1 : 0)
  return replicas.toSorted((a, b) => rank(b) - rank(a) || a.slot - b.slot)[0]
}
