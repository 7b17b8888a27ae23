/**
 * Keeps every project as its row says.
 *
 * A run looks at all projects and starts work on those that need it, a few at once, without waiting for the end:
 * a slow project holds up no other. Work that ends asks for another run, and only a run that finds nothing left to
 * do records the project as observed. A project at work is left out of the runs meanwhile.
 */

import type { Clock } from '@cascata/shared/clock'
import type { ProjectSecrets } from '@cascata/shared/contract/projects'
import type { Problem } from '@cascata/shared/problem'
import { ProjectImporting } from '@cascata/shared/problems/projects'
import type { Container } from '../../engine/engine.ts'
import { SYSTEM } from '../../engine/spec.ts'
import type { ProjectRow } from '../../store/tables/projects.ts'
import { Backoff } from '../backoff.ts'
import type { Effects } from '../effects.ts'
import type { Targets } from '../scale/targets.ts'
import type { Holds } from '../sleep/holds.ts'
import { runInOrder } from '../steps.ts'
import { type Log, type Pass, problemAt, type Task } from '../task.ts'
import { applyStep, type World } from './apply.ts'
import { wasReadOnly } from './document.ts'
import { observeProject, type Served } from './observe.ts'
import { type Plan, type ProjectStep, planOrphan, planProject } from './plan.ts'
import { operationProgress, type Progress } from './progress.ts'
import { countOf, replicaSettingsOf } from './replicas.ts'
import { openWaker, type Took, type Waker } from './waking.ts'
import { modeOf, type Wanted, wantedOf } from './wanted.ts'

const PROJECTS_AT_ONCE = 4
const PACING = { firstMs: 1_000, maxMs: 60_000 }

export type Deps = World & {
  effects: Effects
  openSecrets(row: Pick<ProjectRow, 'ref' | 'secrets'>): ProjectSecrets
  urlOf(ref: string): string
  served(): Promise<Served>
  targets: Targets
  /** Undefined when its use of the disk is not known yet. */
  isFull(ref: string): boolean | undefined
  /** Why the edge does not serve what it should; null when it does. */
  edgeTrouble(): Problem | null
  pooler: {
    /** Whether it is reached from outside as its row says, or not at all. */
    serves(row: ProjectRow): boolean
    /** Why the pooler does not serve what it should; null when it does. */
    trouble(): Problem | null
  }
  /** Something was changed: runs the reconcilers again soon. */
  changed(): void
  /** Something of control's needs the project awake. */
  holds: Pick<Holds, 'has'>
  clock: Clock
  random(): number
  log: Log
}

export type ProjectsTask = Task &
  Waker & {
    /** Resolves when no work is under way. */
    idle(): Promise<void>
  }

type Work = {
  ref: string
  plan: Plan
  wanted: Wanted | undefined
  row: ProjectRow | undefined
  operation: string | undefined
  /** Is told what each step takes. */
  took?: Took
}

export function projectsTask(deps: Deps): ProjectsTask {
  const reconciler = new Projects(deps)
  return {
    ...openWaker({ ...deps, bringUp: (row) => reconciler.bringUp(row) }),
    name: 'projects',
    everyMs: 10_000,
    run: (signal) => reconciler.run(signal),
    idle: () => reconciler.idle(),
  }
}

class Projects {
  readonly #deps: Deps
  readonly #world: World
  readonly #busy = new Map<string, Promise<void>>()
  /** Those that were woken since the present run began: what it has read of them is of before. */
  readonly #woken = new Set<string>()
  /** As of the last run. */
  #served: Served = null
  /** What each database is known to have had; forgotten with the process, and then asked again. */
  readonly #prepared = new Map<string, string>()
  readonly #backoff: Backoff

  constructor(deps: Deps) {
    this.#deps = deps
    this.#world = deps
    this.#backoff = new Backoff(PACING, deps.random)
  }

