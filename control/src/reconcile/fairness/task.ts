/**
 * Looks every half a second whether all processors are taken, and by whom, and keeps those that take too much to a part of
 * them. As long as there is room, that is one look at the machine's own counters.
 *
 * It is no part of what a project is: nothing is recorded, and a control that starts anew lets everybody go first.
 */
import type { Clock } from '@cascata/shared/clock'
import type { Container, Engine } from '../../engine/engine.ts'
import { SYSTEM } from '../../engine/spec.ts'
import { type Failure, settled, type Task } from '../task.ts'
import { type Fairness, isWorthALook, judgeFairness, nobodyConfined, part } from './judge.ts'

const EVERY_MS = 500
/** An engine that is asked about each container takes some milliseconds for it: many are asked less often. */
const EVERY_MS_EACH = 20
/** Who is confined stays so for seconds: to ask more often would be in the way of those it is done for. */
const EVERY_MS_CONFINED = 2_000
/** Questions to the engine at a time. */
const AT_ONCE = 8

/** Processor time of the whole machine so far, in any unit. */
export type MachineTimes = { processors: number; busy: number; all: number }

export type FairnessDeps = {
  engine: Pick<Engine, 'list' | 'cpuNs' | 'cpuset' | 'setCpuset'>
  machine(): MachineTimes
  clock: Clock
}

type Counted = { ns: number; at: number }

export function fairnessTask(deps: FairnessDeps): Task {
  const fairness = new FairnessKeeper(deps)
  return { name: 'fairness', everyMs: EVERY_MS, run: () => fairness.run() }
}

class FairnessKeeper {
  readonly #deps: FairnessDeps
  #times: MachineTimes | undefined
  #state: Fairness = nobodyConfined
  /** What each container is known to be kept to; undefined until the engine was asked. */
  #kept: Map<string, string> | undefined
  readonly #counted = new Map<string, Counted>()
  #askFrom = 0

  constructor(deps: FairnessDeps) {
    this.#deps = deps
  }

  async run() {
    const times = this.#deps.machine()
    const before = this.#times
    this.#times = times
    const left = part(times.processors)
    if (left === null || before === undefined) return settled
    const busy = (times.busy - before.busy) / Math.max(1, times.all - before.all)
    const { processors } = times
    const isNeeded = isWorthALook({ busy, processors }) || this.#state.confined.size > 0
    if (this.#kept !== undefined && !isNeeded) {
      this.#state = nobodyConfined
      this.#counted.clear()
      return settled
    }
    if (this.#deps.clock.now() < this.#askFrom) return settled
    const containers = (await this.#deps.engine.list()).filter(
      ({ project, state }) => project !== SYSTEM && state === 'running',
    )
    this.#kept ??= await this.#keptNow(containers)
    const used = await this.#usedBy(containers)
    const now = this.#deps.clock.now()
    this.#state = judgeFairness(this.#state, { now, processors: times.processors, busy, used })
    const pauseMs = this.#state.confined.size > 0 ? EVERY_MS_CONFINED : 0
    this.#askFrom = now + Math.max(pauseMs, containers.length * EVERY_MS_EACH)
    // More than there is in its part: a container was made anew since, and is kept to nothing.
    const escaped = containers.filter(
      ({ project }) => this.#state.confined.has(project) && (used.get(project) ?? 0) > left.count * 1.1,
    )
    for (const { name } of escaped) this.#kept.set(name, '')
    const half = `${left.first}-${times.processors - 1}`
    return this.#keep(containers, { half, all: `0-${times.processors - 1}` })
  }

  async #keptNow(containers: readonly Container[]): Promise<Map<string, string>> {
    const found = await inTurns(containers, ({ name }) => this.#deps.engine.cpuset(name))
    return new Map(containers.map(({ name }, at) => [name, found[at] ?? '']))
  }

  /** Processors, by project. */
  async #usedBy(containers: readonly Container[]): Promise<Map<string, number>> {
    const cpus = await inTurns(containers, ({ name }) => this.#count(name))
    const used = new Map<string, number>()
    for (const [at, { project }] of containers.entries()) {
      used.set(project, (used.get(project) ?? 0) + (cpus[at] ?? 0))
    }
    const names = new Set(containers.map(({ name }) => name))
    for (const known of this.#counted.keys()) if (!names.has(known)) this.#counted.delete(known)
    return used
  }

  async #count(name: string): Promise<number> {
    const known = this.#counted.get(name)
    const ns = await this.#deps.engine.cpuNs(name)
    const at = this.#deps.clock.now()
    this.#counted.set(name, { ns, at })
    return known && at > known.at ? (ns - known.ns) / 1e6 / (at - known.at) : 0
  }

  async #keep(containers: readonly Container[], { half, all }: { half: string; all: string }) {
    const [applied, failed]: [string[], Failure[]] = [[], []]
    const kept = this.#kept ?? new Map<string, string>()
    for (const { name, project } of containers) {
      const is = kept.get(name) ?? ''
      const wanted = this.#state.confined.has(project) ? half : is === '' ? '' : all
      if (is === wanted) continue
      try {
        await this.#deps.engine.setCpuset(name, wanted, { yields: wanted === half })
        kept.set(name, wanted)
        applied.push(`${name}: processors ${wanted}`)
      } catch (error) {
        failed.push({ what: `${name}: processors ${wanted}`, error })
      }
    }
    const names = new Set(containers.map(({ name }) => name))
    for (const name of kept.keys()) if (!names.has(name)) kept.delete(name)
    return { applied, failed }
  }
}

async function inTurns<Item, Result>(
  items: readonly Item[],
  ask: (item: Item) => Promise<Result>,
): Promise<Result[]> {
  const results: Result[] = []
  for (let at = 0; at < items.length; at += AT_ONCE) {
    results.push(...(await Promise.all(items.slice(at, at + AT_ONCE).map(ask))))
  }
  return results
}
