/**
 * Puts a restored database in the place of the one that is there: two renames in one transaction, so that at every
 * moment there is exactly one `postgres`, the old or the new.
 */
import { setTimeout as wait } from 'node:timers/promises'
import { ident, toStatement } from '@cascata/shared/sql'
import postgres from 'postgres'
import { type Cluster, connect } from './cluster.ts'

export const LIVE = 'postgres'
/** A transaction cannot rename the database it is in. */
const ELSEWHERE = 'template1'

/** Named after the operation, so that a run after a kill knows its own. Postgres cuts names at 63 bytes. */
const suffix = (operation: string): string => operation.replaceAll('-', '').slice(0, 32)
export const stagingName = (operation: string): string => `cascata_restore_${suffix(operation)}`
const replacedName = (operation: string): string => `cascata_replaced_${suffix(operation)}`

const quoted = (name: string): string => toStatement(ident(name)).text

export async function outside<Result>(
  cluster: Cluster,
  work: (sql: postgres.Sql) => Promise<Result>,
): Promise<Result> {
  const sql = connect(cluster, ELSEWHERE)
  try {
    return await work(sql)
  } finally {
    await sql.end({ timeout: 5 })
  }
}

const exists = async (sql: postgres.Sql, name: string): Promise<boolean> =>
  (await sql`select from pg_catalog.pg_database where datname = ${name}`).length > 0

/** True once this operation's swap has happened, until `dropReplaced`. */
export const isSwapped = (cluster: Cluster, operation: string): Promise<boolean> =>
  outside(cluster, (sql) => exists(sql, replacedName(operation)))

export const dropDatabase = (sql: postgres.Sql, name: string): Promise<unknown> =>
  sql.unsafe(`drop database if exists ${quoted(name)} with (force)`)

const ATTEMPTS = 50
const BETWEEN_MS = 100
const OBJECT_IN_USE = '55006'

/** Sessions are ended first; one that comes back at once (a pool, a worker) makes us try again. */
export const swapDatabases = (cluster: Cluster, operation: string): Promise<void> =>
  outside(cluster, async (sql) => {
    const staging = stagingName(operation)
    for (let attempt = 1; ; attempt++) {
      await sql`select pg_terminate_backend(pid) from pg_catalog.pg_stat_activity
        where datname in ${sql([LIVE, staging])} and pid <> pg_backend_pid()`
      try {
        await sql.begin(async (session) => {
          await session.unsafe(`alter database ${quoted(LIVE)} rename to ${quoted(replacedName(operation))}`)
          await session.unsafe(`alter database ${quoted(staging)} rename to ${quoted(LIVE)}`)
        })
        return
      } catch (error) {
        const inUse = error instanceof postgres.PostgresError && error.code === OBJECT_IN_USE
        if (!inUse || attempt >= ATTEMPTS) throw error
        await wait(BETWEEN_MS)
      }
    }
  })

export const dropReplaced = (cluster: Cluster, operation: string): Promise<void> =>
  outside(cluster, async (sql) => void (await dropDatabase(sql, replacedName(operation))))
