/** What asks a project's own database or runtime needs it to run. */
import {
  ProjectDeleted,
  ProjectImporting,
  ProjectNotReady,
  ProjectPaused,
} from '@cascata/shared/problems/projects'
import { type Caller, getProject } from './caller.ts'
import type { AppDeps } from './ports.ts'

/** Throws unless it should answer. */
export async function assertAwake(store: AppDeps['store'], caller: Caller, ref: string): Promise<void> {
  const project = await getProject(store, caller, ref)
  if (project.desired === 'deleted') throw ProjectDeleted(ref)
  if (project.desired === 'paused') throw ProjectPaused(ref)
  if (project.importing !== null) throw ProjectImporting(ref)
  if (project.observedState === 'creating' || project.observedState === 'paused') throw ProjectNotReady(ref)
}
