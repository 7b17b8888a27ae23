/** Backups over HTTP. */
import { Backup, BackupChanged, CreateBackup, RestoreBackup } from '@cascata/shared/contract/backups'
import { PageQuery, pageOf } from '@cascata/shared/contract/page'
import { ProjectChanged } from '@cascata/shared/contract/projects'
import {
  BackupFileMissing,
  BackupNotFound,
  BackupNotReady,
  RangeInvalid,
} from '@cascata/shared/problems/backups'
import { OperationUnderWay } from '@cascata/shared/problems/operations'
import { ProjectDeleted, ProjectImporting, ProjectPaused } from '@cascata/shared/problems/projects'
import { CursorInvalid } from '@cascata/shared/problems/request'
import { z } from 'zod'
import type { App } from '../../app/app.ts'
import { endpoint, IdParam, json, RefParam } from '../endpoint.ts'
import { fileResponse } from '../file.ts'
import { accepted, router } from '../router.ts'

const tag = 'Backups'
const busy = [ProjectDeleted, ProjectImporting, ProjectPaused, OperationUnderWay]

export function backupRoutes({ backups }: App) {
  const list = endpoint('GET /v1/projects/:ref/backups', {
    tag,
    summary: 'List a project’s backups, newest first',
    request: { params: RefParam, query: PageQuery },
    answer: { status: 200, description: 'One page.', schema: pageOf(Backup) },
    problems: [CursorInvalid],
  })
  const create = endpoint('POST /v1/projects/:ref/backups', {
    tag,
    summary: 'Back a project up',
    description: 'Sealed for the instance’s own key and the recipients, or for the passphrase alone.',
    request: { params: RefParam, body: json(CreateBackup) },
    answer: { status: 202, description: 'Begun.', schema: BackupChanged, location: true },
    problems: busy,
  })
  const get = endpoint('GET /v1/backups/:id', {
    tag,
    summary: 'Show a backup',
    request: { params: IdParam },
    answer: { status: 200, description: 'The backup.', schema: Backup },
    problems: [BackupNotFound],
  })
  const file = endpoint('GET /v1/backups/:id/file', {
    tag,
    summary: 'Download a backup’s file',
    description:
      'An encrypted `.caf`. One `Range` is served, so that a download can go on where it broke off.',
    request: { params: IdParam, headers: z.object({ range: z.string().max(200).optional() }) },
    answer: { status: 200, description: 'The bytes.', type: 'application/octet-stream' },
    problems: [BackupNotFound, BackupNotReady, BackupFileMissing, RangeInvalid],
  })
  const remove = endpoint('DELETE /v1/backups/:id', {
    tag,
    summary: 'Delete a backup and its file',
    request: { params: IdParam },
    answer: { status: 204, description: 'Gone.' },
    problems: [BackupNotFound, OperationUnderWay],
  })
  const restore = endpoint('POST /v1/backups/:id/restore', {
    tag,
    summary: 'Put a backup in the place of what its project holds',
    request: { params: IdParam, body: json(RestoreBackup) },
    answer: { status: 202, description: 'Begun.', schema: ProjectChanged, location: true },
    problems: [BackupNotFound, BackupNotReady, ...busy],
  })

  return router()
    .openapi(list, async (c) =>
      c.json(await backups.list(c.var.caller, c.req.valid('param').ref, c.req.valid('query'))),
    )
    .openapi(create, async (c) =>
      accepted(c, await backups.create(c.var.caller, c.req.valid('param').ref, c.req.valid('json'))),
    )
    .openapi(get, async (c) => c.json(await backups.get(c.var.caller, c.req.valid('param').id)))
    .openapi(file, async (c) => fileResponse(c, await backups.file(c.var.caller, c.req.valid('param').id)))
    .openapi(remove, async (c) => {
      await backups.remove(c.var.caller, c.req.valid('param').id)
      return c.body(null, 204)
    })
    .openapi(restore, async (c) =>
      accepted(c, await backups.restore(c.var.caller, c.req.valid('param').id, c.req.valid('json'))),
    )
}
