/** Every noun's queries over one connection or transaction. */
import { auditQueries } from './audit.ts'
import { backupQueries } from './backups.ts'
import { certificateQueries } from './certificates.ts'
import { claimQueries } from './claims.ts'
import type { Db } from './db.ts'
import { domainQueries } from './domains.ts'
import { idempotencyQueries } from './idempotency.ts'
import { instanceQueries } from './instance.ts'
import { operationQueries } from './operations.ts'
import { projectQueries } from './projects.ts'
import { sleepQueries } from './sleep.ts'
import { tokenQueries } from './tokens.ts'

export const queries = (db: Db) => ({
  projects: projectQueries(db),
  sleep: sleepQueries(db),
  operations: operationQueries(db),
  backups: backupQueries(db),
  domains: domainQueries(db),
  certificates: certificateQueries(db),
  tokens: tokenQueries(db),
  claims: claimQueries(db),
  audit: auditQueries(db),
  idempotency: idempotencyQueries(db),
  instance: instanceQueries(db),
})

/** What may be asked of the store, inside a transaction or not. */
export type Queries = ReturnType<typeof queries>
