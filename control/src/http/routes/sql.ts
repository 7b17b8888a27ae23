/** SQL and migrations over HTTP. */
import { AppliedMigration, ApplyMigration, Migration, RunSql, SqlResult } from '@cascata/shared/contract/sql'
import {
  DatabaseUnreachable,
  MigrationChanged,
  MigrationEndsTransaction,
  SqlCopyRefused,
  SqlFailed,
  SqlResultTooLarge,
  SqlTimeout,
} from '@cascata/shared/problems/database'
import {
  ProjectDeleted,
  ProjectImporting,
  ProjectNotReady,
  ProjectPaused,
} from '@cascata/shared/problems/projects'
import { ProjectWakeFailed } from '@cascata/shared/problems/sleep'
import { z } from 'zod'
import type { App } from '../../app/app.ts'
import { endpoint, json, RefParam } from '../endpoint.ts'
import { router } from '../router.ts'

const tag = 'SQL'
const asleep = [
  ProjectDeleted,
  ProjectImporting,
  ProjectPaused,
  ProjectNotReady,
  ProjectWakeFailed,
  DatabaseUnreachable,
]
const refused = [SqlFailed, SqlTimeout, SqlCopyRefused]

export function sqlRoutes({ sql }: App) {
  const run = endpoint('POST /v1/projects/:ref/sql', {
    tag,
    summary: 'Run SQL as the project’s `postgres` role',
    request: { params: RefParam, body: json(RunSql) },
    answer: { status: 200, description: 'One result for each statement.', schema: SqlResult },
    problems: [...asleep, ...refused, SqlResultTooLarge],
  })
  const migrate = endpoint('POST /v1/projects/:ref/migrations', {
    tag,
    summary: 'Apply a migration, once',
    description:
      'It is applied and recorded in one transaction; a version that is there already is left alone.',
    request: { params: RefParam, body: json(ApplyMigration) },
    answer: { status: 200, description: 'Applied now or before.', schema: AppliedMigration },
    problems: [...asleep, ...refused, MigrationChanged, MigrationEndsTransaction],
  })
  const list = endpoint('GET /v1/projects/:ref/migrations', {
    tag,
    summary: 'List the migrations that are applied',
    request: { params: RefParam },
    answer: { status: 200, description: 'All of them.', schema: z.object({ items: z.array(Migration) }) },
    problems: asleep,
  })

  return router()
    .openapi(run, async (c) =>
      c.json(await sql.run(c.var.caller, c.req.valid('param').ref, c.req.valid('json'))),
    )
    .openapi(migrate, async (c) =>
      c.json(await sql.migrate(c.var.caller, c.req.valid('param').ref, c.req.valid('json'))),
    )
    .openapi(list, async (c) => c.json(await sql.migrations(c.var.caller, c.req.valid('param').ref)))
}
