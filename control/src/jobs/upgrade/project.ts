/**
 * `project.upgrade`: one project to another release, or back to exactly what it was.
 *
 * How far it is stands on the disk and in the row (plan.ts); this walks the steps and says why when one fails.
 */
import { Problem } from '@cascata/shared/problem'
import { ProjectNotUp } from '@cascata/shared/problems/archive'
import { UpgradeUndone } from '@cascata/shared/problems/upgrade'
import { tagOf } from '../../engine/spec.ts'
import type { JobRun } from '../deps.ts'
import { waitUntil } from '../wait.ts'
import { checkUpgrade } from './check.ts'
import { allEnded, clear, replace, stopAll } from './containers.ts'
import { planUndo, planUpgrade, type UndoStep, type UpgradeSeen, type UpgradeStep } from './plan.ts'
import { bringUp, probe } from './probe.ts'
import type { Upgrade } from './upgrade.ts'
import type { Before } from './world.ts'

/** `from`, as the row named it when it was asked for. */
type Input = { image_tag: string; from: string }

export async function upgradeProject(run: JobRun): Promise<Record<string, unknown>> {
  const upgrade = upgradeOf(run)
  const { ref, from, to } = upgrade
  try {
    const steps = planUpgrade(await look(upgrade))
    const acts = actsOf(upgrade)
    for (const [at, step] of steps.entries()) {
      await run.deps.store.operations.progress(run.operation.id, at / steps.length)
      await run.steps.run(step, acts[step])
    }
  } catch (error) {
    if (run.signal.aborted || !(await look(upgrade)).held) throw error
    throw UpgradeUndone({ ref, from, to }, reasonOf(error)).because(error)
  }
  return { ref, from, to, unavailable_ms: await unavailableMs(run) }
}

/** Puts the old images and data back, as far as the new ones were let near them. */
export async function giveUpUpgrade(run: JobRun): Promise<void> {
  const upgrade = upgradeOf(run)
  const acts = undoActsOf(upgrade)
  for (const step of planUndo(await look(upgrade))) await run.steps.run(`undo: ${step}`, acts[step])
}

function upgradeOf(run: JobRun): Upgrade {
  const { operation, deps } = run
  const { image_tag: to, from } = operation.input as Input
  const place = deps.upgrade.site.paths.project(operation.ref).undo(operation.id)
  return { run, ref: operation.ref, from, to, place }
}

async function look({ run, ref, to, place }: Upgrade): Promise<UpgradeSeen> {
  const { store, upgrade } = run.deps
  const [row, snapshot] = await Promise.all([store.projects.find(ref), upgrade.snapshots.find(place)])
  return {
    held: row?.importing === run.operation.id,
    kept: row !== undefined && tagOf(upgrade.site, row) === to,
    snapshot,
  }
}

function actsOf(upgrade: Upgrade): Record<UpgradeStep, () => Promise<void>> {
  const { run, ref, place } = upgrade
  const { snapshots, site } = run.deps.upgrade
  const files = site.paths.project(ref).dbFiles
  const effect = effectsOf(upgrade)
  let before: Before | undefined
  return {
    check: () => checkUpgrade(upgrade),
    hold: () => hold(upgrade),
    shut: () => shut(upgrade),
    stop: async () => {
      before = await stopAll(upgrade)
    },
    async snapshot() {
      // The containers are of no use any more, and removing them takes time of its own.
      const copied = effect('copy', () => snapshots.copy(files, place, run.signal))
      await allEnded([copied, clear(upgrade)])
      await effect('commit', () => snapshots.commit(place, JSON.stringify(before)))
    },
    replace: () => replace(upgrade),
    migrate: () => effect('migrate', () => bringUp(upgrade)),
    probe: async () => probe(upgrade, JSON.parse(await snapshots.before(place)) as Before),
    keep: () => keep(upgrade),
    start: () => started(upgrade),
    discard: () => effect('discard', () => snapshots.remove(place)),
  }
}

function undoActsOf(upgrade: Upgrade): Record<UndoStep, () => Promise<void>> {
  const { run, ref, place } = upgrade
  const { snapshots, site } = run.deps.upgrade
  const files = site.paths.project(ref).dbFiles
  const effect = effectsOf(upgrade)
  return {
    clear: () => clear(upgrade),
    aside: () => effect('aside', () => snapshots.setAside(files, place)),
    back: () => effect('back', () => snapshots.putBack(files, place)),
    async release() {
      await effect('release', () => run.deps.store.projects.clearImporting(ref))
      run.deps.kick(ref)
    },
    discard: () => effect('discard', () => snapshots.remove(place)),
    async start() {
      // It is as it was; whether that runs is the reconciler's to see to, and stands in the project's last problem.
      await started(upgrade).catch((error: unknown) => {
        if (!(error instanceof Problem) || error.code !== ProjectNotUp.code) throw error
      })
    },
  }
}

type EffectStep = 'copy' | 'commit' | 'migrate' | 'discard' | 'aside' | 'back' | 'release'

const effectsOf =
  ({ run, ref }: Upgrade) =>
  async (step: EffectStep, work: () => Promise<unknown>): Promise<void> => {
    await run.deps.effects.run(`${ref}.upgrade.${step}`, work)
  }

/** Waits until the reconciler has put down whatever it had in hand of the project. One that sleeps is awake afterwards. */
async function hold(upgrade: Upgrade): Promise<void> {
  const { run, ref } = upgrade
  if (!(await look(upgrade)).held)
    await run.deps.effects.run(`${ref}.upgrade.hold`, () =>
      run.deps.store.projects.change(ref, { importing: run.operation.id, asleepSince: null }),
    )
  await waitUntil(run, ({ observedState }) => observedState === 'upgrading')
}

/**
 * The edge and the pooler are users of their own: without the way through the folder none of them reaches a socket in
 * it, whatever it is told to serve. Control is root and does; the project's containers have the folder mounted.
 */
async function shut({ run, ref }: Upgrade): Promise<void> {
  const { files, site } = run.deps.upgrade
  const row = await run.deps.store.projects.find(ref)
  if (!row) return
  const { uid } = row
  const path = site.paths.project(ref).run
  await run.deps.effects.run(`${ref}.upgrade.shut`, () =>
    files.ensureDirectory({ path, uid, gid: uid, mode: 0o750 }),
  )
}

async function keep({ run, ref, to }: Upgrade): Promise<void> {
  await run.deps.effects.run(`${ref}.upgrade.keep`, () =>
    run.deps.store.projects.change(ref, { imageTag: to, importing: null }),
  )
  run.deps.kick(ref)
}

/** Whatever it should be: running, paused. */
const UNSETTLED: readonly string[] = ['upgrading', 'failing', 'creating', 'importing']

async function started({ run }: Upgrade): Promise<void> {
  await waitUntil(run, ({ observedState }) => !UNSETTLED.includes(observedState))
}

const reasonOf = (error: unknown): string =>
  error instanceof Problem ? error.message : "the reason is in control's log."

/** From the closing of the door until the project is seen as it should be again; null when a part of it is not known. */
async function unavailableMs({ operation, deps }: JobRun): Promise<number | null> {
  const steps = (await deps.store.operations.find(operation.id))?.steps ?? []
  const at = (name: string, edge: 'started_at' | 'ended_at') =>
    Date.parse(steps.find((step) => step.name === name)?.[edge] ?? '')
  const ms = at('start', 'ended_at') - at('shut', 'started_at')
  return Number.isFinite(ms) ? ms : null
}