  async idle(): Promise<void> {
    while (this.#busy.size > 0) await Promise.all(this.#busy.values())
  }

  async run(signal: AbortSignal): Promise<Pass> {
    // Taken before anything is read: what ends meanwhile was read while it changed.
    const busy = new Set(this.#busy.keys())
    this.#woken.clear()
    const { store, engine, clock } = this.#deps
    const rows = await store.projects.list()
    const [open, containers, served] = await Promise.all([
      store.operations.listOpen(),
      engine.list(),
      this.#deps.served(),
    ])
    this.#served = served
    const byRef = Map.groupBy(containers, ({ project }) => project)
    const now = clock.now()
    let waitMs = Number.POSITIVE_INFINITY
    const due = (key: string) => {
      const left = this.#backoff.waitMs(key, now)
      if (left > 0) waitMs = Math.min(waitMs, left)
      return left === 0
    }
    const idle = rows.filter((row) => !busy.has(row.ref) && !this.#isKeptUp(row) && due(keyOf(row)))
    const works = await Promise.all(
      idle.map((row) => this.#look(row, { containers: byRef.get(row.ref) ?? [], served, open })),
    )
    const refs = new Set(rows.map(({ ref }) => ref))
    this.#deps.pulses.keepOnly(refs)
    const orphans = [...byRef.keys()].filter(
      (ref) => ref !== SYSTEM && !refs.has(ref) && !busy.has(ref) && due(`orphan ${ref}`),
    )
    const all = [
      ...works.filter((work) => work !== undefined),
      ...orphans.map((ref) => orphanWork(ref, byRef.get(ref) ?? [])),
    ]
    const applied = this.#start(all, signal)
    return { applied, failed: [], ...(Number.isFinite(waitMs) ? { againInMs: waitMs } : {}) }
  }

  /**
   * Brings a project up that slept: now, whatever pass is under way. What puts it to sleep has to end first: half
   * stopped is no state to start from.
   * @returns milliseconds of each step, by name.
   * @throws why it did not come up; it is recorded, and tried again as anything else is.
   */
  async bringUp(row: ProjectRow): Promise<Took> {
    const from = performance.now()
    // First of all: a pass that has read it asleep starts nothing with it any more.
    this.#woken.add(row.ref)
    await this.#free(row.ref)
    // Somebody may have taken it in hand since it was said to be woken.
    const now = await this.#deps.store.projects.find(row.ref)
    if (now?.importing !== null) throw ProjectImporting(row.ref)
    // Meanwhile another pass may have begun, and forgotten who was woken.
    await this.#free(row.ref)
    this.#woken.add(row.ref)
    const { signal } = new AbortController()
    const took: Took = {}
    const outcome = this.#lookForWake(row).then((work) => {
      took.look = Math.round(performance.now() - from)
      return this.#carryOut({ ...work, took }, signal)
    })
    this.#begin(row.ref, outcome, signal)
    const failure = await outcome
    if (failure !== undefined) throw failure
    return took
  }

  async #free(ref: string): Promise<void> {
    for (let busy = this.#busy.get(ref); busy; busy = this.#busy.get(ref)) await busy
  }

  async #lookForWake(row: ProjectRow): Promise<Work> {
    const { engine, store } = this.#deps
    const [containers, open, served] = await Promise.all([
      engine.list(row.ref),
      store.operations.listOpen(),
      this.#served ?? this.#deps.served(),
    ])
    const wanted = this.#wantedOf(row, { containers, readOnly: await this.#isReadOnly(row.ref) })
    // Only what is whole falls asleep. A control that knows nothing of the database asks it in the pass after.
    const known = { containers, served, prepared: wanted.preparation }
    const seen = await observeProject(this.#world, wanted, known)
    const whole = planProject(this.#deps.site, wanted, seen)
    // Whoever waits need not wait for the network: the pass after joins it.
    const plan = { ...whole, steps: whole.steps.filter((step) => step.do !== 'runtime.connect') }
    const operation = open.findLast((each) => isOf(each, row))?.id
    return { ref: row.ref, plan, wanted, row, operation }
  }

  #wantedOf(
    row: ProjectRow,
    { containers, readOnly }: { containers: readonly Container[]; readOnly: boolean },
  ): Wanted {
    const { site, clock, openSecrets, urlOf } = this.#deps
    const target = this.#targetOf(row, containers)
    const context = { secrets: openSecrets(row), url: urlOf(row.ref), paths: site.paths, now: clock.now() }
    return wantedOf(row, { ...context, target, readOnly })
  }

  /** To be put to sleep while something needs it: whoever wrote that down takes it back, or it comes later. */
  #isKeptUp(row: ProjectRow): boolean {
    return this.#deps.holds.has(row.ref) && modeOf(row, this.#deps.clock.now()) === 'asleep'
  }

  /** @returns what is to be done, or undefined when all is well (and then recorded as such). */
  async #look(
    row: ProjectRow,
    seen: { containers: Container[]; served: Served; open: readonly OpenOperation[] },
  ): Promise<Work | undefined> {
    const { site } = this.#deps
    try {
      const wanted = this.#wantedOf(row, {
        containers: seen.containers,
        readOnly: await this.#isReadOnly(row.ref),
      })
      const prepared = this.#prepared.get(row.ref) ?? null
      const plan = planProject(site, wanted, await observeProject(this.#world, wanted, { ...seen, prepared }))
      const waiting = seen.open.filter((each) => isOf(each, row))
      if (plan.steps.length > 0) return { ref: row.ref, plan, wanted, row, operation: waiting.at(-1)?.id }
      if (this.#woken.has(row.ref)) return undefined
      const { edgeTrouble, pooler } = this.#deps
      const isServed = pooler.serves(row)
      const trouble = plan.complete && !isServed ? pooler.trouble() : edgeTrouble()
      // A project in another's hand is nowhere near what was asked of it before, and served by nobody.
      const isHeld = wanted.mode === 'held'
      const awaited = waiting.length > 0 && !isHeld
      // Who is let in directly is put out first: it could write until the server stops, and once more to one on trial.
      // A pooler that cannot be told is not waited for: the way to the socket is shut as well.
      const isOut = isHeld && (isServed || pooler.trouble() !== null)
      if (plan.complete && (isHeld ? isOut : isServed)) await this.#recordSettled(row, plan, awaited)
      // All of its own is done, and the edge is not: without a backoff, for there is nothing here to try again.
      else if (trouble) await this.#recordProblem(row, trouble)
    } catch (error) {
      await this.#recordFailed(row, 'observe', error)
    }
    return undefined
  }

  /** A control that knows nothing yet takes what runs for what was decided. */
  #targetOf(row: ProjectRow, containers: readonly Container[]): number {
    const { targets } = this.#deps
    const count = countOf(replicaSettingsOf(row), targets.of(row.ref), containers)
    targets.set(row.ref, count)
    return count
  }

