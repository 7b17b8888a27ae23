/** Postgres itself, from outside: whether a project's database is reached through the pooler, by whom, and how. */
import { z } from 'zod'
import { Cidr } from '../cidr.ts'

export const DirectSettings = z.object({
  /** Whether the database is reached at all other than by the project's own runtime. */
  enabled: z.boolean().default(false),
  /** Who may connect, by address; beside the password, never instead of it. */
  allowedAddresses: z.array(Cidr).min(1).max(64).prefault(['0.0.0.0/0', '::/0']),
  /** Connections to Postgres that each port may hold for the project: both together what its server has for clients. */
  poolSize: z.int().min(1).max(12).default(10),
  /** Clients that each port lets in at once; those above `poolSize` wait for their turn. */
  clientsMax: z.int().min(1).max(1_000).default(100),
})
export type DirectSettings = z.infer<typeof DirectSettings>

/** What a driver needs. It holds a secret. */
export const DatabaseAccess = z
  .object({
    enabled: z.boolean(),
    host: z.string(),
    /** One connection to Postgres for as long as the client stays: for psql, pg_dump, migrations, LISTEN. */
    session_port: z.int(),
    /** One for each transaction: for many short-lived clients. */
    transaction_port: z.int(),
    database: z.string(),
    user: z.string(),
    password: z.string(),
    /** Through the session port, password included; null while the database is not reached from outside. */
    db_url: z.string().nullable(),
    /** Through the transaction port. */
    pooler_url: z.string().nullable(),
  })
  .meta({ id: 'DatabaseAccess' })
export type DatabaseAccess = z.infer<typeof DatabaseAccess>

/** Every project's owner is called so by the pooler: no two projects share a user. */
export const poolerUser = (ref: string): string => `postgres.${ref}`
