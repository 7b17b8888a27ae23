/**
 * Descriptions as OpenAPI, for a document that is not only ours: paths are whole, names are ours alone. Pure.
 *
 * What is sent is written out in full; answers refer to shared shapes.
 */
import type { Access } from '../access.ts'
import { curlOf } from './curl.ts'
import { type Answer, type Body, type Operation, type Operations, type Schema, uuid } from './operation.ts'
import { OPERATIONS } from './operations.ts'
import { SCHEMAS } from './schemas.ts'

export type Dialect = '3.0.3' | '3.1.0'

export type Described = {
  tags: readonly { name: string; description: string }[]
  paths: Readonly<Record<string, Readonly<Record<string, object>>>>
  schemas: Readonly<Record<string, object>>
  responses: Readonly<Record<string, object>>
}

export type WriteOptions = {
  dialect: Dialect
  /** That paths are below of: without ours, and without a slash at its end. */
  server: string
  /** Of the service: `/auth/v1`. */
  prefix: string
  /** Whether what is an admin's is there too. */
  admin: boolean
}

const TAG = 'auth'
const TAGS = [{ name: TAG, description: 'Sign-up, sign-in and sessions of users.' }]

const USUAL: Readonly<Record<Access, Readonly<Record<number, readonly string[]>>>> = {
  open: {},
  key: { 401: ['no_authorization'], 403: ['bad_jwt'] },
  user: {
    401: ['no_authorization'],
    403: ['bad_jwt', 'user_not_found', 'session_not_found', 'user_banned', 'no_authorization'],
  },
  admin: { 401: ['no_authorization'], 403: ['bad_jwt', 'not_admin'] },
}

const ALWAYS = {
  400: ['validation_failed'],
  429: ['over_request_rate_limit'],
  ...{ 500: ['unexpected_failure'], 503: ['unexpected_failure'] },
}
const WITH_BODY = { 400: ['bad_json'], 413: ['request_entity_too_large'] }

const FAILURES: Readonly<Record<number, readonly [name: string, description: string, code: string]>> = {
  400: ['AuthBadRequest', 'The request cannot be taken as it is.', 'validation_failed'],
  401: ['AuthUnauthorized', 'No key or token, or too little of one.', 'no_authorization'],
  403: ['AuthForbidden', 'A token that is not valid, or not for this.', 'bad_jwt'],
  404: ['AuthNotFound', 'There is no such thing, or it is off.', 'user_not_found'],
  409: ['AuthConflict', 'It changed meanwhile: try again.', 'conflict'],
  413: ['AuthTooLarge', 'The body is too large.', 'request_entity_too_large'],
  422: ['AuthRefused', 'Understood, and refused.', 'weak_password'],
  429: ['AuthTooOften', 'Too often: `Retry-After` says how long to wait.', 'over_request_rate_limit'],
  500: ['AuthFailed', 'Failed inside; the log of the project tells more.', 'unexpected_failure'],
  503: ['AuthAway', 'Not at the moment: `Retry-After` says how long to wait.', 'unexpected_failure'],
}

/** Both generations; a response of each status is the same for every operation. */
function responseOf(status: number, [, description, code]: readonly [string, string, string]): object {
  const examples = {
    first: { summary: 'As it is usually', value: { code: status, error_code: code, msg: description } },
    'since-2024-01-01': {
      summary: 'With X-Supabase-Api-Version: 2024-01-01',
      value: { code, message: description },
    },
  }
  const schema = { $ref: '#/components/schemas/AuthError' }
  return { description, content: { 'application/json': { schema, examples } } }
}

const VERSION = {
  name: 'X-Supabase-Api-Version',
  in: 'header',
  description: 'Which generation of errors is answered.',
  schema: { type: 'string', enum: ['2024-01-01'] },
  example: '2024-01-01',
}

export function writeOperations(
  { dialect, server, prefix, admin }: WriteOptions,
  operations: Operations = OPERATIONS,
): Described {
  const paths: Record<string, Record<string, object>> = {}
  for (const [route, operation] of Object.entries(operations)) {
    if (operation.access === 'admin' && !admin) continue
    const [method = '', path = ''] = route.split(' ')
    const whole = `${prefix}${path.replaceAll(/:(\w+)/g, '{$1}')}`
    const written = operationOf(operation, { method, path: `${prefix}${path}`, server })
    paths[whole] = { ...paths[whole], [method.toLowerCase()]: written }
  }
  const responses = Object.entries(FAILURES).map(([status, each]) => [
    each[0],
    responseOf(Number(status), each),
  ])
  const found: Described = { tags: TAGS, paths, schemas: SCHEMAS, responses: Object.fromEntries(responses) }
  return inDialect(found, dialect) as Described
}