  /** Until it was measured, as it was before: nobody opens a full project by starting control. */
  async #isReadOnly(ref: string): Promise<boolean> {
    const { isFull, files, site } = this.#deps
    return isFull(ref) ?? wasReadOnly(await files.read(site.paths.project(ref).document))
  }

  #start(works: readonly Work[], signal: AbortSignal): string[] {
    const room = Math.max(0, PROJECTS_AT_ONCE - this.#busy.size)
    // What somebody waits for goes before the rest: after a start every project wants its database looked at.
    const awaited = works
      .filter(({ ref }) => !this.#woken.has(ref))
      .toSorted((a, b) => Number(b.operation !== undefined) - Number(a.operation !== undefined))
    return awaited.slice(0, room).map((work) => {
      this.#begin(work.ref, this.#carryOut(work, signal), signal)
      return `${work.ref}: ${work.plan.steps.map((step) => step.do).join(', ')}`
    })
  }

  #begin(ref: string, work: Promise<unknown>, signal: AbortSignal): void {
    const ended = () => {
      this.#busy.delete(ref)
      if (!signal.aborted) this.#deps.changed()
    }
    this.#busy.set(ref, work.then(ended, ended))
  }

  /** Never throws: what goes wrong is recorded, tried again later, and returned. */
  async #carryOut(
    { ref, plan, wanted, row, operation, took }: Work,
    signal: AbortSignal,
  ): Promise<unknown | undefined> {
    const { store, log, clock } = this.#deps
    const progress = operationProgress(store.operations, operation, plan.steps.length, log)
    const outcome = await runInOrder(plan.steps, (step) =>
      this.#step({ ref, step, wanted, progress, took, signal }),
    )
    await progress.flush()
    if (signal.aborted) return signal.reason
    const [failure] = outcome.failed
    if (!failure) {
      this.#backoff.succeeded(row ? keyOf(row) : `orphan ${ref}`)
      return undefined
    }
    if (row) await this.#recordFailed(row, failure.step.do, failure.error)
    else {
      this.#backoff.failed(`orphan ${ref}`, clock.now())
      log.warn({ project: ref, step: failure.step.do, err: failure.error }, 'orphan not removed')
    }
    return failure.error
  }

  async #step({ ref, step, wanted, progress, took, signal }: StepRun): Promise<void> {
    signal.throwIfAborted()
    const from = performance.now()
    progress.step(step.do, 'running')
    // The database may have lost what it had: it is new, or about to be.
    if (step.do === 'db.create' || step.do === 'db.remove') this.#prepared.delete(ref)
    try {
      await this.#deps.effects.run(`${ref}.${step.do}`, async () => {
        if (wanted) await applyStep(this.#world, wanted, step)
        else await removeOrphan(this.#world, step)
      })
    } catch (error) {
      progress.step(step.do, 'failed')
      throw error
    }
    if (wanted && step.do === lastOfDatabase(wanted)) this.#prepared.set(ref, wanted.preparation)
    progress.step(step.do, 'done')
    if (took) took[step.do] = Math.round(performance.now() - from)
  }

  async #recordSettled(row: ProjectRow, plan: Plan, awaited: boolean): Promise<void> {
    const { store, effects } = this.#deps
    const known =
      row.observedGeneration === row.generation &&
      row.observedState === plan.state &&
      row.lastProblem === null
    if (!known) {
      const observation = { generation: row.generation, state: plan.state, problem: null }
      await effects.run(`${row.ref}.project.record`, () =>
        store.projects.recordObserved(row.ref, observation),
      )
    }
    if (awaited) {
      await effects.run(`${row.ref}.operation.complete`, () =>
        store.operations.completeLifecycle(row.ref, row.generation),
      )
    }
  }

  async #recordFailed(row: ProjectRow, step: string, error: unknown): Promise<void> {
    const { clock, log } = this.#deps
    this.#backoff.failed(keyOf(row), clock.now())
    log.warn({ project: row.ref, step, err: error }, 'step failed')
    await this.#recordProblem(row, problemAt(step, error))
  }

  async #recordProblem(row: ProjectRow, { code, title, message }: Problem): Promise<void> {
    const { store, log } = this.#deps
    const problem = { code, title, detail: message }
    if (
      row.observedState === 'failing' &&
      row.lastProblem?.code === code &&
      row.lastProblem.detail === message
    )
      return
    await store.projects
      .recordObserved(row.ref, { generation: row.observedGeneration, state: 'failing', problem })
      .catch((cause: unknown) => log.error({ project: row.ref, err: cause }, 'problem was not recorded'))
  }
}

type OpenOperation = { id: string; ref: string; generation: number | null }
type StepRun = {
  ref: string
  step: ProjectStep
  wanted: Wanted | undefined
  progress: Progress
  took: Took | undefined
  signal: AbortSignal
}

/** A new intent is tried at once, however long the last one failed. */
const keyOf = (row: ProjectRow) => `${row.ref} ${row.generation}`

const isOf = (operation: OpenOperation, row: ProjectRow) =>
  operation.ref === row.ref && operation.generation !== null && operation.generation <= row.generation

const lastOfDatabase = ({ mode, template }: Wanted) =>
  mode === 'running' && template !== 'empty' ? 'db.starter' : 'db.bootstrap'

const orphanWork = (ref: string, containers: readonly Container[]): Work => ({
  ref,
  plan: planOrphan(containers),
  wanted: undefined,
  row: undefined,
  operation: undefined,
})

async function removeOrphan({ engine }: World, step: ProjectStep): Promise<void> {
  if (step.do === 'db.stop' || step.do === 'runtime.stop') return engine.stop(step.name)
  if (step.do === 'db.remove' || step.do === 'runtime.remove') return engine.remove(step.name)
  throw new Error(`${step.do} is no step for an orphan`)
}
