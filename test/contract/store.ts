/** A store on a real Postgres of its own: the image that the instance keeps its own rows in. */
import { fileURLToPath } from 'node:url'
import { openStore, type Store } from '@cascata/control/store/open'
import postgres, { type Sql } from 'postgres'
import { startPostgres } from '../harness/postgres.ts'

const migrations = fileURLToPath(new URL('../../control/src/store/migrations', import.meta.url))

export type TestStore = {
  store: Store
  /** Past the store, as the superuser. */
  sql: Sql
  reopen(): Promise<Store>
  stop(): Promise<void>
}

export async function openTestStore(): Promise<TestStore> {
  const server = await startPostgres()
  const address = {
    socketDir: server.socketDir,
    user: 'supabase_admin',
    database: 'cascata',
    migrations,
  }
  const store = await openStore(address).catch(async (error: unknown) => {
    await server.stop()
    throw error
  })
  const { socketDir: host, user, database } = address
  const sql = postgres({ host, user, database, max: 1, connection: { search_path: 'public' }, onnotice() {} })
  return {
    store,
    sql,
    reopen: () => openStore(address),
    async stop() {
      await store.close()
      await sql.end()
      await server.stop()
    },
  }
}
