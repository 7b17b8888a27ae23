/**
 * Wakes sleeping projects, at once and beside whatever pass is under way. Those who ask for the same project meanwhile
 * share one start.
 */
import {
  ProjectDeleted,
  ProjectImporting,
  ProjectNotFound,
  ProjectPaused,
} from '@cascata/shared/problems/projects'
import { ProjectWakeFailed } from '@cascata/shared/problems/sleep'
import type { ProjectRow } from '../../store/tables/projects.ts'
import type { Effects } from '../effects.ts'
import type { Log } from '../task.ts'
import type { ReconcilerStore } from './store-port.ts'

export type Waker = {
  /**
   * Settles when it answers, or at once when it does not sleep. It need not answer then: it may be restarting.
   * @throws the problem of one that is not to run, or that did not come up.
   */
  wake(ref: string): Promise<ProjectRow>
}

/** Milliseconds by step; several go on at a time. */
export type Took = Record<string, number>

export type WakerDeps = {
  store: Pick<ReconcilerStore, 'projects' | 'sleep'>
  /** Its containers, now. @throws why it did not come up. */
  bringUp(row: ProjectRow): Promise<Took>
  effects: Effects
  log: Log
}

/** More at once only slow each other down: a start is work for the processor. */
const STARTS_AT_ONCE = 8

export function openWaker(deps: WakerDeps): Waker {
  const starts = new Map<string, Promise<ProjectRow>>()
  const inTurn = turns(STARTS_AT_ONCE)
  return {
    wake(ref) {
      const known = starts.get(ref)
      if (known) return known
      const start = wake(deps, { ref, inTurn }).finally(() => starts.delete(ref))
      starts.set(ref, start)
      return start
    },
  }
}

type InTurn = <Result>(work: () => Promise<Result>) => Promise<Result>

async function wake(
  { store, bringUp, effects, log }: WakerDeps,
  { ref, inTurn }: { ref: string; inTurn: InTurn },
): Promise<ProjectRow> {
  const from = performance.now()
  const row = await effects.run(`${ref}.sleep.end`, () => store.sleep.end(ref))
  if (!row) return assertRuns(await store.projects.find(ref), ref)
  const steps = await inTurn(() => bringUp(row)).catch((error: unknown) => {
    throw ProjectWakeFailed(ref).because(error)
  })
  const wakeMs = Math.round(performance.now() - from)
  log.info({ project: ref, wakeMs, steps }, 'woken')
  // It answers, recorded or not; the next pass writes what matters of it again.
  await effects
    .run(`${ref}.sleep.woken`, () => store.sleep.woken(ref, wakeMs))
    .catch((err: unknown) => log.warn({ project: ref, err }, 'wake was not recorded'))
  return row
}

function turns(atOnce: number): InTurn {
  const waiting: (() => void)[] = []
  let running = 0
  return async (work) => {
    if (running < atOnce) running += 1
    else await new Promise<void>((resolve) => waiting.push(resolve))
    try {
      return await work()
    } finally {
      const next = waiting.shift()
      if (next) next()
      else running -= 1
    }
  }
}

/** What the edge would say of it, had it been told already. */
function assertRuns(row: ProjectRow | undefined, ref: string): ProjectRow {
  if (!row) throw ProjectNotFound()
  if (row.desired === 'deleted') throw ProjectDeleted(ref)
  if (row.desired === 'paused') throw ProjectPaused(ref)
  if (row.importing !== null) throw ProjectImporting(ref)
  return row
}
