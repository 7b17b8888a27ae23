/** Settings of a project's auth over HTTP. */
import { AuthConfig, AuthConfigChange, ChangeAuthConfig } from '@cascata/shared/contract/auth-config'
import { OperationUnderWay } from '@cascata/shared/problems/operations'
import { ProjectDeleted, ProjectImporting, SettingsChanged } from '@cascata/shared/problems/projects'
import { z } from 'zod'
import type { App } from '../../app/app.ts'
import { endpoint, json, RefParam } from '../endpoint.ts'
import { accepted, router } from '../router.ts'

const tag = 'Settings'

export function authConfigRoutes({ authConfig }: App) {
  const get = endpoint('GET /v1/projects/:ref/auth/config', {
    tag,
    summary: 'Show the settings of auth',
    description: 'All of them, defaults too. A secret that is set is shown as `{"set": true}`.',
    request: { params: RefParam },
    answer: { status: 200, description: 'The settings.', schema: AuthConfig },
  })
  const change = endpoint('PATCH /v1/projects/:ref/auth/config', {
    tag,
    summary: 'Change settings of auth, live',
    description:
      'A JSON Merge Patch: what is not named stays, null is the default again. No restart is needed. With `If-Match`, only the settings of that `ETag` are changed.',
    request: {
      params: RefParam,
      headers: z.object({ 'if-match': z.string().max(1_000).optional() }),
      body: json(ChangeAuthConfig),
    },
    answer: { status: 202, description: 'Written; soon live.', schema: AuthConfigChange, location: true },
    problems: [SettingsChanged, ProjectDeleted, ProjectImporting, OperationUnderWay],
  })

  return router()
    .openapi(get, async (c) => {
      const { config, etag } = await authConfig.get(c.var.caller, c.req.valid('param').ref)
      return c.json(config, 200, { etag })
    })
    .openapi(change, async (c) => {
      const wish = { wish: c.req.valid('json'), ifMatch: c.req.valid('header')['if-match'] }
      const { body, etag } = await authConfig.change(c.var.caller, c.req.valid('param').ref, wish)
      c.header('etag', etag)
      return accepted(c, body)
    })
}
