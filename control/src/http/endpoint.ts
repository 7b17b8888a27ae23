/**
 * Describes one endpoint for the router and for OpenAPI at once: what it asks, what it answers, which problems it may
 * end in. Who may call it comes from the access table, so that document and gate cannot differ.
 */

import { ProblemBody } from '@cascata/shared/contract/problems'
import type { ProblemMaker } from '@cascata/shared/problem'
import {
  ApiTokenInvalid,
  ApiTokenMissing,
  AttemptsExceeded,
  InstanceUnclaimed,
  ScopeTooNarrow,
  TokenTied,
} from '@cascata/shared/problems/access'
import { ProjectNotFound } from '@cascata/shared/problems/projects'
import {
  BodyMalformed,
  ControlFailed,
  IdempotencyAnswerLost,
  IdempotencyInProgress,
  IdempotencyKeyInvalid,
  IdempotencyKeyReused,
  MediaTypeUnsupported,
  RequestInvalid,
  RequestTooLarge,
  StoreUnavailable,
} from '@cascata/shared/problems/request'
import { createRoute, type RouteConfig, z } from '@hono/zod-openapi'
import { type RouteKey, ruleOf } from './access.ts'

/** Of a problem the document needs no more than its name, status and title. */
type Declared = Pick<ProblemMaker, 'code' | 'status' | 'title'>
type Responses = Record<string, { description: string }>

type Spec<Request> = {
  tag: string
  summary: string
  description?: string
  request: Request
  answer: { status: number; description: string; schema?: z.ZodType; type?: string; location?: boolean }
  problems?: readonly Declared[]
}

export const json = <Schema extends z.ZodType>(schema: Schema) => ({
  required: true as const,
  content: { 'application/json': { schema } },
})

/** For a call whose body may be left out: then it is as if `{}` had been sent. */
export const optionalJson = <Schema extends z.ZodType>(schema: Schema) => ({
  required: false as const,
  content: { 'application/json': { schema } },
})

export const RefParam = z.object({
  ref: z.string().max(100).openapi({ description: 'The project’s ref.', example: 'shop' }),
})
export const IdParam = z.object({ id: z.uuid() })

const IdempotencyKey = z.object({
  'idempotency-key': z.string().optional().openapi({
    description: 'Sent again within a day, the request is not done twice: the first answer comes back.',
    example: 'b7d1c0de-create-shop',
  }),
})

const BODY = [BodyMalformed, RequestTooLarge, MediaTypeUnsupported]
const REPEATED = [IdempotencyKeyInvalid, IdempotencyKeyReused, IdempotencyInProgress, IdempotencyAnswerLost]

export function endpoint<const Request extends NonNullable<RouteConfig['request']>>(
  key: RouteKey,
  spec: Spec<Request>,
) {
  const [method = '', path = ''] = key.split(' ')
  const rule = ruleOf(key)
  const needs = rule === undefined || 'public' in rule ? undefined : rule
  const scope = needs
    ? `Needs a token with the scope \`${needs.scope}\`${needs.project ? '; one tied to this project will do' : ', not tied to a project'}.`
    : 'Needs no token.'
  const request = method === 'POST' && needs ? { headers: IdempotencyKey, ...spec.request } : spec.request
  return createRoute({
    method: method.toLowerCase() as 'get' | 'post' | 'put' | 'patch' | 'delete',
    path: path.replaceAll(/:(\w+)/g, '{$1}'),
    operationId: operationIdOf(method, path),
    tags: [spec.tag],
    summary: spec.summary,
    description: [spec.description, scope].filter(Boolean).join('\n\n'),
    security: needs ? [{ token: [] }] : [],
    request: request as Request,
    responses: { ...answerOf(spec.answer), ...problemsOf(method, path, needs !== undefined, spec.problems) },
  })
}

/** `POST /v1/projects/:ref/rotate-keys` is `postProjectsRefRotateKeys`. */
function operationIdOf(method: string, path: string): string {
  const words = path.split(/[^A-Za-z0-9]+/).filter((word) => word !== '' && word !== 'v1')
  return method.toLowerCase() + words.map((word) => word.charAt(0).toUpperCase() + word.slice(1)).join('')
}

function answerOf({ status, description, schema, type, location }: Spec<unknown>['answer']): Responses {
  const media = type ?? 'application/json'
  const body = schema ?? (type === undefined ? undefined : z.string())
  const headers = location
    ? { Location: { description: 'The operation to follow.', schema: { type: 'string' } } }
    : undefined
  return {
    [status]: {
      description,
      ...(headers && { headers }),
      ...(body && { content: { [media]: { schema: body } } }),
    },
  } as Responses
}

function problemsOf(
  method: string,
  path: string,
  guarded: boolean,
  own: readonly Declared[] = [],
): Responses {
  const all: Declared[] = [
    ...own,
    ...(guarded ? [ApiTokenMissing, ApiTokenInvalid, ScopeTooNarrow, TokenTied, AttemptsExceeded] : []),
    ...(path.includes(':ref') ? [ProjectNotFound] : []),
    ...(method === 'POST' || method === 'PUT' || method === 'PATCH' ? BODY : []),
    ...(method === 'POST' && guarded ? REPEATED : []),
    RequestInvalid,
    ControlFailed,
    StoreUnavailable,
    ...(guarded ? [InstanceUnclaimed] : []),
  ]
  const byStatus = Map.groupBy(new Map(all.map((each) => [each.code, each])).values(), ({ status }) => status)
  const responses: Responses = {}
  for (const [status, declared] of byStatus) {
    const examples = declared.map(({ code, title }) => [code, { value: exampleOf({ code, title, status }) }])
    responses[status] = {
      description: declared.map(({ code, title }) => `\`${code}\`: ${title}`).join('; '),
      ...{
        content: {
          'application/problem+json': { schema: ProblemBody, examples: Object.fromEntries(examples) },
        },
      },
    }
  }
  return responses
}

const exampleOf = ({ code, title, status }: Declared) => ({
  type: `/problems/${code}`,
  title,
  status,
  detail: title,
  code,
  request_id: '5e0f2a4c-6f5f-4f0e-8f57-2f3f7a8f0f11',
})
