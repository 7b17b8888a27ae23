/** Keeps nginx serving what the projects' rows say, and nothing else. */
import { join } from 'node:path'
import type { Clock } from '@cascata/shared/clock'
import type { Domain } from '@cascata/shared/domain'
import type { Problem } from '@cascata/shared/problem'
import { EdgeConfigRefused, EdgeNotServing } from '@cascata/shared/problems/reconcile'
import { certificateFor } from '../../edge/certificates.ts'
import { placeholderOf, placeholdersOf } from '../../edge/placeholder.ts'
import { renderEdge } from '../../edge/render.ts'
import { CertificateName, type EdgeCertificate, routesOf } from '../../edge/site.ts'
import type { Container } from '../../engine/engine.ts'
import { edgeSpec } from '../../engine/spec.ts'
import { EDGE_UID } from '../../paths.ts'
import type { DomainRow } from '../../store/tables/domains.ts'
import type { CertificateRow } from '../../store/tables/certificates.ts'
import { Backoff } from '../backoff.ts'
import { type Mended, mendCertificates } from '../certificates/mend.ts'
import type { CertificatePairs } from '../certificates/pairs.ts'
import { servedOf } from '../certificates/served.ts'
import type { Effects } from '../effects.ts'
import type { Readiness } from '../projects/database-port.ts'
import { readySlots, type Served } from '../projects/observe.ts'
import type { ReconcilerStore } from '../projects/store-port.ts'
import type { Targets } from '../scale/targets.ts'
import { problemAt, type Task } from '../task.ts'
import { applyEdgeStep, type EdgeWorld } from './apply.ts'
import { CURRENT, listCandidates, readText, servedBy } from './candidates.ts'
import { ReloadPacing } from './pacing.ts'
import { type EdgeObserved, type EdgeStep, type EdgeWanted, planEdge } from './plan.ts'
import { edgeSiteOf } from './wanted.ts'
import { pairRefusedIn, pairsNamedIn, wholePairs } from './whole.ts'

const PACING = { firstMs: 1_000, maxMs: 60_000 }
/** Steps in which nginx reads all that it serves. */
const READS: ReadonlySet<EdgeStep['do']> = new Set(['edge.start', 'edge.reload'])

export type EdgeDeps = EdgeWorld & {
  store: Pick<ReconcilerStore, 'projects'> & {
    domains: { list(): Promise<DomainRow[]> }
    certificates: { list(): Promise<CertificateRow[]> }
  }
  pairs: CertificatePairs
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
  const pacing = new ReloadPacing(deps.clock.now())
  return {
    name: 'edge',
    everyMs: 10_000,
    trouble: () => trouble,
    async run(signal) {
      const mended = await mendCertificates(deps)
      const { wanted, seen } = await look(deps, mended)
      const steps = planEdge(wanted, seen)
      const { failed } = mended
      if (steps.length === 0) {
        trouble = null
        return { applied: mended.applied, failed }
      }
      const { digest } = wanted.rendered
      const againInMs =
        backoff.waitMs(digest, deps.clock.now()) || (await reloadWaitMs(deps, pacing, { wanted, steps }))
      if (againInMs > 0) return { applied: mended.applied, failed, againInMs }
      const applied = [...mended.applied]
      const sinceMs = deps.clock.now()
      let read = 0
      for (const step of steps) {
        signal.throwIfAborted()
        if (READS.has(step.do)) read = await deps.pairs.unread()
        if (step.do === 'edge.reload') pacing.reloaded(deps.clock.now())
        try {
          await deps.effects.run(`_system.${step.do}`, () => applyEdgeStep(deps, step))
        } catch (error) {
          backoff.failed(digest, deps.clock.now())
          trouble = problemAt(step.do, error)
          await setAside(deps, trouble, sinceMs)
          deps.changed()
          const again = backoff.waitMs(digest, deps.clock.now())
          return { applied, failed: [...failed, { what: step.do, error }], againInMs: again }
        }
        applied.push(step.do)
      }
      backoff.succeeded(digest)
      trouble = null
      await deps.pairs.read(read)
      deps.changed()
      return { applied, failed }
    },
  }
}

