/** How a project's Postgres is reached from outside, over HTTP. */
import { DatabaseAccess } from '@cascata/shared/contract/direct'
import type { App } from '../../app/app.ts'
import { endpoint, RefParam } from '../endpoint.ts'
import { router } from '../router.ts'

export function directRoutes({ direct }: App) {
  const show = endpoint('GET /v1/projects/:ref/database', {
    tag: 'Projects',
    summary: 'Show how its Postgres is reached from outside, password included',
    description: 'The URLs are null until the setting `direct.enabled` opens it.',
    request: { params: RefParam },
    answer: { status: 200, description: 'What a driver needs.', schema: DatabaseAccess },
  })
  return router().openapi(show, async (c) => {
    c.header('cache-control', 'no-store')
    return c.json(await direct.access(c.var.caller, c.req.valid('param').ref))
  })
}
