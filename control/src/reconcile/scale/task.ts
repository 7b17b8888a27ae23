/**
 * Asks the replicas of those projects that may have more or fewer of them how busy they are, and decides how many. One
 * that is too busy to say so is judged by the processor time it uses meanwhile: it is the one that needs help most.
 */
import type { Clock } from '@cascata/shared/clock'
import { ProjectLimits } from '@cascata/shared/contract/projects'
import type { RuntimeLoad } from '@cascata/shared/runtime-load'
import type { Container, Engine } from '../../engine/engine.ts'
import { runtimeName, type Site, slotOf } from '../../engine/spec.ts'
import type { ProjectRow } from '../../store/tables/projects.ts'
import { countOf, replicaSettingsOf } from '../projects/replicas.ts'
import type { ReconcilerStore } from '../projects/store-port.ts'
import { modeOf } from '../projects/wanted.ts'
import { settled, type Task } from '../task.ts'
import { decide, type History, type Load, loadOfSilent, noHistory } from './decide.ts'
import type { Targets } from './targets.ts'

const EVERY_MS = 3_000

export type ScaleDeps = {
  store: Pick<ReconcilerStore, 'projects'>
  engine: Pick<Engine, 'list' | 'cpuNs'>
  site: Site
  targets: Targets
  /** Null when the replica is not there, or has nothing to say yet; `silentMs` when it left the question lying so long. */
  loadOf(socket: string): Promise<RuntimeLoad | { silentMs: number } | null>
  /** Another number is wanted of some project. */
  changed(): void
  clock: Clock
}

export function scaleTask(deps: ScaleDeps): Task {
  const histories = new Map<string, History>()
  return {
    name: 'scale',
    everyMs: EVERY_MS,
    async run() {
      const rows = await deps.store.projects.list()
      const moving = rows.filter((row) => {
        const { min, max } = replicaSettingsOf(row)
        return max > min && modeOf(row, deps.clock.now()) === 'running'
      })
      forgetOthers(rows, histories, deps.targets)
      if (moving.length === 0) return settled
      const byRef = Map.groupBy(await deps.engine.list(), ({ project }) => project)
      const changes = await Promise.all(
        moving.map((row) => scale(deps, row, { histories, containers: byRef.get(row.ref) ?? [] })),
      )
      const applied = changes.filter((change) => change !== undefined)
      if (applied.length > 0) deps.changed()
      return { applied, failed: [] }
    },
  }
}

/** A project that is gone leaves nothing to whoever takes its ref. */
function forgetOthers(rows: readonly ProjectRow[], histories: Map<string, History>, targets: Targets): void {
  const refs = new Set(rows.map(({ ref }) => ref))
  for (const ref of targets.refs()) {
    if (refs.has(ref)) continue
    targets.forget(ref)
    histories.delete(ref)
  }
}

async function scale(
  deps: ScaleDeps,
  row: ProjectRow,
  { histories, containers }: { histories: Map<string, History>; containers: readonly Container[] },
): Promise<string | undefined> {
  const { targets, site, clock } = deps
  const { ref } = row
  const settings = replicaSettingsOf(row)
  const count = countOf(settings, targets.of(ref), containers)
  const slots = containers.flatMap(({ role, state, name }) =>
    role === 'runtime' && state === 'running' ? (slotOf(name) ?? []) : [],
  )
  const paths = site.paths.project(ref)
  const { cpus } = ProjectLimits.parse(row.limits).runtime
  const answers = await Promise.all(
    slots.map((slot) =>
      loadNow(deps, { name: runtimeName(site, ref, slot), socket: paths.socket(slot), cpus }),
    ),
  )
  const loads = answers.filter((load) => load !== null)
  const history = histories.get(ref) ?? noHistory
  const decision = decide(settings, count, { history, look: { now: clock.now(), loads, cpus } })
  histories.set(ref, decision.history)
  if (decision.count === count) return undefined
  targets.set(ref, decision.count)
  return `${ref}: ${count} -> ${decision.count} replicas`
}

type Asked = {
  name: string
  socket: string
  /** That it may use. */
  cpus: number
}

async function loadNow(
  { engine, loadOf, clock }: ScaleDeps,
  { name, socket, cpus }: Asked,
): Promise<Load | null> {
  // An engine that does not answer tells nothing of the runtime.
  const count = async () => ({ ns: await engine.cpuNs(name).catch(() => null), at: clock.now() })
  const before = await count()
  const said = await loadOf(socket)
  if (said === null || !('silentMs' in said)) return said
  const after = await count()
  if (before.ns === null || after.ns === null) return null
  const used = (after.ns - before.ns) / 1e6 / Math.max(1, after.at - before.at)
  return loadOfSilent(said.silentMs, { used, cpus })
}
