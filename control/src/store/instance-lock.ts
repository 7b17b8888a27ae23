/**
 * Who is in charge of the instance: at most one process at a time. It is a lock of the database's own that lives and
 * dies with a connection kept for nothing else, so that whoever is killed has let go of it.
 */
import { setTimeout as pause } from 'node:timers/promises'
import type { Problem } from '@cascata/shared/problem'
import { ControlAlreadyRunning } from '@cascata/shared/problems/control'
import type { Sql } from 'postgres'
import { connect, type StoreAddress } from './connect.ts'

export type InstanceLock = {
  /** Aborted when the lock is lost; undefined while it is not known to be held. */
  held(): AbortSignal | undefined
  /** Resolves when another process has taken it while the connection was away: this one is no longer in charge. */
  taken: Promise<Problem>
  release(): Promise<void>
}

export type LockOptions = {
  /** What is told to whoever comes second. */
  holder: string
  home: string
  /** For one that was killed a moment ago, and for one that is just stopping. */
  patienceMs?: number
}

const KEY = 7_166_243
/** A lock belongs to a database: this one is there before the instance's own, and what comes second changes no tables. */
const DATABASE = 'postgres'
const PATIENCE_MS = 5_000
const LOOK_EVERY_MS = 100
const NAME = 'cascata-control of '

/** @throws ControlAlreadyRunning */
export async function lockInstance(address: StoreAddress, options: LockOptions): Promise<InstanceLock> {
  const { holder, home, patienceMs = PATIENCE_MS } = options
  const taken = Promise.withResolvers<Problem>()
  let holding: AbortController | undefined
  let isReleased = false

  const regain = async () => {
    while (!isReleased) {
      const got = await tryLock(sql).catch(() => undefined)
      if (got === true) {
        holding = new AbortController()
        return
      }
      if (got === false) return taken.resolve(ControlAlreadyRunning(home, await holderOf(sql)))
      // The database is away, and so nobody else has it, either.
      await pause(LOOK_EVERY_MS)
    }
  }
  const onclose = () => {
    // Tries to connect end here, too.
    if (!holding) return
    holding.abort(new Error('the instance’s lock is lost'))
    holding = undefined
    void regain()
  }
  const sql = connect(address, DATABASE, { max: 1, max_lifetime: null, name: `${NAME}${holder}`, onclose })

  const until = performance.now() + patienceMs
  while (!(await tryLock(sql))) {
    if (performance.now() > until) {
      const problem = ControlAlreadyRunning(home, await holderOf(sql))
      await sql.end({ timeout: 5 })
      throw problem
    }
    await pause(LOOK_EVERY_MS)
  }
  holding = new AbortController()
  return {
    held: () => holding?.signal,
    taken: taken.promise,
    async release() {
      isReleased = true
      holding = undefined
      await sql.end({ timeout: 5 })
    },
  }
}

async function tryLock(sql: Sql): Promise<boolean> {
  const [row] = await sql<{ got: boolean }[]>`select pg_try_advisory_lock(${KEY}) as got`
  return row?.got === true
}

async function holderOf(sql: Sql): Promise<string> {
  const found = sql<{ name: string; since: Date }[]>`
    select application_name as name, backend_start as since
    from pg_locks join pg_stat_activity using (pid)
    where locktype = 'advisory' and objid = ${KEY} and granted`
  const [row] = await found.catch(() => [])
  if (!row) return 'which one is not known'
  return `on ${row.name.replace(NAME, '')}, since ${row.since.toISOString()}`
}
