/** The way to the schema `auth`: as its own role, over the project's socket, opened by the first request that needs it. */
import { join } from 'node:path'
import { authAdminPassword } from '@cascata/shared/auth-password'
import type { ProjectDocument } from '@cascata/shared/project-document'
import type { Sql } from 'postgres'

export type AuthDatabase = {
  sql(): Promise<Sql>
  close(): Promise<void>
}

const ROLE = 'supabase_auth_admin'
/** One of them is kept back for it by control, whatever a tenant's own clients open. */
const CONNECTIONS = 3
const IDLE_S = 30
const CONNECT_S = 5
const CLOSE_S = 3

type Place = ProjectDocument['database']

/** Another password or place: another pool, and the old one ends after its last query. */
export function createAuthDatabase(place: () => Place): AuthDatabase {
  let open: { key: string; sql: Promise<Sql> } | undefined
  const sql = (): Promise<Sql> => {
    const now = place()
    const key = JSON.stringify([now.host, now.port, now.database, now.password])
    if (open?.key !== key) {
      const before = open
      open = { key, sql: connect(now) }
      void before?.sql.then((old) => old.end({ timeout: CLOSE_S }))
    }
    return open.sql
  }
  return {
    sql,
    async close() {
      const last = open
      open = undefined
      await (await last?.sql)?.end({ timeout: CLOSE_S })
    },
  }
}

async function connect({ host, port, database, password }: Place): Promise<Sql> {
  const { default: postgres } = await import('postgres')
  const where = host.startsWith('/') ? { path: join(host, `.s.PGSQL.${port}`) } : { host, port }
  return postgres({
    ...where,
    ...{ database, user: ROLE, password: authAdminPassword(password), max: CONNECTIONS },
    ...{ idle_timeout: IDLE_S, connect_timeout: CONNECT_S, onnotice: () => {} },
    connection: { application_name: 'cascata-auth', search_path: 'auth, pg_temp' },
  })
}
