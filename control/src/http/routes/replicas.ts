/** A project's replicas over HTTP. */
import { ProjectReplicas } from '@cascata/shared/contract/replicas'
import type { App } from '../../app/app.ts'
import { endpoint, RefParam } from '../endpoint.ts'
import { router } from '../router.ts'

export function replicaRoutes({ replicas }: App) {
  const list = endpoint('GET /v1/projects/:ref/replicas', {
    tag: 'Projects',
    summary: 'Show its runtimes',
    description: 'How many there may be is a setting: `{"replicas":{"min":1,"max":3}}`.',
    request: { params: RefParam },
    answer: { status: 200, description: 'The runtimes, by slot.', schema: ProjectReplicas },
  })
  return router().openapi(list, async (c) =>
    c.json(await replicas.list(c.var.caller, c.req.valid('param').ref)),
  )
}
