/** Operations of functions: each is called by POST with its arguments by name. Overloads share one operation. */
import type { DescribedArgument, DescribedFunction } from '../description.ts'
import { errors, json, nothing } from './answers.ts'
import { exampleOf } from './examples.ts'
import { header, type Operation, operationOf, query, type Writing } from './operations.ts'
import { encodePath } from './samples.ts'
import { arrayOf, objectOf, returnSchema, type Schema, schemaOf } from './schemas.ts'

export const CALLS_TAG = 'rpc'

/** An argument without a name is the whole body; its type says how that is written. */
const BODY_TYPES: Readonly<Record<string, string>> = {
  json: 'application/json',
  jsonb: 'application/json',
  text: 'text/plain',
  xml: 'text/xml',
  bytea: 'application/octet-stream',
}

export const callPath = (name: string): string => `/rpc/${encodePath(name)}`

/** @param overloads of one name, from few arguments to many. */
export function callOperations(overloads: readonly DescribedFunction[], writing: Writing): object {
  const [first] = overloads
  return first === undefined ? {} : { post: operationOf(writing, call(first, overloads, writing)) }
}

function call(
  first: DescribedFunction,
  overloads: readonly DescribedFunction[],
  writing: Writing,
): Operation {
  const { name, comment, returns, volatility } = first
  const body = bodyOf(first, overloads, writing)
  const rows = returns.set && returns.kind === 'composite'
  return {
    id: `call_${name}`,
    tag: CALLS_TAG,
    summary: `Call ${name}`,
    description: [comment, volatility === 'volatile' ? null : 'Answers GET with arguments in the query, too.']
      .filter((part) => part !== null)
      .join('\n\n'),
    parameters: [
      ...(rows ? [query('select', { description: 'Columns wanted.', example: '*' })] : []),
      header('Prefer', { description: 'Whether to count all rows.', example: 'count=exact' }),
    ],
    body,
    answers: {
      ...answersOf(first, writing),
      ...errors('BadRequest', 'Unauthorized', 'Forbidden', 'NotFound'),
    },
    sample: { method: 'POST', path: callPath(name), body: { type: body.type, value: body.example } },
  }
}

function answersOf({ returns }: DescribedFunction, { dialect, rows }: Writing): Record<string, unknown> {
  if (returns.kind === 'void') return { 204: nothing('It was called.') }
  const known = returns.table === null ? undefined : rows.get(returns.table.name)
  const one = known ? { $ref: `#/components/schemas/${known}` } : returnSchema(returns, dialect)
  return { 200: json('What it returned.', returns.set ? arrayOf(one) : one, { ranged: returns.set }) }
}

function bodyOf(first: DescribedFunction, overloads: readonly DescribedFunction[], { dialect }: Writing) {
  const [only] = first.arguments
  if (overloads.length === 1 && first.arguments.length === 1 && only?.name === '') {
    const type = BODY_TYPES[only.base] ?? 'application/json'
    return { type, schema: schemaOf(only, dialect), example: exampleOf(only) }
  }
  const all = new Map(
    overloads.flatMap((each) => each.arguments.map((argument) => [argument.name, argument])),
  )
  all.delete('')
  const required = [...all.keys()].filter((name) =>
    overloads.every((each) => each.arguments.some((argument) => argument.name === name && argument.required)),
  )
  const schema = objectOf(
    [...all.values()].map((argument) => [argument.name, argumentSchema(argument, dialect)]),
    required.length > 0 ? { required } : {},
  )
  const example = first.arguments.filter((argument) => argument.required && argument.name !== '')
  return {
    type: 'application/json',
    schema,
    example: Object.fromEntries(example.map((argument) => [argument.name, exampleOf(argument)])),
  }
}

const argumentSchema = (argument: DescribedArgument, dialect: Writing['dialect']): Schema => ({
  ...schemaOf(argument, dialect),
  description: argument.variadic ? `${argument.type}, as many as you like` : argument.type,
})
