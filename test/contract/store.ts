/**
 * A store in a database of its own on a real Postgres: the cluster that CASCATA_TEST_POSTGRES names (a socket
 * directory), else one made by the harness.
 */
import { fileURLToPath } from 'node:url'
import { openStore, type Store } from '@cascata/control/store/open'
import postgres from 'postgres'

const migrations = fileURLToPath(new URL('../../control/src/store/migrations', import.meta.url))

export type TestStore = {
  store: Store
  /** Past the store, as the superuser. */
  sql: postgres.Sql
  reopen(): Promise<Store>
  stop(): Promise<void>
}

export async function openTestStore(): Promise<TestStore> {
  const socketDir = process.env.CASCATA_TEST_POSTGRES ?? ''
  const database = `store_${crypto.randomUUID().replaceAll('-', '')}`
  const address = { socketDir, user: 'supabase_admin', database, migrations }
  const store = await openStore(address)
  const sql = postgres({ host: socketDir, user: address.user, database, max: 1, onnotice: () => {} })
  return {
    store,
    sql,
    reopen: () => openStore(address),
    async stop() {
      await store.close()
      await sql.end()
      const admin = postgres({ host: socketDir, user: address.user, database: 'postgres', max: 1 })
      await admin`drop database if exists ${admin(database)} with (force)`
      await admin.end()
    },
  }
}
