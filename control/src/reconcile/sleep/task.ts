/**
 * Puts projects to sleep that nobody uses, by writing down that they sleep: the projects reconciler stops their
 * containers. After that is written, their use is looked at once more, so that a request that came meanwhile finds
 * the project up; one that comes still later is held by the activator.
 */
import type { Clock } from '@cascata/shared/clock'
import type { SleepAfter } from '@cascata/shared/contract/sleep-settings'
import type { ProjectRow } from '../../store/tables/projects.ts'
import type { Effects } from '../effects.ts'
import type { ReconcilerStore } from '../projects/store-port.ts'
import type { Failure, Log, Task } from '../task.ts'
import type { Activity } from './activity-port.ts'
import type { Holds } from './holds.ts'
import { lastUseOf, mayFallAsleep, planSleep } from './policy.ts'

const EVERY_MS = 10_000
/** What the API shows of the last use is at most so old. */
const RECORD_EVERY_MS = 60_000

export type SleepDeps = {
  store: Pick<ReconcilerStore, 'projects' | 'sleep' | 'operations'>
  activity: Activity
  holds: Pick<Holds, 'has'>
  /** For projects that say nothing. */
  usual: SleepAfter
  effects: Effects
  /** Somebody is to be stopped, or after all not. */
  changed(): void
  clock: Clock
  log: Log
}

export const sleepTask = (deps: SleepDeps): Task => ({
  name: 'sleep',
  everyMs: EVERY_MS,
  async run(signal) {
    const { store, clock, usual } = deps
    const rows = await store.projects.list()
    const busy = new Set((await store.operations.listOpen()).map(({ ref }) => ref))
    const now = clock.now()
    const candidates = await Promise.all(
      rows
        .filter((row) => mayFallAsleep(row, usual))
        .map(async (row) => ({
          row,
          lastActiveAt: await deps.activity.lastActiveAt(row.ref),
          isHeld: deps.holds.has(row.ref) || busy.has(row.ref),
        })),
    )
    const plan = planSleep(candidates, { now, usual })
    const applied: string[] = []
    const failed: Failure[] = []
    for (const { row, lastActiveAt } of plan.asleep) {
      signal.throwIfAborted()
      try {
        if (await putToSleep(deps, row, lastActiveAt)) applied.push(`${row.ref} asleep`)
      } catch (error) {
        failed.push({ what: `${row.ref} to sleep`, error })
      }
    }
    if (applied.length > 0) deps.changed()
    for (const { row, lastActiveAt } of candidates) await record(deps, row, lastUseOf(row, lastActiveAt, now))
    return { applied, failed, againInMs: Math.max(1_000, plan.againInMs) }
  },
})

async function putToSleep(deps: SleepDeps, row: ProjectRow, lastActiveAt: number): Promise<boolean> {
  const { store, effects, activity, holds, log } = deps
  const { ref, generation } = row
  const seen = { generation, lastActiveAt: new Date(lastActiveAt).toISOString() }
  const begun = await effects.run(`${ref}.sleep.begin`, () => store.sleep.begin(ref, seen))
  if (!begun) return false
  if (holds.has(ref) || ((await activity.lastActiveAt(ref)) ?? 0) > lastActiveAt) {
    await store.sleep.cancel(ref)
    deps.changed()
    return false
  }
  log.info({ project: ref, lastActiveAt: seen.lastActiveAt }, 'falls asleep')
  return true
}

async function record({ store, log }: SleepDeps, row: ProjectRow, lastUse: number): Promise<void> {
  const known = row.lastActiveAt === null ? 0 : Date.parse(row.lastActiveAt)
  if (lastUse - known < RECORD_EVERY_MS) return
  await store.sleep
    .recordActive(row.ref, new Date(lastUse).toISOString())
    .catch((err: unknown) => log.warn({ project: row.ref, err }, 'last use was not recorded'))
}
