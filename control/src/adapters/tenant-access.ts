/**
 * Shuts a project's database for writing, and opens it again: by the default of its transactions, so that its owner can
 * still make room in one that says `begin read write`.
 */
import { setTimeout as pause } from 'node:timers/promises'
import { ident, literal, sql as text, toStatement } from '@cascata/shared/sql'
import type { Sql } from 'postgres'

/** The superuser's own default, which is what it is anyway: by it we know that it was we who shut the database. */
const MARK = 'supabase_admin'

const IS_SHUT = `select exists (
  select from pg_catalog.pg_db_role_setting s
  join pg_catalog.pg_database d on d.oid = s.setdatabase and d.datname = current_database()
  join pg_catalog.pg_roles r on r.oid = s.setrole and r.rolname = '${MARK}'
  where 'default_transaction_read_only=off' = any (s.setconfig)
) as shut, current_database() as name`

/** Sessions keep the default they began with. Those of superusers are control's own. */
const END = `select pg_catalog.pg_terminate_backend(a.pid)
  from pg_catalog.pg_stat_activity a
  join pg_catalog.pg_roles r on r.oid = a.usesysid and not r.rolsuper
  where a.datname = current_database()`

/** As the superuser. Nothing is done where it is so already. */
export async function setAccess(admin: Sql, readOnly: boolean): Promise<'as it was' | 'shut' | 'opened'> {
  const [found] = await admin.unsafe<{ shut: boolean; name: string }[]>(IS_SHUT)
  if (!found || found.shut === readOnly) return 'as it was'
  const database = ident(found.name)
  const [shut, open] = [
    text` set default_transaction_read_only = `,
    text` reset default_transaction_read_only`,
  ]
  const role = text`alter role ${ident(MARK)} in database ${database}`
  const statements = readOnly
    ? [text`${role}${shut}${literal('off')}`, text`alter database ${database}${shut}${literal('on')}`]
    : [text`alter database ${database}${open}`, text`${role}${open}`]
  await admin.begin(async (transaction) => {
    for (const statement of statements) await transaction.unsafe(toStatement(statement).text)
  })
  await admin.unsafe(END)
  return readOnly ? 'shut' : 'opened'
}

/** Of the tenant's own clients: the runtime's are not what fills a disk that is shut. */
export async function endSessions(admin: Sql): Promise<void> {
  await admin.unsafe(`${END} and r.rolname <> 'authenticator'`)
}

const QUIET_MS = 10_000
const LOOK_AGAIN_MS = 20

/**
 * Returns once nobody but control has a session in the cluster. Whoever may come is to be kept away before: one that
 * was just logging in is not to be seen yet, so two looks in a row must find none.
 */
export async function endEverySession(admin: Sql): Promise<void> {
  const until = performance.now() + QUIET_MS
  for (let quiet = 0; quiet < 2; ) {
    const ended = await admin`select pg_catalog.pg_terminate_backend(a.pid, ${ENDING_MS})
      from pg_catalog.pg_stat_activity a
      join pg_catalog.pg_roles r on r.oid = a.usesysid and not r.rolsuper
      where a.backend_type = 'client backend'`
    quiet = ended.length === 0 ? quiet + 1 : 0
    if (performance.now() > until) return
    if (quiet < 2) await pause(LOOK_AGAIN_MS)
  }
}

/** Long enough for a session to notice; one that does not is gone on without, as its end is under way. */
const ENDING_MS = 5_000

/** In every database of the cluster. Returns once they have ended. */
export async function endSessionsOf(admin: Sql, role: string): Promise<void> {
  await admin`select pg_catalog.pg_terminate_backend(pid, ${ENDING_MS}) from pg_catalog.pg_stat_activity
    where usename = ${role} and pid <> pg_catalog.pg_backend_pid()`
}
