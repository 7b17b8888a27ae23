/**
 * `backup.restore`: a backup's database in the place of what its project holds now. Settings and keys stay: they may
 * have been changed since for good reasons. Until the swap the old database is untouched, and a failure brings it back.
 */
import { ArchiveMissing } from '@cascata/shared/problems/archive'
import { backupPath } from './backup.ts'
import type { JobRun } from './deps.ts'
import { handBack, refill, verify } from './refill.ts'

type Input = { backup: string }

export async function restoreBackup(run: JobRun): Promise<Record<string, unknown>> {
  const { operation, deps, steps } = run
  const { backup: id } = operation.input as Input
  const backup = await deps.store.backups.find(id)
  if (backup?.status !== 'ready') throw ArchiveMissing()
  if (!steps.isDone('restore')) {
    const path = backupPath(deps, backup)
    const verified = await verify(run, path)
    await steps.run('stop', () => stopServing(run))
    await refill(run, path, verified)
  }
  await handBack(run)
  return { ref: operation.ref, id }
}

async function stopServing({ operation, deps }: JobRun): Promise<void> {
  const row = await deps.store.projects.find(operation.ref)
  if (row?.importing === operation.id) return
  await deps.effects.run(`${operation.ref}.restore.mark`, () =>
    deps.store.projects.change(operation.ref, { importing: operation.id, asleepSince: null }),
  )
  deps.kick(operation.ref)
}

/** The project goes on with what it had. */
export async function giveUpRestore({ operation, deps }: JobRun): Promise<void> {
  const row = await deps.store.projects.find(operation.ref)
  if (row?.importing !== operation.id) return
  await deps.effects.run(`${operation.ref}.restore.undo`, () =>
    deps.store.projects.clearImporting(operation.ref),
  )
  deps.kick(operation.ref)
}
