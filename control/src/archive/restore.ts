/**
 * An archive's database into a cluster: beside the one that is there, and in its place only when all of it is right.
 *
 * Each run begins anew: what an earlier run left is dropped, and a swap that has happened is recognised. So a run
 * may be killed anywhere and started again.
 */

import { once } from 'node:events'
import { createReadStream } from 'node:fs'
import type { Roles, TableCount } from '@cascata/shared/caf/manifest'
import { Problem } from '@cascata/shared/problem'
import { RestoreFailed, RestoreIncomplete } from '@cascata/shared/problems/archive'
import { ident, toStatement } from '@cascata/shared/sql'
import type { OpenWith } from './age/header.ts'
import { type Cluster, connect, connectionArguments, type Program, run } from './cluster.ts'
import { createDatabaseToSql, databaseToSql, rolesToSql } from './cluster-sql.ts'
import { type ArchiveRead, readArchive } from './reader.ts'
import { countTables } from './snapshot.ts'
import { dropDatabase, isSwapped, outside, stagingName, swapDatabases } from './swap.ts'
import { FILE_CHUNK_BYTES } from './verify.ts'

export type RestoreDatabase = {
  cluster: Cluster
  path: string
  openWith: OpenWith
  /** What a full reading of this very file found. */
  verified: ArchiveRead
  /** Names the staging database; the same after a kill. */
  operation: string
  /** 0 to 1. */
  onProgress?: ((done: number) => void) | undefined
  signal?: AbortSignal | undefined
  /** Wraps each change of the cluster, for the crash matrix. */
  effect?:
    | (<Result>(
        step: 'staging' | 'roles' | 'load' | 'swap',
        change: () => Promise<Result>,
      ) => Promise<Result>)
    | undefined
}

/** The new database waits for nothing: a crash before the swap throws it away. */
const LOADING = { synchronous_commit: 'off', maintenance_work_mem: '64MB' }

export async function restoreDatabase(options: RestoreDatabase): Promise<void> {
  const { cluster, operation, verified } = options
  const effect = options.effect ?? ((_step, change) => change())
  const staging = stagingName(operation)
  try {
    if (await isSwapped(cluster, operation)) return
    await effect('roles', () => restoreRoles(cluster, verified.manifest.database.owner, verified.roles))
    await effect('staging', () => createStaging(options, staging))
    await effect('load', () => load(options, staging))
    await finish(options, staging)
    await effect('swap', () => swapDatabases(cluster, operation))
  } catch (error) {
    // A commit whose answer was lost is a commit.
    if (await isSwapped(cluster, operation).catch(() => false)) return
    await dropStaging(cluster, staging)
    if (error instanceof Problem || options.signal?.aborted) throw error
    throw RestoreFailed('the database refused it').because(error)
  }
}

/** Left behind at worst: the next run drops it too, so its own failure must not hide the first one. */
const dropStaging = (cluster: Cluster, staging: string): Promise<unknown> =>
  outside(cluster, (sql) => dropDatabase(sql, staging)).catch(() => undefined)

const restoreRoles = (cluster: Cluster, owner: string, roles: Roles): Promise<void> =>
  outside(cluster, async (sql) => {
    const rows = await sql<{ name: string }[]>`select rolname as name from pg_catalog.pg_roles`
    const existing = new Set(rows.map(({ name }) => name))
    const known = new Set([...existing, ...roles.custom.map(({ name }) => name)])
    if (!known.has(owner)) throw RestoreFailed(`its owner ${owner} is no role of the archive`)
    await sql.begin(async (session) => {
      for (const statement of rolesToSql(roles, existing)) await session.unsafe(statement)
    })
  })

const createStaging = ({ cluster, verified }: RestoreDatabase, staging: string): Promise<void> =>
  outside(cluster, async (sql) => {
    const { database } = verified.manifest
    await dropDatabase(sql, staging)
    await sql.unsafe(createDatabaseToSql(staging, database))
    for (const statement of databaseToSql(staging, database, verified.roles.settings))
      await sql.unsafe(statement)
  })

/** Reads the file again, all checks included, with the dump going straight into pg_restore. */
async function load(options: RestoreDatabase, staging: string): Promise<void> {
  const { cluster, path, verified, signal } = options
  const restore = run(
    cluster.tools.restore,
    [...connectionArguments(cluster), `--dbname=${staging}`, '--format=custom', '--exit-on-error'],
    LOADING,
  )
  try {
    const read = await readArchive({
      source: createReadStream(path, { highWaterMark: FILE_CHUNK_BYTES }),
      openWith: options.openWith,
      onBytes: (bytes) => options.onProgress?.(bytes / verified.bytes),
      onDatabase: (piece) => feed(restore, piece),
      signal,
    })
    if (read.sha256 !== verified.sha256) throw RestoreFailed('the file changed while it was read')
    restore.stdin.end()
    await restore.ended
  } finally {
    restore.kill()
  }
}

/** Waits when the pipe is full; a program that has gone says why. */
async function feed(restore: Program, piece: Buffer): Promise<void> {
  if (restore.stdin.destroyed) return restore.ended
  if (restore.stdin.write(piece)) return
  await Promise.race([once(restore.stdin, 'drain'), restore.ended])
}

/** Counts what came, against the manifest; statistics are not in a dump, so they are made here. */
async function finish({ cluster, verified }: RestoreDatabase, staging: string): Promise<void> {
  const sql = connect(cluster, staging)
  try {
    compareCounts(verified.manifest.tables, await countTables(sql))
    await sql.unsafe('analyze')
  } finally {
    await sql.end({ timeout: 5 })
  }
}

export function compareCounts(expected: readonly TableCount[], found: readonly TableCount[]): void {
  const nameOf = ({ schema, name }: TableCount) => toStatement(ident(schema, name)).text
  const rows = new Map(found.map((table) => [nameOf(table), table.rows]))
  for (const table of expected) {
    const now = rows.get(nameOf(table))
    if (now !== table.rows) throw RestoreIncomplete(nameOf(table), table.rows, now ?? 0)
  }
}
