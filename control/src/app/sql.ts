/** SQL in a project's database. The audit keeps which text was run by its hash: the text itself may hold secrets. */
import { createHash } from 'node:crypto'
import type {
  AppliedMigration,
  ApplyMigration,
  Migration,
  RunSql,
  SqlResult,
} from '@cascata/shared/contract/sql'
import { whileAwake } from './awake.ts'
import type { Caller } from './caller.ts'
import { audit } from './change.ts'
import type { AppDeps } from './ports.ts'

const sha256 = (text: string) => createHash('sha256').update(text).digest('hex')

export function sqlCases(deps: AppDeps) {
  const { store, sql } = deps
  return {
    async run(caller: Caller, ref: string, { query, timeout_ms }: RunSql): Promise<SqlResult> {
      return whileAwake(deps, { caller, ref }, async () => {
        // Another database: no transaction spans both. Written first, nothing is run that the audit does not know.
        const detail = { sha256: sha256(query), bytes: Buffer.byteLength(query) }
        await store.transaction((tx) => audit(tx, caller, { action: 'sql.run', target: ref, detail }))
        return sql.run(ref, query, { timeoutMs: timeout_ms })
      })
    },

    async migrate(caller: Caller, ref: string, wish: ApplyMigration): Promise<AppliedMigration> {
      const { version, name } = wish
      return whileAwake(deps, { caller, ref }, async () => {
        const detail = { version, name, sha256: sha256(wish.sql) }
        await store.transaction((tx) => audit(tx, caller, { action: 'sql.migrate', target: ref, detail }))
        const { applied } = await sql.migrate(ref, wish)
        return { version, name, applied }
      })
    },

    async migrations(caller: Caller, ref: string): Promise<{ items: Migration[] }> {
      return { items: await whileAwake(deps, { caller, ref }, () => sql.migrations(ref)) }
    },
  }
}
