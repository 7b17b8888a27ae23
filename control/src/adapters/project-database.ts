/**
 * Connections to one project's Postgres through the directory of its socket. The superuser needs no password: the
 * server asks the kernel who is on the other end, and control is root.
 *
 * What is connected to belongs to a tenant: the owner of a database may set defaults for all who come, so whatever
 * matters to control is said in the connection's own startup message, which wins over them.
 */
import { connect } from 'node:net'
import { setTimeout as pause } from 'node:timers/promises'
import { DatabaseUnreachable } from '@cascata/shared/problems/database'
import { serialize } from 'pg-protocol'
import postgres, { type Sql } from 'postgres'
import { socketPath } from './socket-path.ts'
import type { Login } from './sql-session.ts'

const ADMIN = 'supabase_admin'
/** A server with its data at hand starts in some 30 ms: the pause is short against that. */
const RETRY_MS = 5
const PROBE_TIMEOUT_MS = 1_000

/** As text, where the driver's types say number or boolean: it leaves out what is zero or false. */
const DEFAULTS_THAT_HOLD: Record<string, string> = {
  role: 'none',
  default_transaction_read_only: 'off',
  statement_timeout: '0',
  lock_timeout: '0',
  transaction_timeout: '0',
  idle_in_transaction_session_timeout: '0',
  idle_session_timeout: '0',
}

const common = { fetch_types: false, connect_timeout: 5, onnotice: () => undefined } as const

/** As the cluster's superuser, by peer: only a root process may. The caller ends it. */
export function connectAdmin(socketDir: string, options: { database?: string; max?: number } = {}): Sql {
  const { database = 'postgres', max = 1 } = options
  return postgres({
    ...common,
    path: socketPath(socketDir),
    user: ADMIN,
    database,
    max,
    connection: {
      application_name: 'cascata',
      // No tenant's function is found by an unqualified name, and no tenant's default makes control fail.
      search_path: 'pg_catalog, pg_temp',
      ...DEFAULTS_THAT_HOLD,
    },
  })
}

/** As one of the roles with a password. The caller ends it. */
export function connectAs(socketDir: string, login: Login & { max?: number }): Sql {
  const { user, password, database = 'postgres', max = 1 } = login
  return postgres({ ...common, path: socketPath(socketDir), user, password, database, max })
}

/**
 * Returns as soon as the server takes connections. Looks every few milliseconds: a container starts slower than
 * Postgres does, and a longer pause would be most of a new project's wait.
 * @throws DatabaseUnreachable after `timeoutMs`, or the signal's reason.
 */
export async function waitUntilReady(
  socketDir: string,
  options: { timeoutMs: number; signal?: AbortSignal },
): Promise<void> {
  const { timeoutMs, signal } = options
  const deadline = performance.now() + timeoutMs
  let last: unknown
  while (performance.now() < deadline) {
    signal?.throwIfAborted()
    try {
      if (await isReady(socketPath(socketDir))) return
    } catch (error) {
      last = error
    }
    await pause(RETRY_MS, undefined, signal ? { signal } : {}).catch(() => undefined)
  }
  signal?.throwIfAborted()
  throw DatabaseUnreachable().because(last)
}

/**
 * Knocks as a client would and reads no more than the first answer. A starting server refuses with 57P03 whoever
 * asks; any other answer, a refusal included, means that it serves.
 */
function isReady(path: string): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const socket = connect(path)
    socket.setTimeout(PROBE_TIMEOUT_MS, () => socket.destroy(new Error('the server does not answer')))
    socket.on('connect', () => socket.write(serialize.startup({ user: ADMIN, database: 'template1' })))
    socket.on('error', reject)
    socket.on('close', () => reject(new Error('the server hung up')))
    socket.once('data', (bytes) => {
      resolve(!bytes.includes('C57P03\0'))
      socket.end(serialize.end())
    })
  })
}
