/** Answers at the root: a description of the request's schema, as Swagger 2.0. */
import type { RestResponse } from '../contract.ts'
import { MediaTypeUnavailable } from '../errors.ts'
import type { Execution } from '../execute.ts'
import { ANY_TYPE, contentTypeOf, type MediaType, mediaTypeName } from '../request/media.ts'
import type { RestRequest } from '../request/types.ts'
import type { Describer } from './describer.ts'
import { serverAddressOf } from './server-address.ts'
import { swaggerToJson } from './swagger/document.ts'

const OPENAPI: MediaType = { kind: 'plain', name: 'application/openapi+json' }

/** Whichever of these is asked for, the answer calls itself the first. */
const OFFERED: ReadonlySet<string> = new Set([OPENAPI.name, 'application/json', ANY_TYPE])

export type RootDeps = {
  describer: Describer
  /** Public URL of the API, with its path. */
  url: string
}

export async function answerRoot(
  execution: Execution,
  request: RestRequest,
  { describer, url, signal }: RootDeps & { signal: AbortSignal },
): Promise<RestResponse> {
  if (!request.accept.some((media) => media.kind === 'plain' && OFFERED.has(media.name))) {
    throw MediaTypeUnavailable(request.accept.map(mediaTypeName))
  }
  const { settings, input } = execution
  const description = await describer.describe(execution, request, signal)
  const server = serverAddressOf({ settings, headers: input.headers, url })
  const head = request.action.kind === 'root' && request.action.head
  return {
    status: 200,
    headers: [
      ['Content-Type', contentTypeOf(OPENAPI)],
      ...(request.profiled ? [['Content-Profile', request.schema] as [string, string]] : []),
    ],
    body: head ? null : swaggerToJson(description, { server, security: settings.openapiSecurityActive }),
  }
}
