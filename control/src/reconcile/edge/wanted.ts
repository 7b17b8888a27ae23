/** What the edge should serve, from the projects' rows and their runtimes. Pure. */

import type { Domain } from '@cascata/shared/domain'
import { ProjectRef } from '@cascata/shared/ids'
import type { EdgeSite, ProjectSite } from '../../edge/site.ts'
import { ControlUrl, Slot } from '../../edge/site.ts'
import type { Container } from '../../engine/engine.ts'
import type { Site } from '../../engine/spec.ts'
import type { ProjectRow } from '../../store/tables/projects.ts'
import { bestReplica, replicasOf, SLOTS } from '../projects/replicas.ts'
import { modeOf, shapeOf } from '../projects/wanted.ts'

export type Seen = {
  containers: readonly Container[]
  ready: ReadonlySet<number>
  /** Slot served now. */
  served: number | null
}

const WORKERS = 2

export function edgeSiteOf(
  site: Site,
  { domain, controlUrl }: { domain: Domain; controlUrl: string },
  projects: readonly { row: ProjectRow; seen: Seen }[],
): EdgeSite {
  return {
    domain,
    controlUrl: ControlUrl.parse(controlUrl),
    workers: WORKERS,
    projects: projects.flatMap(({ row, seen }) => projectSite(site, row, seen) ?? []),
  }
}

function projectSite(site: Site, row: ProjectRow, seen: Seen): ProjectSite | undefined {
  // A row that no name check of ours let through must not cost the others their site.
  const ref = ProjectRef.safeParse(row.ref)
  if (!ref.success) return undefined
  const own = { ref: ref.data, bodyBytesMax: row.limits.body_bytes_max }
  // The time of purge makes no difference here: deleted is deleted.
  switch (modeOf(row, 0)) {
    case 'running': {
      const best = bestReplica(replicasOf(site, shapeOf(row), seen), seen.served)
      // The site stands before its runtime does, so that nothing is left to do here once that is ready.
      return { ...own, answer: { slots: [Slot.parse(best?.slot ?? SLOTS[0])] } }
    }
    case 'database':
      return { ...own, answer: 'importing' }
    case 'paused':
      return { ...own, answer: 'paused' }
    default:
      return undefined
  }
}
