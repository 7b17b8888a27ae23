/**
 * A description as an OpenAPI document, made for the importers of no-code tools (FlutterFlow, Retool, ToolJet,
 * Budibase, WeWeb). What is sent is written out in full, one flat object for each body; only answers refer to shared
 * parts. Pure.
 */
import type { ApiDescription } from '../description.ts'
import { sharedAnswers } from './answers.ts'
import { CALLS_TAG, callOperations, callPath } from './calls.ts'
import type { Described } from './neighbour.ts'
import type { Writing } from './operations.ts'
import type { Dialect, Schema } from './schemas.ts'
import { pathOf, rowSchema, tableOperations } from './tables.ts'

export type DocumentOptions = {
  dialect: Dialect
  /** The one URL that paths are below of, without a slash at its end. */
  server: string
  /** Of the REST API below it; empty where the server is the REST API itself. */
  prefix: string
  /** The schemas that can be chosen from, the default one first. */
  schemas: readonly string[]
}

const INTRODUCTION = `Tables, views and functions as the role of the key sees them.

A filter is a column with an operator and a value: \`id=eq.7\`, \`price=gte.10\`, \`name=ilike.*ada*\`, \`id=in.(1,2,3)\`, \`done=is.null\`; \`not.\` before it turns it round.
Leave out the parameters that you do not need: an empty one is no filter, but an error.`

/** What Postgres itself says of `public`. */
const UNSAID = 'standard public schema'

/** Names in a document are letters, digits and underscores, and no two are the same. */
function uniqueNames(): (wanted: string) => string {
  const taken = new Set<string>()
  return (wanted) => {
    const plain = wanted.replaceAll(/[^A-Za-z0-9_]+/g, '_')
    let name = plain
    for (let more = 2; taken.has(name); more++) name = `${plain}_${more}`
    taken.add(name)
    return name
  }
}

const ALONE: Described = { tags: [], paths: {}, schemas: {}, responses: {} }

/** @param beside what else of the project the document describes. */
export function openapiDocument(
  description: ApiDescription,
  options: DocumentOptions,
  beside: Described = ALONE,
): object {
  const { dialect, server, prefix, schemas } = options
  const { schema, comment, functions } = description
  const schemaName = uniqueNames()
  for (const name of Object.keys({ ...sharedAnswers.schemas, ...beside.schemas })) schemaName(name)
  const { tables } = description
  const readable = tables.filter(({ verbs }) => verbs.select)
  const rows = new Map(readable.map(({ name }) => [name, schemaName(name)]))
  const profile = schemas.length > 1 ? { schema, chosen: schema !== schemas[0] } : null
  const writing: Writing = { dialect, server: `${server}${prefix}`, profile, unique: uniqueNames(), rows }
  const operations = tables
    .map((table) => ({ table, operations: tableOperations(table, writing) }))
    .filter((each) => Object.keys(each.operations).length > 0)
  const calls = Map.groupBy(functions, ({ name }) => name)
  const said = comment === null || comment === UNSAID ? `REST API of ${schema}` : comment
  const [title = '', ...more] = said.split('\n')
  return {
    openapi: dialect,
    info: { title, description: [...more, INTRODUCTION].join('\n').trim(), version: '1' },
    servers: [{ url: server }],
    tags: tagsOf(
      operations.map(({ table }) => table),
      [...(calls.size === 0 ? [] : [{ name: CALLS_TAG, description: 'Functions.' }]), ...beside.tags],
    ),
    security: [{ apikey: [] }, { bearer: [] }],
    paths: {
      ...Object.fromEntries(
        operations.map(({ table, operations: own }) => [`${prefix}${pathOf(table.name)}`, own]),
      ),
      ...Object.fromEntries(
        [...calls].map(([name, overloads]) => [
          `${prefix}${callPath(name)}`,
          callOperations(overloads, writing),
        ]),
      ),
      ...beside.paths,
    },
    components: {
      schemas: {
        ...Object.fromEntries(
          readable.map((table): [string, Schema] => [rows.get(table.name) ?? '', rowSchema(table, writing)]),
        ),
        ...sharedAnswers.schemas,
        ...beside.schemas,
      },
      responses: { ...sharedAnswers.responses, ...beside.responses },
      securitySchemes: {
        apikey: {
          type: 'apiKey',
          in: 'header',
          name: 'apikey',
          description: 'The project’s anonymous key; the service key only where nobody else can read it.',
        },
        bearer: {
          type: 'http',
          scheme: 'bearer',
          bearerFormat: 'JWT',
          description: 'The token of a user who is signed in, or a key.',
        },
      },
    },
  }
}

/** A table may have the name of a tag that is ours: then they share it. */
function tagsOf(tables: ApiDescription['tables'], ours: Described['tags']): object[] {
  const names = tables.map(({ name, comment }) => ({
    name,
    ...(comment === null ? {} : { description: comment }),
  }))
  return [...names, ...ours.filter(({ name }) => tables.every((table) => table.name !== name))]
}
