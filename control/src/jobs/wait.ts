/** Waits for what the reconciler brings about, by looking at the project's row: it may be another process's work. */
import { setTimeout as pause } from 'node:timers/promises'
import type { ProjectState } from '@cascata/shared/contract/projects'
import { ProjectGone, ProjectNotUp } from '@cascata/shared/problems/archive'
import type { ProjectRow } from '../store/tables/projects.ts'
import type { JobRun } from './deps.ts'

const LOOK_EVERY_MS = 50
const PATIENCE_MS = 120_000

/** Returns once the newest generation is observed in that state. */
export const waitFor = (
  run: JobRun,
  state: Extract<ProjectState, 'running' | 'importing'>,
): Promise<ProjectRow> =>
  waitUntil(run, (row) => {
    if (row.desired !== 'running') throw ProjectGone(row.ref)
    return row.observedState === state
  })

/** Returns once the newest generation is observed and it is so. */
export async function waitUntil(
  { deps: { store, clock, kick }, operation: { ref }, signal }: JobRun,
  isSo: (row: ProjectRow) => boolean,
): Promise<ProjectRow> {
  const deadline = clock.now() + PATIENCE_MS
  kick(ref)
  for (;;) {
    signal.throwIfAborted()
    const row = await store.projects.find(ref)
    if (!row || row.desired === 'deleted') throw ProjectGone(ref)
    if (isSo(row) && row.observedGeneration >= row.generation) return row
    if (clock.now() > deadline)
      throw ProjectNotUp(ref, row.lastProblem?.detail ?? `it is ${row.observedState}`)
    await pause(LOOK_EVERY_MS, undefined, { signal })
  }
}
