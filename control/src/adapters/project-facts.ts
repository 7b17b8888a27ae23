/**
 * What can be said of a project's rows in little time: which tables there are, and how many rows the small ones have.
 * An upgrade must lose none of it.
 */
import { ident, join, literal, sql as text, toStatement } from '@cascata/shared/sql'
import type { Sql } from 'postgres'
import { connectAdmin, connectAs } from './project-database.ts'

export type TableFact = { schema: string; name: string; rows: number | null }
export type ProjectFacts = { tables: TableFact[] }

/** Only tables up to this size are counted, and the largest of those: a count reads all of it. */
const COUNTED_BYTES_MAX = 8 * 1024 * 1024
const COUNTED_MAX = 20
/** Cascata's own, whose rows its migrations may change. */
const OWN_SCHEMAS = ['cascata', 'auth', 'storage', 'realtime', 'supabase_migrations', 'cron']
const STATEMENT_TIMEOUT_MS = 15_000

type Listed = { schema: string; name: string; bytes: string }

export async function readFacts(socketDir: string): Promise<ProjectFacts> {
  const admin = connectAdmin(socketDir)
  try {
    await admin.unsafe(`set statement_timeout = ${STATEMENT_TIMEOUT_MS}`)
    const listed = await admin<Listed[]>`
      select n.nspname as schema, c.relname as name, pg_relation_size(c.oid)::text as bytes
      from pg_class c join pg_namespace n on n.oid = c.relnamespace
      where c.relkind = 'r' and c.relpersistence <> 't'
        and n.nspname !~ '^pg_' and n.nspname not in ('information_schema', 'cascata')
      order by 1, 2`
    const counts = await countRows(admin, listed)
    return {
      tables: listed.map(({ schema, name }) => ({
        schema,
        name,
        rows: counts.get(`${schema}.${name}`) ?? null,
      })),
    }
  } finally {
    await admin.end({ timeout: 5 })
  }
}

async function countRows(admin: Sql, listed: readonly Listed[]): Promise<Map<string, number>> {
  const counted = listed
    .filter(({ schema, bytes }) => !OWN_SCHEMAS.includes(schema) && Number(bytes) <= COUNTED_BYTES_MAX)
    .toSorted((a, b) => Number(b.bytes) - Number(a.bytes))
    .slice(0, COUNTED_MAX)
  if (counted.length === 0) return new Map()
  const each = counted.map(
    ({ schema, name }) =>
      text`select ${literal(`${schema}.${name}`)} as name, count(*)::text as rows from only ${ident(schema, name)}`,
  )
  const rows = await admin.unsafe<{ name: string; rows: string }[]>(
    toStatement(join(each, text` union all `)).text,
  )
  return new Map(rows.map(({ name, rows }) => [name, Number(rows)]))
}

/**
 * Tables that are gone or have fewer rows than before, in words; nothing is best. More of them than before are no loss:
 * whatever runs inside the database may add some, and an undo would take just those away.
 */
export function lossesOf(before: ProjectFacts, after: ProjectFacts): string[] {
  const now = new Map(after.tables.map((table) => [`${table.schema}.${table.name}`, table.rows]))
  return before.tables.flatMap(({ schema, name, rows }) => {
    const found = now.get(`${schema}.${name}`)
    if (found === undefined) return [`${schema}.${name} is gone`]
    if (rows === null || found === null || found >= rows) return []
    return [`${schema}.${name} has ${found} rows instead of ${rows}`]
  })
}

/** Throws unless the runtime's own login gets in and is answered. */
export async function askAsAuthenticator(socketDir: string, password: string): Promise<void> {
  const sql = connectAs(socketDir, { user: 'authenticator', password })
  try {
    await sql`select 1`
  } finally {
    await sql.end({ timeout: 5 })
  }
}

/** Asks the runtime to read the schema anew, as PostgREST's users do. */
export async function reloadSchema(socketDir: string): Promise<void> {
  const admin = connectAdmin(socketDir)
  try {
    await admin`notify pgrst, 'reload schema'`
  } finally {
    await admin.end({ timeout: 5 })
  }
}
