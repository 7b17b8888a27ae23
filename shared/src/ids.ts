/** Names that travel between the floors: a ref is what a person types, an id is what the store keeps. */
import { randomUUID } from 'node:crypto'
import { z } from 'zod'

/** Names of a subdomain that are the instance's own. */
const RESERVED = new Set(['www', 'api', 'control', 'console', 'admin', 'edge', 'mail', 'status', 'cascata'])

export const ProjectRef = z
  .string()
  .regex(
    /^[a-z][a-z0-9-]{1,38}[a-z0-9]$/,
    'a ref is 3 to 40 of a-z, 0-9 and "-", starts with a letter and ends with a letter or digit',
  )
  .refine((ref) => !RESERVED.has(ref), 'this ref is kept for the instance itself')
  .brand<'ProjectRef'>()
export type ProjectRef = z.infer<typeof ProjectRef>

export const OperationId = z.uuid().brand<'OperationId'>()
export type OperationId = z.infer<typeof OperationId>

export const BackupId = z.uuid().brand<'BackupId'>()
export type BackupId = z.infer<typeof BackupId>

export const newOperationId = (): OperationId => randomUUID() as OperationId
export const newBackupId = (): BackupId => randomUUID() as BackupId
