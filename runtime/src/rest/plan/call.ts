/** Chooses a function by its name and the arguments given, and plans the call. */
import { RestError } from '../errors.ts'
import type { Query, RestRequest } from '../request/types.ts'
import { suggest } from '../schema/suggest.ts'
import type { Argument, Routine, SchemaCache } from '../schema/types.ts'
import type { Call, Returned } from './types.ts'

const WHOLE_BODY_TYPES: Readonly<Record<string, readonly string[]>> = {
  'application/json': ['json', 'jsonb'],
  'text/plain': ['text'],
  'text/xml': ['xml'],
  'application/octet-stream': ['bytea'],
}

const isRaw = (contentType: string): boolean =>
  contentType !== 'application/json' && Object.hasOwn(WHOLE_BODY_TYPES, contentType)

/** Names of the arguments a request gives. */
function givenNames({ query, payload }: RestRequest): string[] {
  if (payload === null) return query.args.map(({ name }) => name)
  if (payload.kind === 'form') return payload.args.map(({ name }) => name)
  return payload.kind === 'json' ? payload.keys : []
}

export function findRoutine(cache: SchemaCache, request: RestRequest): Routine {
  const name = { schema: request.schema, name: request.target }
  const overloads = cache.routines(name)
  const given = new Set(givenNames(request))
  const post = request.payload !== null
  const named = overloads.filter((each) => takes(each, given, post && isRaw(request.contentType)))
  const whole = overloads.filter((each) => post && takesWhole(each, request.contentType))
  const found = named.length > 0 ? named : whole
  const [first, second] = found
  if (first === undefined) throw noRoutine(cache, request, [...given].sort())
  if (second !== undefined) throw ambiguous(found)
  return first
}

function takes({ arguments: args }: Routine, given: ReadonlySet<string>, raw: boolean): boolean {
  if (args.length === 0) return given.size === 0 && !raw
  const names = new Set(args.map(({ name }) => name))
  return (
    args.every(({ name, required }) => !required || given.has(name)) &&
    [...given].every((name) => names.has(name))
  )
}

function takesWhole({ arguments: args }: Routine, contentType: string): boolean {
  const [only, second] = args
  if (only?.name !== '' || second !== undefined) return false
  return WHOLE_BODY_TYPES[contentType]?.includes(only.type) ?? false
}

function noRoutine(cache: SchemaCache, request: RestRequest, given: readonly string[]): RestError {
  const { schema, target, contentType, payload } = request
  const raw = payload !== null && isRaw(contentType)
  const list = given.join(', ')
  const without = ' without parameters'
  const parameters = given.length === 0 ? without : ` with parameter${given.length > 1 ? 's' : ''} ${list}`
  const unnamed = raw ? ` with a single unnamed ${WHOLE_BODY_TYPES[contentType]?.[0]} parameter` : parameters
  const orWhole =
    payload !== null && contentType === 'application/json'
      ? ' or with a single unnamed json/jsonb parameter'
      : ''
  return new RestError({
    code: 'PGRST202',
    status: 404,
    message:
      `Could not find the function ${schema}.${target}` +
      `${raw ? '' : given.length === 0 ? without : `(${list})`} in the schema cache`,
    details:
      `Searched for the function ${schema}.${target}${unnamed}${orWhole}, ` +
      'but no matches were found in the schema cache.',
    hint: raw ? null : perhaps(cache, request, list),
  })
}

function perhaps(cache: SchemaCache, { schema, target }: RestRequest, given: string): string | null {
  const meant = 'Perhaps you meant to call the function'
  const overloads = cache.routines({ schema, name: target })
  if (overloads.length === 0) {
    const name = suggest(cache.routineNames(schema), target, 0.75)
    return name === null ? null : `${meant} ${schema}.${name}`
  }
  const signatures = overloads.map(({ arguments: args }) => {
    const names = args.map(({ name }) => name).sort()
    return `(${names.join(', ')})`
  })
  const signature = suggest(signatures, `(${given})`, 0.33)
  return signature === null ? null : `${meant} ${schema}.${target}${signature}`
}

function ambiguous(routines: readonly Routine[]): RestError {
  const all = routines.map(({ schema, name, arguments: args }) => {
    const list = args.map((argument) => `${argument.name} => ${argument.type}`)
    return `${schema}.${name}(${list.join(', ')})`
  })
  return new RestError({
    code: 'PGRST203',
    status: 300,
    message: `Could not choose the best candidate function between: ${all.join(', ')}`,
    hint:
      'Try renaming the parameters or the function itself in the database so function overloading ' +
      'can be resolved',
  })
}

export function planCall(routine: Routine, request: RestRequest, returning: Returned): Call {
  // Nothing asked for is everything, as of a table.
  const all = returning.all || returning.columns.length === 0
  return { routine, input: inputOf(routine, request), returning: { ...returning, all } }
}

function inputOf({ arguments: args }: Routine, { query, payload }: RestRequest): Call['input'] {
  const [first] = args
  if (args.length === 1 && first?.name === '') return wholeInput(first, payload)
  if (payload === null) return named(args, query.args)
  if (payload.kind === 'form') return named(args, payload.args)
  if (payload.kind === 'raw') return { kind: 'none' }
  const given = args.filter(({ name }) => payload.keys.includes(name))
  if (given.length === 0) return { kind: 'none' }
  return { kind: 'json', body: payload.body, object: payload.object, arguments: given }
}

function wholeInput({ type }: Argument, payload: RestRequest['payload']): Call['input'] {
  if (payload?.kind === 'json') return { kind: 'whole', value: payload.body, type }
  if (payload?.kind !== 'raw') return { kind: 'none' }
  return { kind: 'whole', value: type === 'bytea' ? payload.bytes : payload.text, type }
}

function named(args: readonly Argument[], given: Query['args']): Call['input'] {
  const bound = args.flatMap((argument) => {
    const value = given.find(({ name }) => name === argument.name)
    if (value === undefined) return []
    return [{ argument, value: argument.variadic ? value.all : value.value }]
  })
  return bound.length === 0 ? { kind: 'none' } : { kind: 'named', args: bound }
}
