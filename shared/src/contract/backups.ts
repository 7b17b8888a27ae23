/** An encrypted archive of a project. */
import { z } from 'zod'
import { ProjectRef } from '../ids.ts'
import { Operation } from './operations.ts'

export const Backup = z
  .object({
    id: z.uuid(),
    ref: z.string(),
    status: z.enum(['pending', 'ready', 'failed']),
    bytes: z.int().nullable(),
    /** SHA-256 of the file, hex. */
    sha256: z.string().nullable(),
    summary: z.record(z.string(), z.unknown()).nullable(),
    created_at: z.string(),
    finished_at: z.string().nullable(),
  })
  .meta({ id: 'Backup' })
export type Backup = z.infer<typeof Backup>

/** Answer to whatever starts work on a backup. */
export const BackupChanged = Backup.extend({ operation: Operation }).meta({ id: 'BackupChanged' })
export type BackupChanged = z.infer<typeof BackupChanged>

/** Answer to an upload: the project appears once the archive is verified. */
export const ImportStarted = z
  .object({ ref: z.string(), name: z.string().nullable(), operation: Operation })
  .meta({ id: 'ImportStarted' })
export type ImportStarted = z.infer<typeof ImportStarted>

export const CreateBackup = z
  .object({
    /** Further age recipients (`age1...`) beside the instance's own. */
    recipients: z.array(z.string().startsWith('age1')).max(20).default([]),
    /** When given, the archive is sealed with it alone (age allows no other recipient beside a passphrase). */
    passphrase: z.string().min(12).max(1024).optional(),
  })
  .meta({ id: 'CreateBackup' })
export type CreateBackup = z.infer<typeof CreateBackup>

export const RestoreBackup = z
  .object({
    passphrase: z.string().max(1024).optional(),
    /** An age identity (`AGE-SECRET-KEY-1...`), for an archive that the instance's own does not open. */
    identity: z.string().startsWith('AGE-SECRET-KEY-1').max(200).optional(),
  })
  .meta({ id: 'RestoreBackup' })
export type RestoreBackup = z.infer<typeof RestoreBackup>

/** Query of `POST /v1/projects/import`, whose body is the archive's bytes. */
export const ImportProject = z.object({
  ref: ProjectRef,
  name: z.string().trim().min(1).max(100).optional(),
  /** `fresh` makes new keys; `same` carries the archive's over. */
  keys: z.enum(['fresh', 'same']).default('fresh'),
})
export type ImportProject = z.infer<typeof ImportProject>
