/**
 * PgBouncer's console, that of both processes. Control needs no password: it is root, and the kernel vouches for it.
 * It asks for what they run on and whom they serve, by a connection each time: there are few, and none is left behind.
 */
import postgres, { type Sql } from 'postgres'
import { POOLER_PORTS } from '../paths.ts'
import { CONSOLE_USER, DIGEST_PREFIX } from '../pooler/render.ts'
import { CONSOLE } from '../pooler/site.ts'
import { waitForAnswer } from './socket-http.ts'

const CONNECT_TIMEOUT_S = 2
const PORTS = Object.values(POOLER_PORTS)

export type PoolerConsole = ReturnType<typeof poolerConsole>

export function poolerConsole(socketOf: (port: number) => string) {
  const onBoth = <Result>(work: (sql: Sql) => Promise<Result>) =>
    Promise.all(PORTS.map((port) => within(socketOf(port), work)))

  const digest = async (): Promise<string | null> => {
    const found = await onBoth(readDigest).catch(() => [])
    const [one = null, ...others] = found
    return others.length > 0 && others.every((other) => other === one) ? one : null
  }

  return {
    /** Null when one does not answer, or when they run on different ones. */
    digest,
    waitFor: (wanted: string, timeoutMs: number): Promise<boolean> =>
      waitForAnswer(async () => (await digest()) === wanted, {
        socketPath: socketOf(PORTS[0] ?? 0),
        timeoutMs,
      }),

    /** Refs with a session, or a transaction, that is open now. */
    async inUse(): Promise<ReadonlySet<string>> {
      const rows = (await onBoth((sql) => sql.unsafe<PoolRow[]>('show pools').simple())).flat()
      return new Set(rows.filter(isInUse).map(({ database }) => database))
    },

    /** Connections to this project's server are made anew, each once its client lets go of it. */
    async reconnect(ref: string): Promise<void> {
      await onBoth((sql) => sql.unsafe(`reconnect "${ref}"`).simple())
    },

    /** Ends every session of this project, on either side. Who connects meanwhile waits: a killed database is paused. */
    async expel(ref: string): Promise<void> {
      await onBoth(async (sql) => {
        await sql.unsafe(`kill "${ref}"`).simple()
        await sql.unsafe(`resume "${ref}"`).simple()
      })
    },
  }
}

type PoolRow = { database: string; sv_active: string; cl_waiting: string }

const isInUse = ({ database, sv_active, cl_waiting }: PoolRow): boolean =>
  database !== CONSOLE && (Number(sv_active) > 0 || Number(cl_waiting) > 0)

async function readDigest(sql: Sql): Promise<string | null> {
  const rows = await sql.unsafe<{ key: string; value: string }[]>('show config').simple()
  const ignored = rows.find(({ key }) => key === 'ignore_startup_parameters')?.value ?? ''
  const name = ignored.split(', ').find((each) => each.startsWith(DIGEST_PREFIX))
  return name?.slice(DIGEST_PREFIX.length) ?? null
}

async function within<Result>(path: string, work: (sql: Sql) => Promise<Result>): Promise<Result> {
  const sql = postgres({
    ...{ path, user: CONSOLE_USER, database: CONSOLE, max: 1 },
    ...{ fetch_types: false, connect_timeout: CONNECT_TIMEOUT_S, onnotice: () => undefined },
  })
  try {
    return await work(sql)
  } finally {
    await sql.end({ timeout: 1 })
  }
}
