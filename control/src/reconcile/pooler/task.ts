/** Keeps the pooler letting in whom the projects' rows say, and nobody else; and away while none says so. */
import { createHash } from 'node:crypto'
import { join } from 'node:path'
import type { Clock } from '@cascata/shared/clock'
import type { ProjectSecrets } from '@cascata/shared/contract/projects'
import type { Domain } from '@cascata/shared/domain'
import type { Problem } from '@cascata/shared/problem'
import { covers } from '../../acme/chain.ts'
import { judgePair } from '../../acme/pair.ts'
import { certificateFor, type ServedCertificate } from '../../edge/certificates.ts'
import { placeholderOf } from '../../edge/placeholder.ts'
import type { Container } from '../../engine/engine.ts'
import { poolerNetwork, poolerSpec, systemName } from '../../engine/spec.ts'
import { POOLER_UID } from '../../paths.ts'
import { type RenderedPooler, renderPooler } from '../../pooler/render.ts'
import type { ProjectRow } from '../../store/tables/projects.ts'
import { Backoff } from '../backoff.ts'
import { pairPaths, readPair } from '../certificates/pair-files.ts'
import type { Candidate } from '../edge/plan.ts'
import type { Effects } from '../effects.ts'
import type { ReconcilerStore } from '../projects/store-port.ts'
import { socketDirectory } from '../projects/wanted.ts'
import { type Pass, problemAt, settled, type Task } from '../task.ts'
import { areWhole } from '../written.ts'
import { applyPoolerStep, type PoolerWorld } from './apply.ts'
import { CURRENT, listCandidates, readUsers } from './candidates.ts'
import { type PoolerObserved, type PoolerWanted, planPooler } from './plan.ts'
import { type StandIns, standInsFor } from './stand-ins.ts'
import { type DirectRow, entryOf, isOpen } from './wanted.ts'

const PACING = { firstMs: 1_000, maxMs: 60_000 }
const AGAIN_FOR_A_CERTIFICATE_MS = 1_000

export type PoolerDeps = PoolerWorld & {
  store: Pick<ReconcilerStore, 'projects'>
  domain: Domain
  /** Those that the edge may serve with: the pooler shows the domain's, as the edge does. */
  certificates(): Promise<readonly ServedCertificate[]>
  /** Somebody is at work in this project now: it is not to fall asleep. */
  touch(ref: string): Promise<void>
  effects: Effects
  standIns: StandIns
  openSecrets(row: Pick<ProjectRow, 'ref' | 'secrets'>): ProjectSecrets
  /** The one that a server is given for this password. */
  verifierOf(password: string): Promise<string>
  /** The pooler serves something else than before, or cannot: whoever waits for it is to look again. */
  changed(): void
  clock: Clock
  random(): number
}

export type PoolerTask = Task & {
  /** Whether the pooler serves this row as it is: lets it in where it should, and nowhere else. */
  serves(row: DirectRow): boolean
  /** Why the pooler does not serve what it should; null when it does, as far as is known. */
  trouble(): Problem | null
}

export function poolerTask(deps: PoolerDeps): PoolerTask {
  let trouble: Problem | null = null
  /** What is known to be served, by ref; null until a pass has seen it. */
  let known: ReadonlyMap<string, string> | null = null
  const backoff = new Backoff(PACING, deps.random)
  const told = (rows: readonly DirectRow[]) => {
    const now = new Map(rows.filter(isOpen).map((row) => [row.ref, fingerprint(row)]))
    const isNews =
      trouble !== null || known === null || ![...now].every(([ref, is]) => known?.get(ref) === is)
    const isLess = known !== null && known.size !== now.size
    trouble = null
    known = now
    if (isNews || isLess) deps.changed()
  }
  return {
    name: 'pooler',
    everyMs: 10_000,
    serves: (row) => (isOpen(row) ? known?.get(row.ref) === fingerprint(row) : known?.has(row.ref) !== true),
    trouble: () => trouble,
    async run(signal) {
      const rows = await deps.store.projects.list()
      const looked = await look(deps, rows)
      if (!looked) return { ...settled, againInMs: AGAIN_FOR_A_CERTIFICATE_MS }
      const { wanted, seen } = looked
      const steps = planPooler(wanted, seen)
      if (steps.length === 0) {
        told(rows)
        return settled
      }
      // Keyed by what was tried: a new intent is tried at once.
      const key = wanted?.rendered.digest ?? 'none'
      const againInMs = backoff.waitMs(key, deps.clock.now())
      if (againInMs > 0) return { ...settled, againInMs }
      const applied: string[] = []
      for (const step of steps) {
        signal.throwIfAborted()
        try {
          await deps.effects.run(`_system.${step.do}`, () => applyPoolerStep(deps, step))
        } catch (error) {
          backoff.failed(key, deps.clock.now())
          trouble = problemAt(step.do, error)
          deps.changed()
          const failed: Pass['failed'] = [{ what: step.do, error }]
          return { applied, failed, againInMs: backoff.waitMs(key, deps.clock.now()) }
        }
        applied.push(step.do)
      }
      backoff.succeeded(key)
      told(rows)
      return { applied, failed: [] }
    },
  }
}

