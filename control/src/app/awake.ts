/** What asks a project's own database or runtime needs it to run: one that sleeps is woken, and kept awake meanwhile. */
import {
  ProjectDeleted,
  ProjectImporting,
  ProjectNotReady,
  ProjectPaused,
} from '@cascata/shared/problems/projects'
import type { ProjectRow } from '../store/tables/projects.ts'
import { type Caller, getProject } from './caller.ts'
import type { AppDeps } from './ports.ts'

/** Throws unless it should answer, and when it sleeps and does not come up. */
export async function whileAwake<Result>(
  { store, hold, wake }: Pick<AppDeps, 'store' | 'hold' | 'wake'>,
  { caller, ref }: { caller: Caller; ref: string },
  work: () => Promise<Result>,
): Promise<Result> {
  // Before the look: what falls asleep after it finds that it is held.
  const letGo = hold(ref)
  try {
    const project = await getProject(store, caller, ref)
    assertAnswers(project)
    if (project.asleepSince !== null || project.observedState === 'asleep') await wake(ref)
    return await work()
  } finally {
    letGo()
  }
}

function assertAnswers({ ref, desired, importing, observedState }: ProjectRow): void {
  if (desired === 'deleted') throw ProjectDeleted(ref)
  if (desired === 'paused') throw ProjectPaused(ref)
  if (importing !== null) throw ProjectImporting(ref)
  if (observedState === 'creating' || observedState === 'paused') throw ProjectNotReady(ref)
}
