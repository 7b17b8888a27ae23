/** Applications of a project over HTTP. */
import { AuthClient, ChangeAuthClient, CreateAuthClient } from '@cascata/shared/contract/auth-clients'
import { PageQuery, pageOf } from '@cascata/shared/contract/page'
import { AuthClientNotFound, AuthFailed, AuthRefused } from '@cascata/shared/problems/auth'
import {
  ProjectDeleted,
  ProjectImporting,
  ProjectNotReady,
  ProjectPaused,
} from '@cascata/shared/problems/projects'
import { CursorInvalid } from '@cascata/shared/problems/request'
import { ProjectWakeFailed } from '@cascata/shared/problems/sleep'
import { z } from 'zod'
import type { App } from '../../app/app.ts'
import { endpoint, json, RefParam } from '../endpoint.ts'
import { router } from '../router.ts'

const tag = 'Applications'
const ClientParam = RefParam.extend({ id: z.uuid() })
const asleep = [ProjectDeleted, ProjectImporting, ProjectPaused, ProjectNotReady, ProjectWakeFailed]
const failures = [...asleep, AuthRefused, AuthFailed]
const shown = { status: 200, description: 'The application, as its project shows it.', schema: AuthClient }
const UNKEPT = { 'cache-control': 'no-store' }

const list = endpoint('GET /v1/projects/:ref/auth/clients', {
  tag,
  summary: 'List the applications of a project, newest first',
  request: { params: RefParam, query: PageQuery },
  answer: { status: 200, description: 'One page.', schema: pageOf(AuthClient) },
  problems: [...failures, CursorInvalid],
})
const create = endpoint('POST /v1/projects/:ref/auth/clients', {
  tag,
  summary: 'Register an application',
  description: 'Its secret is shown this once. With `token_endpoint_auth_method: none` it has none.',
  request: { params: RefParam, body: json(CreateAuthClient) },
  answer: { ...shown, status: 201 },
  problems: failures,
})
const get = endpoint('GET /v1/projects/:ref/auth/clients/:id', {
  tag,
  summary: 'Show an application',
  request: { params: ClientParam },
  answer: shown,
  problems: [...failures, AuthClientNotFound],
})
const change = endpoint('PATCH /v1/projects/:ref/auth/clients/:id', {
  tag,
  summary: 'Change an application',
  description: 'What is not named stays.',
  request: { params: ClientParam, body: json(ChangeAuthClient) },
  answer: shown,
  problems: [...failures, AuthClientNotFound],
})
const remove = endpoint('DELETE /v1/projects/:ref/auth/clients/:id', {
  tag,
  summary: 'Take an application away',
  description: 'Its sessions end with it.',
  request: { params: ClientParam },
  answer: { status: 204, description: 'It is gone.' },
  problems: [...failures, AuthClientNotFound],
})
const renewSecret = endpoint('POST /v1/projects/:ref/auth/clients/:id/secret', {
  tag,
  summary: 'Make an application a new secret',
  description: 'It is shown this once. The one of before is void at once.',
  request: { params: ClientParam },
  answer: shown,
  problems: [...failures, AuthClientNotFound],
})

export function authClientRoutes({ authClients }: App) {
  return router()
    .openapi(list, async (c) => {
      const found = await authClients.list(c.var.caller, c.req.valid('param').ref, c.req.valid('query'))
      return c.json(found, 200, UNKEPT)
    })
    .openapi(create, async (c) => {
      const made = await authClients.create(c.var.caller, c.req.valid('param').ref, c.req.valid('json'))
      return c.json(made, 201, UNKEPT)
    })
    .openapi(get, async (c) => {
      const { ref, id } = c.req.valid('param')
      return c.json(await authClients.get(c.var.caller, ref, id), 200, UNKEPT)
    })
    .openapi(change, async (c) => {
      const { ref, id } = c.req.valid('param')
      const wish = c.req.valid('json')
      return c.json(await authClients.change(c.var.caller, ref, { id, wish }), 200, UNKEPT)
    })
    .openapi(remove, async (c) => {
      const { ref, id } = c.req.valid('param')
      await authClients.remove(c.var.caller, ref, id)
      return c.body(null, 204)
    })
    .openapi(renewSecret, async (c) => {
      const { ref, id } = c.req.valid('param')
      return c.json(await authClients.renewSecret(c.var.caller, ref, id), 200, UNKEPT)
    })
}
