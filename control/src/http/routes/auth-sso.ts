/** Identity providers of a project over HTTP. */
import {
  AuthSsoProvider,
  AuthSsoProviders,
  ChangeAuthSsoProvider,
  CreateAuthSsoProvider,
} from '@cascata/shared/contract/auth-sso'
import {
  AuthFailed,
  AuthRefused,
  AuthSsoProviderExists,
  AuthSsoProviderNotFound,
} from '@cascata/shared/problems/auth'
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

const tag = 'Single sign-on'
const ProviderParam = RefParam.extend({ id: z.uuid() })
const asleep = [ProjectDeleted, ProjectImporting, ProjectPaused, ProjectNotReady, ProjectWakeFailed]
const failures = [...asleep, AuthRefused, AuthFailed]
const shown = {
  status: 200,
  description: 'The identity provider, as its project shows it.',
  schema: AuthSsoProvider,
}

const list = endpoint('GET /v1/projects/:ref/auth/sso', {
  tag,
  summary: 'List the identity providers of a project',
  request: { params: RefParam },
  answer: { status: 200, description: 'All of them, without their metadata.', schema: AuthSsoProviders },
  problems: failures,
})
const create = endpoint('POST /v1/projects/:ref/auth/sso', {
  tag,
  summary: 'Add an identity provider',
  description: 'With `metadata_url` or `metadata_xml`.',
  request: { params: RefParam, body: json(CreateAuthSsoProvider) },
  answer: { ...shown, status: 201 },
  problems: [...failures, AuthSsoProviderExists],
})
const get = endpoint('GET /v1/projects/:ref/auth/sso/:id', {
  tag,
  summary: 'Show an identity provider',
  request: { params: ProviderParam },
  answer: shown,
  problems: [...failures, AuthSsoProviderNotFound],
})
const change = endpoint('PATCH /v1/projects/:ref/auth/sso/:id', {
  tag,
  summary: 'Change an identity provider',
  description: 'What is not named stays; the entity id always does.',
  request: { params: ProviderParam, body: json(ChangeAuthSsoProvider) },
  answer: shown,
  problems: [...failures, AuthSsoProviderNotFound, AuthSsoProviderExists],
})
const remove = endpoint('DELETE /v1/projects/:ref/auth/sso/:id', {
  tag,
  summary: 'Take an identity provider away',
  description: 'Its users stay, with the sessions they have; nobody comes in this way any more.',
  request: { params: ProviderParam },
  answer: { status: 204, description: 'It is gone.' },
  problems: [...failures, AuthSsoProviderNotFound],
})

export function authSsoRoutes({ authSso }: App) {
  return router()
    .openapi(list, async (c) => c.json(await authSso.list(c.var.caller, c.req.valid('param').ref), 200))
    .openapi(create, async (c) => {
      const made = await authSso.create(c.var.caller, c.req.valid('param').ref, c.req.valid('json'))
      return c.json(made, 201)
    })
    .openapi(get, async (c) => {
      const { ref, id } = c.req.valid('param')
      return c.json(await authSso.get(c.var.caller, ref, id), 200)
    })
    .openapi(change, async (c) => {
      const { ref, id } = c.req.valid('param')
      const wish = c.req.valid('json')
      return c.json(await authSso.change(c.var.caller, ref, { id, wish }), 200)
    })
    .openapi(remove, async (c) => {
      const { ref, id } = c.req.valid('param')
      await authSso.remove(c.var.caller, ref, id)
      return c.body(null, 204)
    })
}
