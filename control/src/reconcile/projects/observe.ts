/** Reads what there is of a project: its containers (listed once for all), files, and whether its runtimes answer. */
import type { Files } from '../../adapters/files.ts'
import type { Container } from '../../engine/engine.ts'
import { type Site, slotOf } from '../../engine/spec.ts'
import type { Readiness } from './database-port.ts'
import type { Observed } from './plan.ts'
import type { Wanted } from './wanted.ts'

/** Slots that the edge serves, by ref; null when the edge does not answer. */
export type Served = ReadonlyMap<string, ReadonlySet<number>> | null

type Sources = { files: Files; readiness: Readiness; site: Site }
type Known = { containers: readonly Container[]; served: Served; prepared: string | null }

export async function observeProject(
  { files, readiness, site }: Sources,
  wanted: Wanted,
  { containers, served, prepared }: Known,
): Promise<Observed> {
  const own = site.paths.project(wanted.ref)
  const active = wanted.mode === 'running' || wanted.mode === 'database' || wanted.mode === 'asleep'
  const [unsound, document, ready, remains] = await Promise.all([
    active ? files.unsound(wanted.directories) : [],
    active ? files.read(own.document) : null,
    wanted.mode === 'running' ? readySlots(readiness, containers, own.socket) : new Set<number>(),
    wanted.mode === 'purged' ? Promise.all([files.exists(own.run), files.exists(own.files)]) : [],
  ])
  return {
    containers,
    unsound,
    document,
    ready,
    prepared,
    served: served === null ? 'unknown' : (served.get(wanted.ref) ?? 'none'),
    files: remains.some(Boolean),
  }
}

/** Slots of the running runtimes that say they are ready. */
export async function readySlots(
  readiness: Pick<Readiness, 'isReady'>,
  containers: readonly Container[],
  socketOf: (slot: number) => string,
): Promise<Set<number>> {
  const slots = containers.flatMap(({ role, state, name }) =>
    role === 'runtime' && state === 'running' ? (slotOf(name) ?? []) : [],
  )
  const answers = await Promise.all(slots.map((slot) => readiness.isReady(socketOf(slot))))
  return new Set(slots.filter((_, at) => answers[at]))
}
