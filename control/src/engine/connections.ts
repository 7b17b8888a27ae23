/**
 * Who may have how many of a project's database connections. Pure.
 *
 * Postgres keeps `FOR_RUNTIMES` of them back for its runtimes' roles (`reserved_connections`): whatever a tenant's own
 * clients open, requests are answered. Each replica is given a share that leaves room for one more of them, since a
 * new one is up before an old one goes.
 */
import { REPLICAS_MAX } from '@cascata/shared/contract/replica-settings'

/** For control itself: preparing, dumping, restoring. */
const FOR_CONTROL = 4
/** Of each replica: of the up to three that its service of sign-ins opens, as another role, one is kept for it. */
const FOR_AUTH = 1
export const FOR_RUNTIMES = (REPLICAS_MAX + 1) * (4 + FOR_AUTH)
/** What is left to the tenant's own clients when all replicas have opened all of theirs. */
export const FOR_TENANT = 24

export const connectionSettings: Readonly<Record<string, string>> = {
  // Postgres counts what is free, not who has it: what is kept back must be free beside what the runtimes hold.
  max_connections: String(FOR_CONTROL + 2 * FOR_RUNTIMES + FOR_TENANT),
  superuser_reserved_connections: String(FOR_CONTROL),
  reserved_connections: String(FOR_RUNTIMES),
}

/** More would only wait for a processor. */
const SHARE_MAX = 8
/** Each replica has one that listens. */
const LISTENING = 1

export type ConnectionShare = {
  /** Connections that many requests share. */
  poolSize: number
  /** More of them, while slow statements hold all the others. */
  spareConnections: number
}

export function connectionShare(replicasMax: number): ConnectionShare {
  const share = Math.min(SHARE_MAX, Math.floor(FOR_RUNTIMES / (replicasMax + 1)) - LISTENING - FOR_AUTH)
  const poolSize = Math.ceil(share / 2)
  return { poolSize, spareConnections: share - poolSize }
}