/** 0 as well where it cannot be said what the container uses: a change is worth more than the caution. */
async function reloadWaitMs(
  { engine, clock }: EdgeDeps,
  pacing: ReloadPacing,
  { wanted, steps }: { wanted: EdgeWanted; steps: readonly EdgeStep[] },
): Promise<number> {
  if (!steps.some((step) => step.do === 'edge.reload')) return 0
  const { name, limits } = wanted.spec
  return pacing.waitMs(clock.now(), {
    textBytes: wanted.rendered.text.length,
    limitBytes: limits.memoryBytes,
    usedBytes: () => engine.memoryBytes(name).catch(() => 0),
  })
}

/** A pair that nginx itself refused is not offered to it again: the next pass, which `changed` brings, goes without. */
async function setAside(deps: EdgeDeps, { code, cause }: Problem, sinceMs: number): Promise<void> {
  const isTested = code === EdgeConfigRefused().code && cause instanceof Error
  const said = isTested ? cause.message : code === EdgeNotServing().code ? await saidSince(deps, sinceMs) : ''
  const file = pairRefusedIn(said)
  if (file !== undefined) await deps.pairs.refuse(file)
}

const LINES_MAX = 100

/** One that starts, or reads its files again, has nobody to tell but its log. */
async function saidSince({ engine, site }: EdgeDeps, sinceMs: number): Promise<string> {
  const lines: string[] = []
  try {
    const options = { tail: LINES_MAX, follow: false, sinceMs }
    for await (const line of engine.logs(edgeSpec(site).name, options)) lines.push(line)
  } catch {
    // The step's own failure is what is told; the next one looks again.
  }
  return lines.join('\n')
}

/** What the edge serves now, by its own word. */
export const servedNow = async ({
  files,
  probe,
  site,
}: Pick<EdgeWorld, 'files' | 'probe' | 'site'>): Promise<Served> =>
  servedBy(files, site.paths, await probe.digest())

async function look(deps: EdgeDeps, mended: Mended): Promise<{ wanted: EdgeWanted; seen: EdgeObserved }> {
  const { files, site, probe, pairs } = deps
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
  const { checked, looked } = mended
  const held = servedOf(checked, looked, deps.clock.now())
  const certificateOf = (name: Domain, owner: string | null): EdgeCertificate => {
    const found = certificateFor({ name, owner }, deps.domain, held)
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
  const whole = wholePairs(mended, deps.domain)
  const known = { container, serving, whole, isRewritten: (await pairs.unread()) > 0 }
  return { wanted, seen: await observeEdge(deps, known) }
}

/** Asked only where there is a choice. */
async function ready(deps: EdgeDeps, ref: string, runtimes: readonly Container[]): Promise<Set<number>> {
  if (runtimes.length < 2) return new Set()
  return readySlots(deps.readiness, runtimes, deps.site.paths.project(ref).socket)
}

async function observeEdge(
  { files, site }: EdgeDeps,
  known: Pick<EdgeObserved, 'container' | 'serving' | 'whole' | 'isRewritten'>,
): Promise<EdgeObserved> {
  const { paths } = site
  const directories = [
    { path: paths.edge, uid: 0, gid: EDGE_UID, mode: 0o750 },
    { path: paths.edgeCertificates, uid: 0, gid: EDGE_UID, mode: 0o750 },
    { path: paths.edgeRun, uid: EDGE_UID, gid: EDGE_UID, mode: 0o750 },
  ]
  const [unsound, certificates, listed, current] = await Promise.all([
    files.unsound(directories),
    files.list(paths.edgeCertificates),
    listCandidates(files, paths),
    files.readLink(join(paths.edge, CURRENT)),
  ])
  const inUse = listed.find(({ name }) => name === current)
  const text = inUse ? await readText(files, paths, inUse) : null
  const candidates = listed.map((each) =>
    each === inUse && text === null ? { ...each, digest: null } : each,
  )
  return { ...known, unsound, certificates, candidates, current, named: pairsNamedIn(text ?? '') }
}
