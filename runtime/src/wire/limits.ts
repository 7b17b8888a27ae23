/** Every bound of the connection to Postgres, in one place. */
export type WireLimits = {
  /** Connections that many turns share. */
  connections: number
  /** More of them, opened only while slow turns or two-trip turns hold all the others. */
  spareConnections: number
  /** Turns in flight on one connection. */
  depth: number
  /** Turns keep to a connection that is at work as long as they need not wait longer than this for it. */
  gatherMs: number
  /** Prepared statements kept on each connection. */
  statementsMax: number
  /** Turns that may wait for a connection, and for how long. */
  queueMax: number
  waitMs: number
  /** A turn that has run this long has its connection for itself. */
  slowMs: number
  /** A turn that has run this long is cancelled when nobody waits for it: a cancel costs Postgres a process. */
  abandonMs: number
  /** What a cancel may take before it is repeated, and then before the connection is given up. */
  cancelGraceMs: number
  connectTimeoutMs: number
  /** Pauses between attempts to connect grow from the first to the second. */
  backoffMinMs: number
  backoffMaxMs: number
  /** A connection unused for this long is closed, down to one. */
  idleMs: number
  /** A connection at work is replaced when it is about this old: Postgres keeps for each what it ever cached. */
  lifetimeMs: number
  /** Bytes of rows in one answer. */
  resultBytesMax: number
  /** Bytes of the texts and values of one turn: Postgres drops a connection that sends a larger message. */
  turnBytesMax: number
}

export const WIRE_LIMITS: WireLimits = {
  connections: 4,
  spareConnections: 4,
  depth: 16,
  gatherMs: 1,
  statementsMax: 256,
  queueMax: 2_000,
  waitMs: 5_000,
  slowMs: 50,
  abandonMs: 200,
  cancelGraceMs: 2_000,
  connectTimeoutMs: 5_000,
  backoffMinMs: 10,
  backoffMaxMs: 1_000,
  idleMs: 60_000,
  lifetimeMs: 600_000,
  resultBytesMax: 128 * 1024 * 1024,
  turnBytesMax: 512 * 1024 * 1024,
}

export type DatabaseOptions = {
  /** A directory that holds `.s.PGSQL.<port>` (an absolute path), or a host name. */
  host: string
  port: number
  database: string
  user: string
  password: string
  applicationName?: string
  /** Plans every prepared statement once, without looking at its values: cheaper, and worse for skewed data. */
  forceGenericPlan?: boolean
  /** Further session parameters: what each turn starts from. */
  session?: Readonly<Record<string, string>>
  limits?: Partial<WireLimits>
  /** For the log: nothing here asks for an answer. */
  onEvent?: (event: WireEvent) => void
}

export type WireEvent =
  | { event: 'connected'; processId: number }
  | { event: 'connect-failed'; error: Error; retryInMs: number }
  | { event: 'connection-lost'; processId: number; error: Error | undefined; turns: number }
  | { event: 'listener-failed'; channel: string; error: Error }
  | { event: 'cancelled'; processId: number; reason: 'abandoned' | 'overdue' }
