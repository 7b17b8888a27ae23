/** What asks a project's own database or runtime needs it to run: one that sleeps is woken, and kept awake meanwhile. */
import { OperationUnderWay } from '@cascata/shared/problems/operations'
import {
  ProjectDeleted,
  ProjectImporting,
  ProjectNotReady,
  ProjectPaused,
} from '@cascata/shared/problems/projects'
import type { Queries } from '../store/queries.ts'
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
    await assertAnswers(store, project)
    if (project.asleepSince !== null || project.observedState === 'asleep') await wake(ref)
    return await work()
  } finally {
    letGo()
  }
}

async function assertAnswers(store: Pick<Queries, 'operations'>, project: ProjectRow): Promise<void> {
  const { ref, desired, observedState } = project
  if (desired === 'deleted') throw ProjectDeleted(ref)
  if (desired === 'paused') throw ProjectPaused(ref)
  await assertNotInHand(store, project)
  if (observedState === 'creating' || observedState === 'paused') throw ProjectNotReady(ref)
}

/** Throws while an import, a restore or an upgrade has the project in hand. */
export async function assertNotInHand(
  store: Pick<Queries, 'operations'>,
  { ref, importing }: ProjectRow,
): Promise<void> {
  if (importing === null) return
  const holder = await store.operations.find(importing)
  throw holder?.kind === 'project.upgrade' ? OperationUnderWay(ref, holder.kind) : ProjectImporting(ref)
}
