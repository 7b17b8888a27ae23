/** Answers with a description of the request's schema: at the root as Swagger 2.0, beside it as OpenAPI 3. */
import type { RestResponse } from '../contract.ts'
import { MediaTypeUnavailable } from '../errors.ts'
import type { Execution } from '../execute.ts'
import { ANY_TYPE, contentTypeOf, type MediaType, mediaTypeName } from '../request/media.ts'
import type { RestRequest } from '../request/types.ts'
import type { Describer } from './describer.ts'
import { type Documents, documentResponse, serverUrl } from './oas3/answer.ts'
import { type Described, type Neighbour, splitServer } from './oas3/neighbour.ts'
import type { Dialect } from './oas3/schemas.ts'
import { serverAddressOf } from './server-address.ts'
import { swaggerToJson } from './swagger/document.ts'

const OPENAPI: MediaType = { kind: 'plain', name: 'application/openapi+json' }

/** Whichever of these is asked for, the answer calls itself the first. */
const OFFERED: ReadonlySet<string> = new Set([OPENAPI.name, 'application/json', ANY_TYPE])

export type RootDeps = {
  describer: Describer
  documents: Documents
  /** Public URL of the API, with its path. */
  url: string
  /** What else OpenAPI 3 documents describe. Swagger 2.0 is PostgREST's own: it has one base path for all. */
  neighbour?: Neighbour | undefined
}

export async function answerRoot(
  execution: Execution,
  request: RestRequest,
  { describer, documents, url, neighbour, signal }: RootDeps & { signal: AbortSignal },
): Promise<RestResponse> {
  const { action } = request
  const { head, document } = action.kind === 'root' ? action : { head: false, document: '2.0' as const }
  const isWanted = request.accept.some((media) => media.kind === 'plain' && OFFERED.has(media.name))
  // Tools that import OpenAPI 3 ask for whatever they like, and take JSON.
  if (document === '2.0' && !isWanted) throw MediaTypeUnavailable(request.accept.map(mediaTypeName))
  const { settings, input } = execution
  const description = await describer.describe(execution, request, signal)
  const server = serverAddressOf({ settings, headers: input.headers, url })
  if (document !== '2.0') {
    const place = splitServer(serverUrl(server), new URL(url).pathname)
    const options = { dialect: document, ...place, schemas: settings.schemas }
    const beside = neighbour && (await besideOf(execution, request, { neighbour, ...options }))
    const written = documents.write(execution.cache, { description, beside }, options)
    return documentResponse(written, request, { head, ifNoneMatch: input.headers['if-none-match'] })
  }
  return {
    status: 200,
    headers: [
      ['Content-Type', contentTypeOf(OPENAPI)],
      ...(request.profiled ? [['Content-Profile', request.schema] as [string, string]] : []),
    ],
    body: head ? null : swaggerToJson(description, { server, security: settings.openapiSecurityActive }),
  }
}

type Besides = { neighbour: Neighbour; dialect: Dialect; server: string; prefix: string }

/** It belongs to no schema: it is described once, beside the first of them. */
async function besideOf(
  { settings, session }: Execution,
  { schema }: RestRequest,
  { neighbour, dialect, server, prefix }: Besides,
): Promise<Described | undefined> {
  if (prefix === '' || schema !== settings.schemas[0]) return undefined
  const role = settings.openapiMode === 'ignore-privileges' ? null : session.role
  return neighbour({ dialect, server, role })
}
