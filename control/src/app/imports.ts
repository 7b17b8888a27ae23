/** Archives uploaded to become projects. The job verifies all of one before anything is made of it. */
import { randomUUID } from 'node:crypto'
import { readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { ReadableStream } from 'node:stream/web'
import type { ImportProject, ImportStarted } from '@cascata/shared/contract/backups'
import { newOperationId } from '@cascata/shared/ids'
import { ProjectRefTaken } from '@cascata/shared/problems/projects'
import { receiveFile } from '../adapters/upload.ts'
import type { Queries } from '../store/queries.ts'
import type { OperationRow } from '../store/tables/operations.ts'
import type { Caller } from './caller.ts'
import { assertNone, audit, insertOperation } from './change.ts'
import { DISK_RESERVE_BYTES, IMPORT_BYTES_MAX } from './limits.ts'
import type { AppDeps } from './ports.ts'
import { type JobSecrets, sealInput } from './sealed-input.ts'
import { viewOperation } from './view.ts'

export type ArchiveUpload = {
  secrets: JobSecrets
  body: ReadableStream<Uint8Array>
  /** `Content-Length`, when the sender told. */
  announced: number | undefined
}

export function importCases({ store, seal, instance, commit, kick, verifyArchive }: AppDeps) {
  const directory = join(instance.home, 'imports')

  const receive = (file: string, { body, announced }: ArchiveUpload): Promise<number> =>
    receiveFile(file, {
      body,
      announced,
      bytesMax: IMPORT_BYTES_MAX,
      reserveBytes: DISK_RESERVE_BYTES,
    })

  return {
    async start(caller: Caller, wish: ImportProject, upload: ArchiveUpload): Promise<ImportStarted> {
      const { ref, name, keys } = wish
      // Said before a long upload; the transaction below says it for certain.
      if (await store.projects.find(ref)) throw ProjectRefTaken(ref)
      const id = newOperationId()
      const file = join(directory, `${id}.caf`)
      const bytes = await receive(file, upload)
      const input = { name: name ?? null, keys, bytes, ...sealInput(seal, id, upload.secrets) }
      try {
        const write = async (tx: Queries): Promise<OperationRow> => {
          await tx.projects.reserve(ref)
          if (await tx.projects.find(ref)) throw ProjectRefTaken(ref)
          await assertNone(tx, ref, ['project.import'])
          const operation = await insertOperation(tx, caller, { id, kind: 'project.import', ref, input })
          const detail = { operation: id, keys, bytes }
          await audit(tx, caller, { action: 'project.import', target: ref, detail })
          return operation
        }
        const operation = await commit(ref, () => store.transaction(write))
        kick(operation)
        return { ref, name: name ?? null, operation: viewOperation(operation) }
      } catch (error) {
        await rm(file, { force: true })
        throw error
      }
    },

    /** Reads all of an uploaded archive, and keeps nothing of it. */
    async verify(upload: ArchiveUpload): Promise<Record<string, unknown>> {
      const file = join(directory, `verify-${randomUUID()}.caf`)
      try {
        await receive(file, upload)
        return await verifyArchive(file, upload.secrets)
      } finally {
        await rm(file, { force: true })
      }
    },

    /** At start: uploads whose operation is finished or never came to be are of no use to anybody. */
    async sweep(): Promise<number> {
      const open = new Set((await store.operations.listOpen()).map(({ id }) => `${id}.caf`))
      const names = await readdir(directory).catch((error: NodeJS.ErrnoException) => {
        if (error.code === 'ENOENT') return []
        throw error
      })
      const stale = names.filter((name) => /\.caf(\.part)?$/.test(name) && !open.has(name))
      for (const name of stale) await rm(join(directory, name), { force: true })
      return stale.length
    },
  }
}
