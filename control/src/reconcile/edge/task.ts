/** Keeps nginx serving what the projects' rows say, and nothing else. */
import { join } from 'node:path'
import type { Clock } from '@cascata/shared/clock'
import type { Domain } from '@cascata/shared/domain'
import type { Problem } from '@cascata/shared/problem'
import { certificateFor, type ServedCertificate } from '../../edge/certificates.ts'
import { placeholderOf, placeholdersOf } from '../../edge/placeholder.ts'
import { renderEdge } from '../../edge/render.ts'
import { CertificateName, type EdgeCertificate, routesOf } from '../../edge/site.ts'
import type { Container } from '../../engine/engine.ts'
import { edgeSpec } from '../../engine/spec.ts'
import { EDGE_UID } from '../../paths.ts'
import type { DomainRow } from '../../store/tables/domains.ts'
import { Backoff } from '../backoff.ts'
import type { Effects } from '../effects.ts'
import type { Readiness } from '../projects/database-port.ts'
import { readySlots, type Served } from '../projects/observe.ts'
import type { ReconcilerStore } from '../projects/store-port.ts'
import type { Targets } from '../scale/targets.ts'
import { type Pass, problemAt, settled, type Task } from '../task.ts'
import { applyEdgeStep, type EdgeWorld } from './apply.ts'
import { CURRENT, listCandidates, servedBy } from './candidates.ts'
import { type EdgeObserved, type EdgeWanted, planEdge } from './plan.ts'
import { edgeSiteOf } from './wanted.ts'

const PACING = { firstMs: 1_000, maxMs: 60_000 }

export type EdgeDeps = EdgeWorld & {
  store: Pick<ReconcilerStore, 'projects'> & { domains: { list(): Promise<DomainRow[]> } }
  /** Those that may be shown for names, beside placeholders. */
  certificates(): Promise<readonly ServedCertificate[]>
  readiness: Readiness
  effects: Effects
  targets: Targets
  /** The edge serves something else than before, or cannot: whoever waits for it is to look again. */
  changed(): void
  clock: Clock
  random(): number
}

export type EdgeTask = Task & {
  /** Why the edge does not serve what it should; null when it does, as far as is known. */
  trouble(): Problem | null
}

export function edgeTask(deps: EdgeDeps): EdgeTask {
  let trouble: Problem | null = null
  // Keyed by what was tried: a new intent is tried at once.
  const backoff = new Backoff(PACING, deps.random)
  return {
    name: 'edge',
    everyMs: 10_000,
    trouble: () => trouble,
    async run(signal) {
      const { wanted, seen } = await look(deps)
      const steps = planEdge(wanted, seen)
      if (steps.length === 0) {
        trouble = null
        return settled
      }
      const { digest } = wanted.rendered
      const againInMs = backoff.waitMs(digest, deps.clock.now())
      if (againInMs > 0) return { ...settled, againInMs }
      const applied: string[] = []
      for (const step of steps) {
        signal.throwIfAborted()
        try {
          await deps.effects.run(`_system.${step.do}`, () => applyEdgeStep(deps, step))
        } catch (error) {
          backoff.failed(digest, deps.clock.now())
          trouble = problemAt(step.do, error)
          deps.changed()
          return failedAt(step.do, error, { applied, againInMs: backoff.waitMs(digest, deps.clock.now()) })
        }
        applied.push(step.do)
      }
      backoff.succeeded(digest)
      trouble = null
      deps.changed()
      return { applied, failed: [] }
    },
  }
}

const failedAt = (what: string, error: unknown, rest: { applied: string[]; againInMs: number }): Pass => ({
  ...rest,
  failed: [{ what, error }],
})

/** What the edge serves now, by its own word. */
export const servedNow = async ({ files, probe, site }: EdgeWorld): Promise<Served> =>
  servedBy(files, site.paths, await probe.digest())

async function look(deps: EdgeDeps): Promise<{ wanted: EdgeWanted; seen: EdgeObserved }> {
  const { files, site, probe } = deps
  const [rows, domains] = await Promise.all([deps.store.projects.list(), deps.store.domains.list()])
  const [containers, serving] = await Promise.all([deps.engine.list(), probe.digest()])
  const served = await servedBy(files, site.paths, serving)
  const byRef = Map.groupBy(containers, ({ project }) => project)
  const proven = Map.groupBy(
    domains.filter(({ verifiedAt }) => verifiedAt !== null),
    ({ ref }) => ref,
  )
  const projects = await Promise.all(
    rows.map(async (row) => {
      const own = (byRef.get(row.ref) ?? []).filter(({ role }) => role === 'runtime')
      const seen = {
        containers: own,
        ready: await ready(deps, row.ref, own),
        served: served?.get(row.ref) ?? new Set<number>(),
        target: deps.targets.of(row.ref),
      }
      return { row, seen, domains: proven.get(row.ref) ?? [] }
    }),
  )
  const held = await deps.certificates()
  const certificateOf = (name: Domain): EdgeCertificate => {
    const found = certificateFor(name, held)
    return found
      ? { name: CertificateName.parse(found.file), trusted: found.trusted }
      : placeholderOf(deps.domain, name)
  }
  const edge = edgeSiteOf({ ...deps, certificateOf }, projects)
  const spec = edgeSpec(site)
  const wanted = {
    ...{ rendered: renderEdge(edge), routes: routesOf(edge) },
    ...{ placeholders: placeholdersOf(edge), spec },
  }
  const container = containers.find(({ name }) => name === spec.name)
  return { wanted, seen: await observeEdge(deps, container, serving) }
}

/** Asked only where there is a choice. */
async function ready(deps: EdgeDeps, ref: string, runtimes: readonly Container[]): Promise<Set<number>> {
  if (runtimes.length < 2) return new Set()
  return readySlots(deps.readiness, runtimes, deps.site.paths.project(ref).socket)
}

async function observeEdge(
  { files, site }: EdgeDeps,
  container: Container | undefined,
  serving: string | null,
): Promise<EdgeObserved> {
  const { paths } = site
  const directories = [
    { path: paths.edge, uid: 0, gid: EDGE_UID, mode: 0o750 },
    { path: paths.edgeCertificates, uid: 0, gid: EDGE_UID, mode: 0o750 },
    { path: paths.edgeRun, uid: EDGE_UID, gid: EDGE_UID, mode: 0o750 },
  ]
  const [unsound, certificates, candidates, current] = await Promise.all([
    files.unsound(directories),
    files.list(paths.edgeCertificates),
    listCandidates(files, paths),
    files.readLink(join(paths.edge, CURRENT)),
  ])
  return { container, unsound, certificates, candidates, current, serving }
}
