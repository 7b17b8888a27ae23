/** Backups: asked for, listed, given away, put back in place. The archive itself is the jobs' business. */
import { unlink } from 'node:fs/promises'
import { join } from 'node:path'
import type { Backup, BackupChanged, CreateBackup, RestoreBackup } from '@cascata/shared/contract/backups'
import type { ProjectChanged } from '@cascata/shared/contract/projects'
import { newBackupId, newOperationId } from '@cascata/shared/ids'
import { BackupNotFound, BackupNotReady } from '@cascata/shared/problems/backups'
import { OperationUnderWay } from '@cascata/shared/problems/operations'
import { ProjectPaused } from '@cascata/shared/problems/projects'
import type { PageRequest } from '../store/cursor.ts'
import type { Queries } from '../store/queries.ts'
import type { BackupRow } from '../store/tables/backups.ts'
import { assertSees, type Caller, getProject, seesPast } from './caller.ts'
import { assertNone, audit, insertOperation, lockProject } from './change.ts'
import type { AppDeps, Instance } from './ports.ts'
import { sealInput } from './sealed-input.ts'
import { viewBackup, viewOperation, viewPage, viewProject } from './view.ts'

export type BackupFile = { path: string; name: string; sha256: string | null }

const fileOf = (instance: Instance, row: { ref: string; id: string }) =>
  join(instance.home, 'backups', row.ref, `${row.id}.caf`)

async function lockRunning(tx: Queries, ref: string) {
  const project = await lockProject(tx, ref)
  if (project.desired === 'paused') throw ProjectPaused(ref)
  await assertNone(tx, ref, ['backup.create'])
  return project
}

export function backupCases({ store, seal, instance, kick }: AppDeps) {
  async function getRow(caller: Caller, id: string): Promise<BackupRow> {
    const row = await store.backups.find(id)
    if (!row || !(await seesPast(store, caller, row))) throw BackupNotFound()
    return row
  }

  return {
    async create(caller: Caller, ref: string, wish: CreateBackup): Promise<BackupChanged> {
      assertSees(caller, ref)
      const [id, operationId] = [newBackupId(), newOperationId()]
      const { recipients, passphrase } = wish
      const input = { backup: id, recipients, ...sealInput(seal, operationId, { passphrase }) }
      const { backup, operation } = await store.transaction(async (tx) => {
        await lockRunning(tx, ref)
        const operation = await insertOperation(tx, caller, {
          id: operationId,
          kind: 'backup.create',
          ref,
          input,
        })
        const backup = await tx.backups.insert({ id, ref, operation: operation.id })
        const detail = { backup: id, recipients, passphrase: passphrase !== undefined }
        await audit(tx, caller, { action: 'backup.create', target: ref, detail })
        return { backup, operation }
      })
      kick(operation)
      return { ...viewBackup(backup), operation: viewOperation(operation) }
    },

    async list(caller: Caller, ref: string, request: PageRequest) {
      const project = await getProject(store, caller, ref)
      const since = caller.projectRef === null ? undefined : project.createdAt
      return viewPage(await store.backups.page(ref, { ...request, since }), viewBackup)
    },

    get: async (caller: Caller, id: string): Promise<Backup> => viewBackup(await getRow(caller, id)),

    async file(caller: Caller, id: string): Promise<BackupFile> {
      const row = await getRow(caller, id)
      if (row.status !== 'ready') throw BackupNotReady(row.status)
      await store.transaction((tx) =>
        audit(tx, caller, { action: 'backup.download', target: row.ref, detail: { backup: id } }),
      )
      const day = row.createdAt.slice(0, 10)
      return {
        path: fileOf(instance, row),
        name: `${row.ref}-${day}-${id.slice(0, 8)}.caf`,
        sha256: row.sha256,
      }
    },

    async remove(caller: Caller, id: string): Promise<void> {
      const row = await getRow(caller, id)
      if (row.status === 'pending') throw OperationUnderWay(row.ref, 'backup.create')
      await store.transaction(async (tx) => {
        await assertNone(tx, row.ref, ['backup.restore'])
        await tx.backups.remove(id)
        // Before the commit: a row without its file can be deleted again, a file without its row is never found.
        await unlink(fileOf(instance, row)).catch((error: NodeJS.ErrnoException) => {
          if (error.code !== 'ENOENT') throw error
        })
        await audit(tx, caller, { action: 'backup.delete', target: row.ref, detail: { backup: id } })
      })
    },

    /** Puts the backup in the place of what its project holds now. */
    async restore(caller: Caller, id: string, wish: RestoreBackup): Promise<ProjectChanged> {
      const row = await getRow(caller, id)
      if (row.status !== 'ready') throw BackupNotReady(row.status)
      const operationId = newOperationId()
      const input = { backup: id, ...sealInput(seal, operationId, wish) }
      const { project, operation } = await store.transaction(async (tx) => {
        const project = await lockRunning(tx, row.ref)
        const operation = await insertOperation(tx, caller, {
          id: operationId,
          kind: 'backup.restore',
          ref: row.ref,
          input,
        })
        await audit(tx, caller, { action: 'backup.restore', target: row.ref, detail: { backup: id } })
        return { project, operation }
      })
      kick(operation)
      return { ...viewProject(project, instance), operation: viewOperation(operation) }
    },
  }
}
