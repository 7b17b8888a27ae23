/** Who goes to sleep, and when to look again. Pure. */
import { ProjectSettings } from '@cascata/shared/contract/projects'
import type { SleepAfter } from '@cascata/shared/contract/sleep-settings'
import type { ProjectRow } from '../../store/tables/projects.ts'
import { modeOf } from '../projects/wanted.ts'

const MINUTE_MS = 60_000

/**
 * Above what a runtime's own notes lag behind (5 s), and above what the edge keeps a connection for (60 s, counted by
 * the shortest policy there is): what goes to sleep has no connection left on which a request could be on its way.
 */
const SLACK_MS = 10_000

export type Candidate = {
  row: ProjectRow
  /** Written down by its runtimes; null: never. */
  lastActiveAt: number | null
  /** Control does something with it, or an operation of it is open. */
  isHeld: boolean
}

export type SleepPlan = {
  /** Those to put to sleep, with when they were last in use. */
  asleep: { row: ProjectRow; lastActiveAt: number }[]
  /** When the next one may be due; infinite when nobody is. */
  againInMs: number
}

export function planSleep(
  candidates: readonly Candidate[],
  { now, usual }: { now: number; usual: SleepAfter },
): SleepPlan {
  const plan: SleepPlan = { asleep: [], againInMs: Number.POSITIVE_INFINITY }
  for (const { row, lastActiveAt, isHeld } of candidates) {
    const patienceMs = patienceOf(row, usual)
    if (patienceMs === null || !isSettled(row) || isHeld) continue
    const since = lastUseOf(row, lastActiveAt, now)
    const leftMs = since + patienceMs - now
    if (leftMs <= 0) plan.asleep.push({ row, lastActiveAt: since })
    else plan.againInMs = Math.min(plan.againInMs, leftMs)
  }
  return plan
}

/** Whether anything it may do depends on when it was last in use. */
export const mayFallAsleep = (row: ProjectRow, usual: SleepAfter): boolean =>
  isSettled(row) && patienceOf(row, usual) !== null

/** A time in the future is a tenant's joke or a clock that was set: it counts as now. */
export function lastUseOf(
  row: Pick<ProjectRow, 'createdAt'>,
  lastActiveAt: number | null,
  now: number,
): number {
  return Math.min(now, Math.max(lastActiveAt ?? 0, Date.parse(row.createdAt)))
}

function patienceOf({ settings }: ProjectRow, usual: SleepAfter): number | null {
  // A row written before there was sleep says nothing of it.
  const after = ProjectSettings.parse(settings).sleep.afterMinutes ?? usual
  return after === 'never' ? null : after * MINUTE_MS + SLACK_MS
}

/** Only what is as it should be: a project that fails or changes has somebody waiting for it. */
const isSettled = (row: ProjectRow): boolean =>
  modeOf(row, 0) === 'running' && row.observedState === 'running' && row.observedGeneration === row.generation
