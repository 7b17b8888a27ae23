/** Who answers in place of a server that does not run, for clients that come through the pooler. Pure. */
import { ProjectPaused } from '@cascata/shared/problems/projects'
import type { Container } from '../../engine/engine.ts'
import { dbName, type Site } from '../../engine/spec.ts'
import type { DirectRow } from './wanted.ts'

export type StandIn = {
  ref: string
  /** No container of its runs: somebody is to stand in now. */
  isDown: boolean
  socketDir: string
  /** What a client is told; null holds it, has the project woken, and passes it on. */
  refusal: string | null
}

/** All there may be now. The listeners themselves are elsewhere; one stays until its server has taken its place. */
export type StandIns = { set(possible: readonly StandIn[]): Promise<void> }

/**
 * For every server: it may be asleep, made anew, or paused. The pooler would remember that nobody listened there, and
 * refuse the next client at once.
 */
export function standInsFor(
  open: readonly DirectRow[],
  { containers, site }: { containers: readonly Container[]; site: Site },
): StandIn[] {
  const running = new Set(containers.flatMap(({ name, state }) => (state === 'running' ? [name] : [])))
  return open.map(({ ref, desired }) => ({
    ref,
    isDown: !running.has(dbName(site, ref)),
    socketDir: site.paths.project(ref).dbSocketDir,
    refusal: desired === 'paused' ? ProjectPaused(ref).message : null,
  }))
}
