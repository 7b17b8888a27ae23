/** What the edge should serve, from the rows of projects and domains and from what runs. Pure. */
import { ProjectSettings } from '@cascata/shared/contract/projects'
import { Domain } from '@cascata/shared/domain'
import { ProjectRef } from '@cascata/shared/ids'
import type { EdgeName, EdgeSite, ProjectSite } from '../../edge/site.ts'
import { ControlUrl, type EdgeCertificate, Network, Slot } from '../../edge/site.ts'
import type { Container } from '../../engine/engine.ts'
import type { Site } from '../../engine/spec.ts'
import type { ListedProject } from '../../store/projects.ts'
import type { DomainRow } from '../../store/tables/domains.ts'
import { countOf, replicaSettingsOf, replicasOf, servedSlots } from '../projects/replicas.ts'
import { modeOf, shapeOf } from '../projects/wanted.ts'

export type Seen = {
  containers: readonly Container[]
  ready: ReadonlySet<number>
  /** Slots served now. */
  served: ReadonlySet<number>
  /** How many replicas their load asks for, where that is known. */
  target: number | undefined
}

export type EdgeContext = {
  site: Site
  domain: Domain
  controlUrl: string
  trustedProxies: readonly string[]
  /** Which certificate is shown for a name. @param owner ref of the project whose name it is; null for the instance's own */
  certificateOf(name: Domain, owner: string | null): EdgeCertificate
}

export type SeenProject = {
  row: ListedProject
  seen: Seen
  /** Those that are proven to be the project's. */
  domains: readonly DomainRow[]
}

const WORKERS = 2

export function edgeSiteOf(context: EdgeContext, projects: readonly SeenProject[]): EdgeSite {
  const { site, domain, controlUrl, trustedProxies, certificateOf } = context
  return {
    domain,
    certificate: certificateOf(domain, null),
    controlUrl: ControlUrl.parse(controlUrl),
    httpPort: site.httpPort,
    httpsPort: site.httpsPort,
    http3: site.http3 === true,
    workers: WORKERS,
    trustedProxies: trustedProxies.map((network) => Network.parse(network)),
    projects: projects.flatMap((project) => projectSite(context, project) ?? []),
  }
}

function projectSite(context: EdgeContext, { row, seen, domains }: SeenProject): ProjectSite | undefined {
  // A row that no name check of ours let through must not cost the others their site.
  const ref = ProjectRef.safeParse(row.ref)
  if (!ref.success) return undefined
  const { edge } = ProjectSettings.parse(row.settings)
  const own = {
    ref: ref.data,
    names: [
      nameOf(context, {
        ...{ ref: ref.data, name: `${ref.data}.${context.domain}` },
        ...{ httpsOnly: edge.httpsOnly, redirectTo: null },
      }),
      ...domains.map((each) => nameOf(context, each)),
    ],
    bodyBytesMax: row.limits.body_bytes_max,
    hstsMaxAgeS: edge.hstsMaxAgeS,
    maintenance: edge.maintenance,
  }
  // The time of purge makes no difference here: deleted is deleted.
  switch (modeOf(row, 0)) {
    // Asleep, it has the same site: whoever connects finds nobody there and is passed on to the activator.
    case 'asleep':
    case 'running': {
      const count = countOf(replicaSettingsOf(row), seen.target, seen.containers)
      const slots = servedSlots(replicasOf(context.site, shapeOf(row), seen), { count, served: seen.served })
      return { ...own, answer: { slots: slots.map((slot) => Slot.parse(slot)) } }
    }
    case 'held':
      // As it was: requests come to a closed door, and are served again once it opens, without a reload.
      if (row.desired === 'paused') return { ...own, answer: 'paused' }
      return { ...own, answer: { slots: asServed(seen.served).map((slot) => Slot.parse(slot)) } }
    case 'database':
      return { ...own, answer: 'importing' }
    case 'paused':
      return { ...own, answer: 'paused' }
    default:
      return undefined
  }
}

/** Never none: a project that was never served has its first slot. */
const asServed = (served: ReadonlySet<number>): number[] =>
  served.size === 0 ? [1] : [...served].toSorted((a, b) => a - b)

function nameOf(
  { certificateOf }: EdgeContext,
  { ref, name: text, httpsOnly, redirectTo }: Pick<DomainRow, 'ref' | 'name' | 'httpsOnly' | 'redirectTo'>,
): EdgeName {
  const name = Domain.parse(text)
  return {
    ...{ name, httpsOnly, certificate: certificateOf(name, ref) },
    redirectTo: redirectTo === null ? null : Domain.parse(redirectTo),
  }
}
