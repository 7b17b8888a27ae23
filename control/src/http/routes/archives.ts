/** Archives that are uploaded: to become projects, or only to be checked. */
import type { ReadableStream } from 'node:stream/web'
import { ImportProject, ImportStarted } from '@cascata/shared/contract/backups'
import {
  ArchiveDamaged,
  ArchiveForeign,
  ArchiveNewer,
  ArchiveTooLarge,
  ArchiveTruncated,
  ArchiveWrongKey,
} from '@cascata/shared/problems/archive'
import { DiskFull, UploadIncomplete, UploadTooLarge } from '@cascata/shared/problems/backups'
import { OperationUnderWay } from '@cascata/shared/problems/operations'
import { ProjectRefTaken } from '@cascata/shared/problems/projects'
import { RequestInvalid } from '@cascata/shared/problems/request'
import { z } from '@hono/zod-openapi'
import type { Context } from 'hono'
import type { App } from '../../app/app.ts'
import type { ArchiveUpload } from '../../app/imports.ts'
import { endpoint } from '../endpoint.ts'
import type { Env } from '../env.ts'
import { accepted, router } from '../router.ts'

const base64 = (description: string) => z.base64().max(2_000).optional().openapi({ description })

const Keys = z.object({
  'x-cascata-passphrase': base64('The passphrase it was sealed with, in Base64.'),
  'x-cascata-identity': base64('An age identity (`AGE-SECRET-KEY-1...`) that opens it, in Base64.'),
  'idempotency-key': z.string().optional(),
})
type Keys = z.infer<typeof Keys>

const body = {
  required: true,
  content: { 'application/octet-stream': { schema: z.string().meta({ format: 'binary' }) } },
}
const failures = [UploadTooLarge, UploadIncomplete, DiskFull]
const KEYS =
  'The body is the `.caf` as it is. A passphrase or an age identity is needed only where the instance’s own key does not open it.'

export function archiveRoutes({ imports }: App) {
  const start = endpoint('POST /v1/projects/import', {
    tag: 'Backups',
    summary: 'Make a project of an archive',
    description: `${KEYS} All of it is verified before anything is made of it.`,
    request: { query: ImportProject, headers: Keys, body },
    answer: {
      status: 202,
      description: 'Uploaded; now being verified.',
      schema: ImportStarted,
      location: true,
    },
    problems: [ProjectRefTaken, OperationUnderWay, ...failures],
  })
  const verify = endpoint('POST /v1/backups/verify', {
    tag: 'Backups',
    summary: 'Read all of an archive, and restore nothing',
    description: KEYS,
    request: { headers: Keys, body },
    answer: {
      status: 200,
      description: 'It is whole; this is in it.',
      schema: z.record(z.string(), z.unknown()),
    },
    problems: [
      ...failures,
      ...[ArchiveTruncated, ArchiveDamaged, ArchiveForeign, ArchiveWrongKey, ArchiveNewer, ArchiveTooLarge],
    ],
  })

  return router()
    .openapi(start, async (c) => {
      const upload = uploadOf(c, c.req.valid('header'))
      return accepted(c, await imports.start(c.var.caller, c.req.valid('query'), upload))
    })
    .openapi(verify, async (c) => c.json(await imports.verify(uploadOf(c, c.req.valid('header')))))
}

function uploadOf(c: Context<Env>, keys: Keys): ArchiveUpload {
  const announced = c.req.header('content-length')
  return {
    secrets: {
      passphrase: decode(keys['x-cascata-passphrase'], 'x-cascata-passphrase'),
      identity: decode(keys['x-cascata-identity'], 'x-cascata-identity'),
    },
    body: (c.req.raw.body ?? new Blob([]).stream()) as ReadableStream<Uint8Array>,
    announced: announced === undefined ? undefined : Number(announced),
  }
}

/** Base64, for a passphrase may hold what a header may not. */
function decode(text: string | undefined, name: string): string | undefined {
  if (text === undefined) return undefined
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(Buffer.from(text, 'base64'))
  } catch {
    throw RequestInvalid(`${name}: is not UTF-8 in Base64`)
  }
}
