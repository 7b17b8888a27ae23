/** Operations of tables and functions. */
import type { ApiDescription, DescribedArgument, DescribedFunction, DescribedTable } from '../description.ts'
import { bodyName, definitionRef, filterName, parameterRef } from './parameters.ts'
import { elementOf, schemaOf, swaggerFormat, swaggerType } from './types.ts'

export const JSON_TYPES: readonly string[] = [
  'application/json',
  'application/vnd.pgrst.object+json;nulls=stripped',
  'application/vnd.pgrst.object+json',
]

const ROOT = {
  get: {
    tags: ['Introspection'],
    summary: 'OpenAPI description (this document)',
    produces: ['application/openapi+json', 'application/json'],
    responses: { 200: { description: 'OK' } },
  },
}

export const pathsOf = ({ tables, functions }: ApiDescription): Record<string, object> => ({
  '/': ROOT,
  ...Object.fromEntries(tables.map((table) => [`/${table.name}`, tableOperations(table)])),
  // Of overloads the last stays: the one with the most arguments.
  ...Object.fromEntries(functions.map((each) => [`/rpc/${each.name}`, functionOperations(each)])),
})

/** A comment's first line is the summary, the rest the description; blank lines between them are dropped. */
export function headline(comment: string): { summary: string; description: string } {
  const end = comment.indexOf('\n')
  if (end < 0) return { summary: comment, description: '' }
  return { summary: comment.slice(0, end), description: comment.slice(end).replace(/^\n+/, '') }
}

function spoken(comment: string | null): { summary?: string; description?: string } {
  if (comment === null) return {}
  const { summary, description } = headline(comment)
  return { summary, ...(description === '' ? {} : { description }) }
}

function tableOperations(table: DescribedTable): object {
  const { name, columns, possible } = table
  const about = { tags: [name], ...spoken(table.comment) }
  const filters = columns.map((column) => filterName(name, column.name))
  const operation = (parameters: readonly string[], responses: object) => ({
    ...about,
    parameters: parameters.map(parameterRef),
    responses,
  })
  const rows = { description: 'OK', schema: { type: 'array', items: definitionRef(name) } }
  const paging = ['select', 'order', 'range', 'rangeUnit', 'offset', 'limit', 'preferCount']
  const get = operation([...filters, ...paging], { 200: rows, 206: { description: 'Partial Content' } })
  // All or none, as PostgREST has it: what a role may do is found out by doing it.
  if (!possible.insert && !possible.update && !possible.delete) return { get }
  const noContent = { 204: { description: 'No Content' } }
  return {
    get,
    post: operation([bodyName(name), 'select', 'preferPost'], { 201: { description: 'Created' } }),
    patch: operation([...filters, bodyName(name), 'preferReturn'], noContent),
    delete: operation([...filters, 'preferReturn'], noContent),
  }
}

function functionOperations(fn: DescribedFunction): object {
  const about = {
    tags: [`(rpc) ${fn.name}`],
    ...spoken(fn.comment),
    produces: JSON_TYPES,
  }
  const responses = { 200: { description: 'OK' } }
  const args = { name: 'args', required: true, in: 'body', schema: bodySchema(fn) }
  const post = { ...about, parameters: [args, parameterRef('preferParams')], responses }
  if (fn.volatility === 'volatile') return { post }
  const parameters = fn.arguments.map(queryParameter)
  return { get: { ...about, ...(parameters.length === 0 ? {} : { parameters }), responses }, post }
}

function bodySchema({ comment, arguments: args }: DescribedFunction): object {
  const required = args.flatMap((argument) => (argument.required ? [argument.name] : []))
  const properties = args.map(({ name, format }) => [name, schemaOf(format)])
  return {
    ...(comment === null ? {} : { description: comment }),
    ...(required.length === 0 ? {} : { required }),
    ...(properties.length === 0 ? {} : { properties: Object.fromEntries(properties) }),
    type: 'object',
  }
}

function queryParameter({ name, required, variadic, format }: DescribedArgument): object {
  const type = swaggerType(format)
  if (variadic) {
    const element = elementOf(format)
    const items = swaggerType(element)
    return {
      name,
      required,
      in: 'query',
      type: type ?? 'string',
      collectionFormat: 'multi',
      items: { ...(items === undefined ? {} : { type: items }), format: swaggerFormat(element) },
    }
  }
  // A parameter needs a type, and an array is written as a literal: `{a,b}`.
  const said = type === undefined || type === 'array' ? 'string' : type
  return { name, required, in: 'query', type: said, format: swaggerFormat(format) }
}
