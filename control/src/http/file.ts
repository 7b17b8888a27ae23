/** Answers with a file as it is on disk: whole or one range of it, streamed. */
import { createReadStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import { Readable } from 'node:stream'
import { BackupFileMissing } from '@cascata/shared/problems/backups'
import type { Context } from 'hono'
import type { BackupFile } from '../app/backups.ts'
import type { Env } from './env.ts'
import { parseRange } from './range.ts'

export async function fileResponse(c: Context<Env>, file: BackupFile): Promise<Response> {
  const { size: bytes } = await stat(file.path).catch((error: unknown) => {
    throw BackupFileMissing().because(error)
  })
  const etag = `"${file.sha256}"`
  const ifRange = c.req.header('if-range')
  const asked = ifRange === undefined || ifRange === etag ? c.req.header('range') : undefined
  const range = parseRange(asked, bytes)
  const { start, end } = range ?? { start: 0, end: bytes - 1 }
  const headers = new Headers({
    'content-type': 'application/octet-stream',
    'content-disposition': `attachment; filename="${file.name}"`,
    'content-length': String(end - start + 1),
    'accept-ranges': 'bytes',
    'cache-control': 'private, no-store',
    etag,
  })
  if (range) headers.set('content-range', `bytes ${start}-${end}/${bytes}`)
  const body = c.req.method === 'HEAD' ? null : Readable.toWeb(createReadStream(file.path, { start, end }))
  return new Response(body as ReadableStream | null, { status: range ? 206 : 200, headers })
}
