/** SQL in a project's database, and its schema as types. The audit keeps which text was run by its hash: the text itself may hold secrets. */
import { createHash } from 'node:crypto'
import type {
  AppliedMigration,
  ApplyMigration,
  Migration,
  RunSql,
  SqlResult,
} from '@cascata/shared/contract/sql'
import type { TypesQuery, TypesResult } from '@cascata/shared/contract/types'
import { SchemaUnknown } from '@cascata/shared/problems/database'
import {
  ProjectDeleted,
  ProjectImporting,
  ProjectNotReady,
  ProjectPaused,
} from '@cascata/shared/problems/projects'
import { renderTypes } from '../typegen/render.ts'
import { type Caller, getProject } from './caller.ts'
import { audit } from './change.ts'
import type { AppDeps } from './ports.ts'

const sha256 = (text: string) => createHash('sha256').update(text).digest('hex')

export function sqlCases({ store, sql }: AppDeps) {
  /** Throws unless its database should answer. */
  async function assertAwake(caller: Caller, ref: string): Promise<void> {
    const project = await getProject(store, caller, ref)
    if (project.desired === 'deleted') throw ProjectDeleted(ref)
    if (project.desired === 'paused') throw ProjectPaused(ref)
    if (project.importing !== null) throw ProjectImporting(ref)
    if (project.observedState === 'creating' || project.observedState === 'paused') throw ProjectNotReady(ref)
  }

  return {
    async run(caller: Caller, ref: string, { query, timeout_ms }: RunSql): Promise<SqlResult> {
      await assertAwake(caller, ref)
      // Another database: no transaction spans both. Written first, nothing is run that the audit does not know.
      const detail = { sha256: sha256(query), bytes: Buffer.byteLength(query) }
      await store.transaction((tx) => audit(tx, caller, { action: 'sql.run', target: ref, detail }))
      return sql.run(ref, query, { timeoutMs: timeout_ms })
    },

    async migrate(caller: Caller, ref: string, wish: ApplyMigration): Promise<AppliedMigration> {
      await assertAwake(caller, ref)
      const { version, name } = wish
      const detail = { version, name, sha256: sha256(wish.sql) }
      await store.transaction((tx) => audit(tx, caller, { action: 'sql.migrate', target: ref, detail }))
      const { applied } = await sql.migrate(ref, wish)
      return { version, name, applied }
    },

    async migrations(caller: Caller, ref: string): Promise<{ items: Migration[] }> {
      await assertAwake(caller, ref)
      return { items: await sql.migrations(ref) }
    },

    async types(caller: Caller, ref: string, { included_schemas }: TypesQuery): Promise<TypesResult> {
      await assertAwake(caller, ref)
      const catalog = await sql.catalog(ref, included_schemas)
      const missing = included_schemas.filter((name) => !catalog.schemas.includes(name))
      if (missing.length > 0) throw SchemaUnknown(missing)
      return { types: renderTypes(catalog) }
    },
  }
}
