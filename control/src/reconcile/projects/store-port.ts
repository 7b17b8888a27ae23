/** What the projects reconciler needs of the store; the store's own queries fit, and so does the simulator's memory. */
import type { ListedProject } from '../../store/projects.ts'
import type { OperationRow } from '../../store/tables/operations.ts'
import type { ProjectRow } from '../../store/tables/projects.ts'

export type Observation = {
  generation: number
  state: ProjectRow['observedState']
  problem: ProjectRow['lastProblem']
}

export type ReconcilerStore = {
  projects: {
    list(): Promise<ListedProject[]>
    find(ref: string): Promise<ProjectRow | undefined>
    recordObserved(ref: string, observation: Observation): Promise<void>
    remove(ref: string): Promise<void>
  }
  sleep: {
    begin(ref: string, seen: { generation: number; lastActiveAt: string }): Promise<ProjectRow | undefined>
    cancel(ref: string): Promise<void>
    end(ref: string): Promise<ProjectRow | undefined>
    woken(ref: string, wakeMs: number): Promise<void>
    recordActive(ref: string, lastActiveAt: string): Promise<void>
  }
  operations: {
    listOpen(): Promise<Pick<OperationRow, 'id' | 'ref' | 'generation'>[]>
    step(id: string, name: string, status: 'running' | 'done' | 'failed'): Promise<void>
    progress(id: string, progress: number): Promise<void>
    completeLifecycle(ref: string, generation: number): Promise<void>
  }
}
