/** Opens the instance's own database: makes it when absent, brings its tables up to date, and pools connections. */
import { drizzle } from 'drizzle-orm/postgres-js'
import { migrate } from 'drizzle-orm/postgres-js/migrator'
import postgres from 'postgres'
import { connect, type StoreAddress } from './connect.ts'
import { telling, tellingAll } from './errors.ts'
import { type Queries, queries } from './queries.ts'

type DatabaseAddress = StoreAddress & {
  /** Created when absent. */
  database: string
}

export type OpenStore = DatabaseAddress & {
  /** `control/src/store/migrations`, wherever the bundle has put it. */
  migrations: string
  connections?: number
}

export type Store = Queries & {
  /** All or nothing. Append the audit row last (store/audit.ts). */
  transaction<Result>(work: (queries: Queries) => Promise<Result>): Promise<Result>
  /** Calls back with the id of each operation that changed, once committed; returns how to stop. */
  watchOperations(changed: (id: string) => void): Promise<() => Promise<void>>
  ping(): Promise<void>
  close(): Promise<void>
}

const MIGRATION_LOCK = 7_166_242

async function ensureDatabase(address: DatabaseAddress): Promise<void> {
  const sql = connect(address, 'postgres', { max: 1 })
  try {
    const known = await sql`select from pg_database where datname = ${address.database}`
    if (known.length > 0) return
    // 42P04 and 23505: another process made it between the look and the act.
    await sql`create database ${sql(address.database)}`.catch((error: unknown) => {
      if (!(error instanceof postgres.PostgresError) || !['42P04', '23505'].includes(error.code)) throw error
    })
  } finally {
    await sql.end({ timeout: 5 })
  }
}

async function bringUpToDate(address: OpenStore): Promise<void> {
  const sql = connect(address, address.database, { max: 1 })
  try {
    // The session's lock goes with the connection, also after a kill.
    await sql`select pg_advisory_lock(${MIGRATION_LOCK})`
    await migrate(drizzle(sql), { migrationsFolder: address.migrations })
  } finally {
    await sql.end({ timeout: 5 })
  }
}

export async function openStore(options: OpenStore): Promise<Store> {
  await ensureDatabase(options)
  await bringUpToDate(options)
  const sql = connect(options, options.database, { max: options.connections ?? 8 })
  const db = drizzle(sql, { casing: 'snake_case' })
  return {
    ...tellingAll(queries(db)),
    transaction: (work) => telling(db.transaction((tx) => work(queries(tx)))),
    async watchOperations(changed) {
      const { unlisten } = await sql.listen('operations', changed)
      return unlisten
    },
    async ping() {
      await telling(sql`select 1`)
    },
    close: () => sql.end({ timeout: 5 }),
  }
}