type Place = { method: string; path: string; server: string }

function operationOf(operation: Operation, place: Place): object {
  const { access, id, summary, description, named, query = [], body, answers } = operation
  const failures = failuresOf(operation)
  const worded = Object.entries(answers).map(([status, { codes = [] }]) => [status, codes] as const)
  return {
    operationId: id,
    tags: [TAG],
    summary,
    description: [description, told([...worded, ...Object.entries(failures)])].filter(Boolean).join('\n\n'),
    ...(access === 'open' ? { security: [] } : access === 'user' ? { security: [{ bearer: [] }] } : {}),
    parameters: [...pathParameters(place.path, named), ...query, VERSION],
    ...(body && { requestBody: bodyOf(body) }),
    responses: {
      ...Object.fromEntries(Object.entries(answers).map(([status, each]) => [status, answerOf(each)])),
      ...Object.fromEntries(
        Object.keys(failures).map((status) => [
          status,
          { $ref: `#/components/responses/${FAILURES[Number(status)]?.[0]}` },
        ]),
      ),
    },
    'x-codeSamples': [{ lang: 'Shell', label: 'cURL', source: curlOf(operation, place) }],
  }
}

/** What an operation answers in its own way is none of them. @throws for a status that has no description: a mistake of ours. */
function failuresOf({ access, body, answers, errors = {} }: Operation): Record<string, string[]> {
  const found: Record<string, string[]> = {}
  for (const each of [errors, USUAL[access], ALWAYS, body ? WITH_BODY : {}]) {
    for (const [status, codes] of Object.entries(each as Record<string, readonly string[]>)) {
      if (Object.hasOwn(answers, status)) continue
      if (FAILURES[Number(status)] === undefined) throw new Error(`status ${status} is not described`)
      found[status] = [...new Set([...(found[status] ?? []), ...codes])]
    }
  }
  return found
}

const told = (failures: readonly (readonly [status: string, codes: readonly string[]])[]): string =>
  failures
    .filter(([, codes]) => codes.length > 0)
    .map(([status, codes]) => `${status}: ${codes.map((code) => `\`${code}\``).join(', ')}`)
    .join('; ')

const pathParameters = (path: string, named: Operation['named'] = {}): object[] =>
  [...path.matchAll(/:(\w+)/g)].map(([, name = '']) => {
    const usual = uuid(name === 'id' ? 'Its id.' : `Id of the ${name}.`)
    const { description, example, ...schema } = named[name] ?? usual
    return { name, in: 'path', required: true, description, schema, example }
  })

function bodyOf({ fields, required, example, form }: Body): object {
  const schema = { type: 'object', ...(required ? { required } : {}), properties: fields }
  const type = form ? 'application/x-www-form-urlencoded' : 'application/json'
  // What demands nothing may be left out.
  return { required: required !== undefined || form === true, content: { [type]: { schema, example } } }
}

function answerOf({ description, schema, headers, type = 'application/json' }: Answer): object {
  const told = Object.entries(headers ?? {}).map(([name, description]) => [
    name,
    { description, schema: { type: 'string' } },
  ])
  return {
    description,
    ...(headers ? { headers: Object.fromEntries(told) } : {}),
    ...(schema ? { content: { [type]: { schema } } } : {}),
  }
}

/** OpenAPI 3.0 has a word of its own for what may be null; 3.1 is JSON Schema. */
function inDialect(node: unknown, dialect: Dialect): unknown {
  if (dialect === '3.0.3' || typeof node !== 'object' || node === null) return node
  if (Array.isArray(node)) return node.map((each) => inDialect(each, dialect))
  const { nullable, ...rest } = node as Schema
  const own = nullable === true ? { ...rest, type: [rest.type, 'null'] } : rest
  return Object.fromEntries(Object.entries(own).map(([name, value]) => [name, inDialect(value, dialect)]))
}
