/** Archives uploaded to become projects. */
import type { ReadableStream } from 'node:stream/web'
import { ImportProject, ImportStarted } from '@cascata/shared/contract/backups'
import { DiskFull, UploadIncomplete, UploadTooLarge } from '@cascata/shared/problems/backups'
import { OperationUnderWay } from '@cascata/shared/problems/operations'
import { ProjectRefTaken } from '@cascata/shared/problems/projects'
import { z } from 'zod'
import type { App } from '../../app/app.ts'
import { endpoint } from '../endpoint.ts'
import { accepted, router } from '../router.ts'

const Secrets = z.object({
  'x-cascata-passphrase': z.string().min(1).max(1_024).optional(),
  'x-cascata-identity': z.string().startsWith('AGE-SECRET-KEY-1').max(200).optional(),
  'idempotency-key': z.string().optional(),
})

export function importRoutes({ imports }: App) {
  const start = endpoint('POST /v1/projects/import', {
    tag: 'Backups',
    summary: 'Make a project of an archive',
    description:
      'The body is the `.caf` as it is. All of it is verified before anything is made of it. A passphrase or an age identity is needed only where the instance’s own key does not open it.',
    request: {
      query: ImportProject,
      headers: Secrets,
      body: {
        required: true,
        content: { 'application/octet-stream': { schema: z.string().meta({ format: 'binary' }) } },
      },
    },
    answer: {
      status: 202,
      description: 'Uploaded; now being verified.',
      schema: ImportStarted,
      location: true,
    },
    problems: [ProjectRefTaken, OperationUnderWay, UploadTooLarge, UploadIncomplete, DiskFull],
  })

  return router().openapi(start, async (c) => {
    const headers = c.req.valid('header')
    const announced = c.req.header('content-length')
    const upload = {
      wish: c.req.valid('query'),
      secrets: { passphrase: headers['x-cascata-passphrase'], identity: headers['x-cascata-identity'] },
      body: (c.req.raw.body ?? new Blob([]).stream()) as ReadableStream<Uint8Array>,
      announced: announced === undefined ? undefined : Number(announced),
    }
    return accepted(c, await imports.start(c.var.caller, upload))
  })
}
