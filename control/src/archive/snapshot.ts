/**
 * One moment of a cluster: a repeatable-read transaction that holds while the dump runs under its snapshot, so that
 * roles, counts and rows are all of the same instant.
 */
import { isBaseRole } from '@cascata/shared/caf/base-roles'
import type { Manifest, Roles, TableCount } from '@cascata/shared/caf/manifest'
import { ident, toStatement } from '@cascata/shared/sql'
import type postgres from 'postgres'
import { readDatabase, readMemberships, readRoles, readSettings } from './catalog.ts'
import { type Cluster, connect } from './cluster.ts'

export type Snapshot = {
  /** What `pg_dump --snapshot` takes. */
  id: string
  postgres: Manifest['postgres']
  database: Manifest['database']
  extensions: Manifest['extensions']
  tables: TableCount[]
  roles: Roles
  /** On disk, indexes included: only good for a guess of how far a dump is. */
  databaseBytes: number
}

type Session = postgres.Sql | postgres.TransactionSql

/** Runs `work` while the snapshot lives. */
export async function withSnapshot<Result>(
  cluster: Cluster,
  database: string,
  work: (snapshot: Snapshot) => Promise<Result>,
): Promise<Result> {
  const sql = connect(cluster, database)
  try {
    const result = await sql.begin('isolation level repeatable read read only', async (session) => ({
      value: await work(await take(session)),
    }))
    return result.value as Result
  } finally {
    await sql.end({ timeout: 5 })
  }
}

async function take(session: Session): Promise<Snapshot> {
  const [first] = await session<{ id: string; version: string; num: number; bytes: string }[]>`
    select pg_export_snapshot() as id, version(), current_setting('server_version_num')::int as num,
      pg_database_size(current_database()) as bytes`
  if (!first) throw new Error('Postgres exported no snapshot')
  const extensions = await session<Manifest['extensions']>`
    select extname as name, extversion as version, nspname as schema
    from pg_catalog.pg_extension join pg_catalog.pg_namespace on pg_namespace.oid = extnamespace order by extname`
  const custom = (await readRoles(session)).filter(({ name }) => !isBaseRole(name))
  return {
    id: first.id,
    databaseBytes: Number(first.bytes),
    postgres: { version: first.version, version_num: first.num },
    database: await readDatabase(session),
    extensions: [...extensions],
    tables: await countTables(session),
    roles: {
      custom,
      memberships: await readMemberships(session),
      settings: await readSettings(session),
    },
  }
}

/** Tables per statement: a round trip for each would be slow, all in one would be a plan of megabytes. */
const BATCH = 100

/** Every table that holds rows of its own and belongs to no extension, with its rows as this session sees them. */
export async function countTables(session: Session): Promise<TableCount[]> {
  const tables = await session<{ schema: string; name: string }[]>`
    select nspname as schema, relname as name
    from pg_catalog.pg_class join pg_catalog.pg_namespace on pg_namespace.oid = relnamespace
    where relkind = 'r' and relpersistence <> 't' and nspname not like 'pg\\_%' and nspname <> 'information_schema'
      and not exists (
        select from pg_catalog.pg_depend where classid = 'pg_class'::regclass and objid = pg_class.oid and deptype = 'e'
      )
    order by 1, 2`
  const counted: TableCount[] = []
  for (let at = 0; at < tables.length; at += BATCH) {
    const batch = tables.slice(at, at + BATCH)
    const counts = batch.map(
      ({ schema, name }, index) =>
        `select ${index} as index, count(*)::text as rows from only ${toStatement(ident(schema, name)).text}`,
    )
    const rows = await session.unsafe<{ index: number; rows: string }[]>(counts.join(' union all '))
    const byIndex = new Map(rows.map(({ index, rows }) => [index, Number(rows)]))
    batch.forEach(({ schema, name }, index) => {
      counted.push({ schema, name, rows: byIndex.get(index) ?? 0 })
    })
  }
  return counted
}
