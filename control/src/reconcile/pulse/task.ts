/**
 * Asks the runtimes of projects in use, every two seconds, whether anybody is in. It decides who hangs; the projects' reconciler
 * ends and starts them, as it does everything else with a project's containers.
 *
 * Which runtimes there are, the projects' passes have said. The engine is asked only of one that is silent, whether it works.
 */
import type { Clock } from '@cascata/shared/clock'
import type { Look } from '../../adapters/readiness.ts'
import type { Engine } from '../../engine/engine.ts'
import type { Site } from '../../engine/spec.ts'
import { settled, type Task } from '../task.ts'
import { isWorthALook } from './judge.ts'
import type { Pulses, Watched } from './pulses.ts'

const EVERY_MS = 2_000
/** After a look that waited for its answer in vain. */
const AGAIN_MS = 500

export type PulseDeps = {
  pulses: Pulses
  lookAt(socket: string): Promise<Look>
  activity: { lastActiveAt(ref: string): Promise<number | null> }
  engine: Pick<Engine, 'cpuNs'>
  site: Pick<Site, 'paths'>
  /** One was found to hang. */
  changed(): void
  clock: Clock
}

export function pulseTask(deps: PulseDeps): Task {
  const cpusOf = cpuMeter(deps)
  return {
    name: 'pulse',
    everyMs: EVERY_MS,
    async run() {
      const { pulses, lookAt, site, changed } = deps
      const due = await worthALook(deps)
      const found = await Promise.all(
        due.map(async (watched) => {
          const look = await lookAt(site.paths.project(watched.ref).socket(watched.slot))
          const cpus = await cpusOf(watched.name, look)
          return { ...watched, look, isNew: pulses.record(watched, { look, cpus }) }
        }),
      )
      const hung = found.filter(({ isNew }) => isNew)
      if (hung.length > 0) changed()
      const isAnySilent = found.some(({ look }) => look === 'silent')
      return {
        ...settled,
        applied: hung.map(({ name }) => `${name} runs and does not answer`),
        ...(isAnySilent ? { againInMs: AGAIN_MS } : {}),
      }
    },
  }
}

async function worthALook({ pulses, activity, clock }: PulseDeps): Promise<Watched[]> {
  const byRef = Map.groupBy(pulses.all(), ({ ref }) => ref)
  const now = clock.now()
  const due = await Promise.all(
    [...byRef].map(async ([ref, runtimes]) => {
      const lastActiveAt = await activity.lastActiveAt(ref)
      return runtimes.filter(({ pulse }) => isWorthALook(pulse, { now, lastActiveAt }))
    }),
  )
  return due.flat()
}

/** Of those that are silent, processors used since the silent look before. */
function cpuMeter({ engine, clock }: Pick<PulseDeps, 'engine' | 'clock'>) {
  const before = new Map<string, { at: number; ns: number }>()
  return async (name: string, look: Look): Promise<number | null> => {
    const last = before.get(name)
    if (look !== 'silent') {
      before.delete(name)
      return null
    }
    // An engine that does not answer tells nothing of the runtime.
    const ns = await engine.cpuNs(name).catch(() => undefined)
    if (ns === undefined) return null
    const now = { at: clock.now(), ns }
    before.set(name, now)
    // Started anew, it counts from the beginning.
    if (last === undefined || ns < last.ns) return null
    return (now.ns - last.ns) / 1e6 / Math.max(1, now.at - last.at)
  }
}
