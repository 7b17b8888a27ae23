/** Answers with an OpenAPI 3 document, and keeps the latest: to write a large one takes a while, to send it again none. */
import { createHash } from 'node:crypto'
import type { RestResponse } from '../../contract.ts'
import type { RestRequest } from '../../request/types.ts'
import type { SchemaCache } from '../../schema/types.ts'
import type { ApiDescription } from '../description.ts'
import type { ServerAddress } from '../server-address.ts'
import { type DocumentOptions, openapiDocument } from './document.ts'
import type { Described } from './neighbour.ts'

/** One for each role that people import with, in both versions; of 300 tables each is some megabytes. */
const DOCUMENTS_MAX = 4

type Source = { description: ApiDescription; beside: Described | undefined }
type Written = Source & { key: string; body: Buffer; etag: string }

export class Documents {
  private cache: SchemaCache | null = null
  private kept: Written[] = []

  /** @param cache that the description is of: a new reading of the schema makes everything new. */
  write(cache: SchemaCache, source: Source, options: DocumentOptions): Written {
    if (this.cache !== cache) this.kept = []
    this.cache = cache
    const key = JSON.stringify(options)
    const { description, beside } = source
    const known = this.kept.find(
      (each) => each.description === description && each.beside === beside && each.key === key,
    )
    const written = known ?? render(source, key, options)
    // The last to be used is the last to go.
    this.kept = [written, ...this.kept.filter((each) => each !== written)].slice(0, DOCUMENTS_MAX)
    return written
  }
}

function render({ description, beside }: Source, key: string, options: DocumentOptions): Written {
  const body = Buffer.from(JSON.stringify(openapiDocument(description, options, beside)))
  const etag = `"${createHash('sha256').update(body).digest('base64url')}"`
  return { description, beside, key, body, etag }
}

/** Without what everybody assumes: the scheme's own port, a slash at the end. */
export function serverUrl({ scheme, host, basePath }: ServerAddress): string {
  const own = scheme === 'https' ? ':443' : ':80'
  return `${scheme}://${host.endsWith(own) ? host.slice(0, -own.length) : host}${basePath.replace(/\/+$/, '')}`
}

export function documentResponse(
  { body, etag }: Pick<Written, 'body' | 'etag'>,
  request: RestRequest,
  asked: { head: boolean; ifNoneMatch: string | undefined },
): RestResponse {
  const headers: [string, string][] = [
    ['ETag', etag],
    ['Cache-Control', 'private, no-cache'],
    ['Vary', 'Authorization, apikey, Accept-Profile'],
    ...(request.profiled ? [['Content-Profile', request.schema] as [string, string]] : []),
  ]
  if (asked.ifNoneMatch?.split(',').some((tag) => tag.trim() === etag))
    return { status: 304, headers, body: null }
  return {
    status: 200,
    headers: [['Content-Type', 'application/json; charset=utf-8'], ...headers],
    body: asked.head ? null : body,
  }
}
