/** The audit trail over HTTP. */
import { AuditEntry, AuditVerdict } from '@cascata/shared/contract/audit'
import { PageQuery, pageOf } from '@cascata/shared/contract/page'
import { CursorInvalid } from '@cascata/shared/problems/request'
import { z } from 'zod'
import type { App } from '../../app/app.ts'
import { endpoint } from '../endpoint.ts'
import { router } from '../router.ts'

const tag = 'Audit'

export function auditRoutes({ audit }: App) {
  const list = endpoint('GET /v1/audit', {
    tag,
    summary: 'List who did what, newest first',
    request: { query: PageQuery.extend({ target: z.string().max(100).optional() }) },
    answer: { status: 200, description: 'One page.', schema: pageOf(AuditEntry) },
    problems: [CursorInvalid],
  })
  const verify = endpoint('GET /v1/audit/verify', {
    tag,
    summary: 'Compute the chain of the audit trail again',
    request: {},
    answer: { status: 200, description: 'Whether it is intact.', schema: AuditVerdict },
  })

  return router()
    .openapi(list, async (c) => c.json(await audit.list(c.req.valid('query'))))
    .openapi(verify, async (c) => c.json(await audit.verify()))
}
