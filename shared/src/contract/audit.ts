/** Who did what, when. */
import { z } from 'zod'

export const AuditEntry = z
  .object({
    seq: z.int(),
    at: z.string(),
    /** `token:<id>`, `claim` or `system`. */
    actor: z.string(),
    action: z.string(),
    target: z.string(),
    detail: z.record(z.string(), z.unknown()),
    request_id: z.string(),
    /** Hash of the entry before. */
    previous: z.string(),
    hash: z.string(),
  })
  .meta({ id: 'AuditEntry' })
export type AuditEntry = z.infer<typeof AuditEntry>

export const AuditVerdict = z
  .object({
    intact: z.boolean(),
    /** Entries that were found whole. */
    entries: z.int(),
    /** The first entry that does not follow from the one before. */
    broken_at: z.int().nullable(),
    /** Keep it elsewhere: only that shows whether the newest entries were cut off. */
    last_hash: z.string().nullable(),
  })
  .meta({ id: 'AuditVerdict' })
export type AuditVerdict = z.infer<typeof AuditVerdict>
