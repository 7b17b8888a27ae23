/** The moves that bring one container to its spec, whatever state it is found in. Pure. */
import type { Container, ContainerSpec } from '../engine/engine.ts'
import { specHash } from '../engine/spec.ts'

export type AwayMove = 'stop' | 'remove'
export type Move = AwayMove | 'create' | 'start'

export function movesTo(spec: ContainerSpec, found: Container | undefined): Move[] {
  if (!found) return ['create', 'start']
  if (found.state === 'dead') return ['remove', 'create', 'start']
  if (found.spec !== specHash(spec)) return [...movesAway(found), 'create', 'start']
  if (found.state === 'running') return []
  // Paused or restarting is nothing we do: a stop brings it to a state that we know.
  return found.state === 'paused' || found.state === 'restarting' ? ['stop', 'start'] : ['start']
}

export const movesAway = (found: Container): AwayMove[] => (isUp(found) ? ['stop', 'remove'] : ['remove'])

/** Has processes that want to be stopped in peace. */
export const isUp = ({ state }: Container): boolean =>
  state === 'running' || state === 'paused' || state === 'restarting'
