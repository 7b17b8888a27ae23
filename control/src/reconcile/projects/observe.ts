/** Reads what there is of a project: its containers (listed once for all), files, and whether its runtimes answer. */
import type { Files } from '../../adapters/files.ts'
import type { Container } from '../../engine/engine.ts'
import { type Site, slotOf } from '../../engine/spec.ts'
import type { Pulses, Runtime } from '../pulse/pulses.ts'
import type { Readiness } from './database-port.ts'
import type { Observed } from './plan.ts'
import type { Wanted } from './wanted.ts'

/** Slots that the edge serves, by ref; null when the edge does not answer. */
export type Served = ReadonlyMap<string, ReadonlySet<number>> | null

type Sources = { files: Files; readiness: Readiness; site: Site; pulses: Pulses }
type Known = { containers: readonly Container[]; served: Served; prepared: string | null }

export async function observeProject(
  { files, readiness, site, pulses }: Sources,
  wanted: Wanted,
  { containers, served, prepared }: Known,
): Promise<Observed> {
  const own = site.paths.project(wanted.ref)
  const active = wanted.mode === 'running' || wanted.mode === 'database' || wanted.mode === 'asleep'
  const runtimes = wanted.mode === 'running' ? runtimesOf(containers) : []
  // Found out by asking again and again: once more would only take time.
  const hung = new Set(runtimes.filter(({ name }) => pulses.isHung(wanted.ref, name)))
  const asked = runtimes.filter((runtime) => !hung.has(runtime))
  const [unsound, document, ready, remains] = await Promise.all([
    active ? files.unsound(wanted.directories) : [],
    active ? files.read(own.document) : null,
    whichAreReady(readiness, asked, own.socket),
    wanted.mode === 'purged' ? Promise.all([files.exists(own.run), files.exists(own.files)]) : [],
  ])
  pulses.saw(
    wanted.ref,
    runtimes.map((each) => ({ ...each, ready: ready.has(each.slot) })),
  )
  return {
    containers,
    unsound,
    document,
    ready,
    hung: new Set([...hung].map(({ slot }) => slot)),
    prepared,
    served: served === null ? 'unknown' : (served.get(wanted.ref) ?? 'none'),
    files: remains.some(Boolean),
  }
}

/** Slots of the running runtimes that say they are ready. */
export const readySlots = (
  readiness: Pick<Readiness, 'isReady'>,
  containers: readonly Container[],
  socketOf: (slot: number) => string,
): Promise<Set<number>> => whichAreReady(readiness, runtimesOf(containers), socketOf)

async function whichAreReady(
  readiness: Pick<Readiness, 'isReady'>,
  runtimes: readonly Runtime[],
  socketOf: (slot: number) => string,
): Promise<Set<number>> {
  const slots = runtimes.map(({ slot }) => slot)
  const answers = await Promise.all(slots.map((slot) => readiness.isReady(socketOf(slot))))
  return new Set(slots.filter((_, at) => answers[at]))
}

/** Those that run, with their slots. */
const runtimesOf = (containers: readonly Container[]): Runtime[] =>
  containers.flatMap(({ role, state, name }) => {
    const slot = slotOf(name)
    return role === 'runtime' && state === 'running' && slot !== undefined ? [{ name, slot }] : []
  })
