/**
 * Whom the pooler lets in where, as a model. What reaches the configuration's text has passed the types made here: no
 * character in it means anything to PgBouncer, and every name is quoted, for `all` is a ref like any other.
 */
import { Cidr } from '@cascata/shared/cidr'
import { ProjectRef } from '@cascata/shared/ids'
import { z } from 'zod'

/** PgBouncer's own database, its console; a project of that name cannot have an entry. */
export const CONSOLE = 'pgbouncer'

/** As `newPassword` makes them. */
export const PoolerPassword = z
  .string()
  .regex(/^[\w-]{20,200}$/)
  .brand<'PoolerPassword'>()

export const ScramVerifier = z
  .string()
  .regex(/^SCRAM-SHA-256\$[1-9]\d{3,6}:[A-Za-z0-9+/]{22}==\$[A-Za-z0-9+/]{43}=:[A-Za-z0-9+/]{43}=$/)
  .brand<'ScramVerifier'>()

export const PoolerEntry = z.object({
  ref: ProjectRef.refine((ref) => ref !== CONSOLE),
  allowed: z.array(Cidr).min(1),
  /** Of the role `postgres` in the project's own server. */
  password: PoolerPassword,
  /** The very one that server holds: see docs/decisions/0011-pooler.md. */
  verifier: ScramVerifier,
  poolSize: z.int().min(1).max(100),
  clientsMax: z.int().min(1).max(10_000),
})
export type PoolerEntry = z.infer<typeof PoolerEntry>

/** The instance's own: the pooler sees no project's. */
export const PoolerSite = z.object({
  certificate: z.string(),
  key: z.string(),
  entries: z.array(PoolerEntry),
})
export type PoolerSite = z.infer<typeof PoolerSite>
