/** A project's live settings over HTTP. */
import { ChangeSettings, ProjectSettings, SettingsChange } from '@cascata/shared/contract/projects'
import { OperationUnderWay } from '@cascata/shared/problems/operations'
import { RefNotDirect } from '@cascata/shared/problems/pooler'
import {
  IfMatchRequired,
  ProjectDeleted,
  ProjectImporting,
  SettingsChanged,
} from '@cascata/shared/problems/projects'
import { z } from 'zod'
import type { App } from '../../app/app.ts'
import { endpoint, json, RefParam } from '../endpoint.ts'
import { accepted, router } from '../router.ts'

const tag = 'Settings'

export function settingsRoutes({ settings }: App) {
  const get = endpoint('GET /v1/projects/:ref/settings', {
    tag,
    summary: 'Show the settings',
    description: 'The answer’s `ETag` is what a change must send as `If-Match`.',
    request: { params: RefParam },
    answer: { status: 200, description: 'The settings.', schema: ProjectSettings },
  })
  const change = endpoint('PATCH /v1/projects/:ref/settings', {
    tag,
    summary: 'Change settings, live',
    description: 'What is not named stays. No restart is needed.',
    request: {
      params: RefParam,
      headers: z.object({ 'if-match': z.string().max(1_000).optional() }),
      body: json(ChangeSettings),
    },
    answer: { status: 202, description: 'Written; soon live.', schema: SettingsChange, location: true },
    problems: [
      ...[IfMatchRequired, SettingsChanged, RefNotDirect],
      ...[ProjectDeleted, ProjectImporting, OperationUnderWay],
    ],
  })

  return router()
    .openapi(get, async (c) => {
      const found = await settings.get(c.var.caller, c.req.valid('param').ref)
      return c.json(found.settings, 200, { etag: found.etag })
    })
    .openapi(change, async (c) => {
      const wish = { wish: c.req.valid('json'), ifMatch: c.req.valid('header')['if-match'] }
      const { body, etag } = await settings.change(c.var.caller, c.req.valid('param').ref, wish)
      c.header('etag', etag)
      return accepted(c, body)
    })
}