/** Of all that an entry is made from. */
const fingerprint = ({ settings, secrets, desired }: DirectRow): string =>
  createHash('sha256')
    .update(JSON.stringify([settings.direct, secrets, desired]))
    .digest('hex')

type Looked = { wanted: PoolerWanted | null; seen: PoolerObserved }

/** Undefined while there is no certificate yet, or a damaged one: the edge makes it. */
async function look(deps: PoolerDeps, rows: readonly ProjectRow[]): Promise<Looked | undefined> {
  const { engine, files, site, domain } = deps
  const open = rows.filter(isOpen)
  const containers = await engine.list()
  await deps.standIns.set(standInsFor(open, { containers, site }))
  const container = containers.find(({ name }) => name === systemName(site, 'pooler'))
  const seen = await observe(deps, container, open)
  if (seen.serving !== null) for (const ref of await deps.probe.inUse()) await deps.touch(ref)
  if (open.length === 0) return { wanted: null, seen }
  const held = certificateFor({ name: domain, owner: null }, domain, await deps.certificates())
  const pair = await readPair(files, pairPaths(site.paths, held?.file ?? placeholderOf(domain, domain).name))
  if (typeof pair === 'string') return undefined
  const judged = judgePair(pair)
  if (judged.fault !== null || !covers(judged.names, domain)) return undefined
  const gateway = await engine.networkGateway(poolerNetwork(site))
  const entries = await Promise.all(open.map((row) => entryOf(row, { ...deps, gateway })))
  const rendered = renderPooler({ ...pair, entries: entries.filter((entry) => entry !== undefined) })
  const candidates = await distrusted(deps, { seen, rendered })
  return { wanted: { rendered, spec: poolerSpec(site) }, seen: { ...seen, candidates } }
}

/** One whose files are not as they were written, or are shut to it, is half a candidate: PgBouncer would not start on it. */
async function distrusted(
  { files, site }: PoolerDeps,
  { seen, rendered }: { seen: PoolerObserved; rendered: RenderedPooler },
): Promise<readonly Candidate[]> {
  const current = seen.candidates.find(({ name }) => name === seen.current)
  if (current?.digest !== rendered.digest) return seen.candidates
  const folder = join(site.paths.pooler, current.name)
  if (await areWhole(files, { folder, texts: rendered.files, reader: POOLER_UID })) return seen.candidates
  return seen.candidates.map((each) => (each === current ? { ...each, digest: null } : each))
}

async function observe(
  { files, site, probe }: PoolerDeps,
  container: Container | undefined,
  open: readonly DirectRow[],
): Promise<PoolerObserved> {
  const { paths } = site
  const directories = [
    { path: paths.pooler, uid: 0, gid: POOLER_UID, mode: 0o750 },
    { path: paths.poolerRun, uid: POOLER_UID, gid: POOLER_UID, mode: 0o750 },
    // Those of the others are the projects reconciler's, which does nothing for one that is paused.
    ...open.filter(({ desired }) => desired === 'paused').map((row) => socketDirectory(row, paths)),
  ]
  const sockets = open.map(({ ref }) => paths.project(ref).dbSocket)
  const [unsound, groups, candidates, current, serving, entered] = await Promise.all([
    open.length > 0 ? files.unsound(directories) : [],
    Promise.all(sockets.map((socket) => files.groupOf(socket))),
    listCandidates(files, paths),
    files.readLink(join(paths.pooler, CURRENT)),
    container?.state === 'running' ? probe.digest() : null,
    readUsers(files, paths),
  ])
  const shut = sockets.filter((_, at) => groups[at] !== null && groups[at] !== POOLER_UID)
  return { container, unsound, shut, candidates, current, serving, ...entered }
}
