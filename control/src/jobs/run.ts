/**
 * Runs one operation and writes down how it came out. The row is the truth: a run that is cut off (shutdown, kill,
 * the store away) leaves it open, and it is run again at the next start, or when somebody looks for open ones.
 */

import type { OperationKind } from '@cascata/shared/contract/operations'
import { Problem } from '@cascata/shared/problem'
import { StoreUnavailable } from '@cascata/shared/problems/request'
import type { OperationRow } from '../store/tables/operations.ts'
import { createBackup, giveUpBackup } from './backup.ts'
import type { Job, JobDeps, JobRun } from './deps.ts'
import { giveUpImport, importProject } from './import.ts'
import { giveUpRestore, restoreBackup } from './restore.ts'
import { stepsOf } from './steps.ts'
import { giveUpUpgrade, upgradeProject } from './upgrade/project.ts'
import { upgradeAll } from './upgrade/waves.ts'

/** `giveUp` undoes what a failed run has made visible; it too may be killed and run again. */
type Kind = { job: Job; giveUp(run: JobRun): Promise<void> }

const KINDS: Partial<Record<OperationKind, Kind>> = {
  'backup.create': { job: createBackup, giveUp: giveUpBackup },
  'project.import': { job: importProject, giveUp: giveUpImport },
  'backup.restore': { job: restoreBackup, giveUp: giveUpRestore },
  'project.upgrade': { job: upgradeProject, giveUp: giveUpUpgrade },
  // What its projects went through is their own operations' to undo.
  'projects.upgrade': { job: upgradeAll, giveUp: async () => {} },
}

/** The rest is the reconciler's. */
export const isJob = ({ kind }: Pick<OperationRow, 'kind'>): boolean => KINDS[kind] !== undefined

export type RunOutcome = 'succeeded' | 'failed' | 'waiting' | 'cut off' | 'nothing to do'

/** `onFailure` logs it: the row shows only what is safe to show. */
export type RunOperation = {
  deps: JobDeps
  signal: AbortSignal
  onFailure(operation: OperationRow, error: unknown): void
}

export async function runOperation(
  id: string,
  { deps, signal, onFailure }: RunOperation,
): Promise<RunOutcome> {
  const operation = await deps.store.operations.find(id)
  const kind = operation && KINDS[operation.kind]
  if (!operation || !kind || operation.status === 'succeeded' || operation.status === 'failed')
    return 'nothing to do'
  const run: JobRun = { operation, deps, signal, steps: stepsOf(operation, { ...deps, signal }) }
  await deps.store.operations.start(id)
  if (operation.problem !== null) return giveUp(run, kind, operation.problem)
  const letGo = deps.hold(operation.ref)
  try {
    const result = await kind.job(run)
    if (result === null) return 'waiting'
    await deps.effects.run(`${operation.ref}.operation.succeed`, () =>
      deps.store.operations.succeed(id, result),
    )
    return 'succeeded'
  } catch (error) {
    if (signal.aborted || isStoreAway(error)) return 'cut off'
    onFailure(operation, error)
    const problem = shown(error)
    // Before anything is undone: with its traces gone, a run after a kill would fail for another reason, or not at all.
    await deps.effects.run(`${operation.ref}.operation.verdict`, () =>
      deps.store.operations.verdict(id, problem),
    )
    return giveUp(run, kind, problem)
  } finally {
    letGo()
  }
}

/** Of the project that says nothing; and whoever is not in charge of the instance may not change anything. */
const isStoreAway = (error: unknown): boolean =>
  error instanceof Problem && error.code === StoreUnavailable().code

type OperationProblem = NonNullable<OperationRow['problem']>

async function giveUp(run: JobRun, kind: Kind, problem: OperationProblem): Promise<RunOutcome> {
  const { operation, deps } = run
  await kind.giveUp(run)
  await deps.effects.run(`${operation.ref}.operation.fail`, () =>
    deps.store.operations.fail(operation.id, problem),
  )
  return 'failed'
}

function shown(error: unknown): OperationProblem {
  if (error instanceof Problem) {
    const detail = error.hint === undefined ? error.message : `${error.message} ${error.hint}`
    return { code: error.code, title: error.title, detail }
  }
  const detail = `The operation failed for a reason that is in control's log.`
  return { code: 'internal-error', title: 'Internal error', detail }
}
