/** A project's schema over HTTP: as TypeScript, and as OpenAPI. */
import { ApiQuery, TypesQuery, TypesResult } from '@cascata/shared/contract/descriptions'
import {
  DatabaseUnreachable,
  SchemaUnknown,
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
import { ApiNotDescribed } from '@cascata/shared/problems/reconcile'
import { ProjectWakeFailed } from '@cascata/shared/problems/sleep'
import { z } from 'zod'
import type { App } from '../../app/app.ts'
import { endpoint, RefParam } from '../endpoint.ts'
import { router } from '../router.ts'

const tag = 'Descriptions'
const asleep = [ProjectDeleted, ProjectImporting, ProjectPaused, ProjectNotReady, ProjectWakeFailed]

export function descriptionRoutes({ descriptions }: App) {
  const types = endpoint('GET /v1/projects/:ref/types/typescript', {
    tag,
    summary: 'Write the schema as TypeScript types',
    description:
      'The `Database` type that `createClient<Database>()` of supabase-js takes; `included_schemas` are names with commas between them.',
    request: { params: RefParam, query: TypesQuery },
    answer: { status: 200, description: 'A file of TypeScript.', schema: TypesResult },
    problems: [...asleep, DatabaseUnreachable, SqlFailed, SqlTimeout, SqlResultTooLarge, SchemaUnknown],
  })
  const api = endpoint('GET /v1/projects/:ref/openapi', {
    tag,
    summary: 'Describe the project’s REST API',
    description: 'What `/rest/v1/openapi.json` of the project answers a key of this role.',
    request: { params: RefParam, query: ApiQuery },
    answer: {
      status: 200,
      description: 'An OpenAPI 3.0 document.',
      schema: z.record(z.string(), z.unknown()),
    },
    problems: [...asleep, SchemaUnknown, ApiNotDescribed],
  })

  return router()
    .openapi(types, async (c) =>
      c.json(await descriptions.types(c.var.caller, c.req.valid('param').ref, c.req.valid('query'))),
    )
    .openapi(api, async (c) =>
      c.json(await descriptions.api(c.var.caller, c.req.valid('param').ref, c.req.valid('query'))),
    )
}
