/** Types as schemas, each written out in full: importers of no-code tools follow no references in what they ask for. */
import type { DescribedColumn, DescribedReturn, DescribedType } from '../description.ts'
import { bareName, elementOf, exampleOf, isArray, type Valued } from './examples.ts'

export type Dialect = '3.0.3' | '3.1.0'
export type Schema = Readonly<Record<string, unknown>>

type Kind = { type: string; format?: string }

const KINDS: Readonly<Record<string, Kind>> = {
  smallint: { type: 'integer', format: 'int32' },
  integer: { type: 'integer', format: 'int32' },
  bigint: { type: 'integer', format: 'int64' },
  oid: { type: 'integer', format: 'int64' },
  numeric: { type: 'number' },
  real: { type: 'number', format: 'float' },
  'double precision': { type: 'number', format: 'double' },
  boolean: { type: 'boolean' },
  // Any JSON may stand there, but a form needs to know what to show.
  json: { type: 'object' },
  jsonb: { type: 'object' },
  geometry: { type: 'object' },
  geography: { type: 'object' },
  uuid: { type: 'string', format: 'uuid' },
  date: { type: 'string', format: 'date' },
  'timestamp with time zone': { type: 'string', format: 'date-time' },
}

function kindOf(type: DescribedType): Kind {
  const known = KINDS[bareName(type.base)]
  if (known !== undefined) return known
  // What has no example of its own is a composite.
  return typeof exampleOf({ ...type, name: '' }) === 'object' ? { type: 'object' } : { type: 'string' }
}

export function schemaOf(type: Valued, dialect: Dialect): Schema {
  if (isArray(type)) {
    const { example: _one, ...items } = schemaOf(elementOf(type), dialect)
    return { type: 'array', items, example: exampleOf(type) }
  }
  const { values, maxLength } = type
  return {
    ...kindOf(type),
    ...(values.length > 0 ? { enum: values } : {}),
    ...(maxLength != null && values.length === 0 ? { maxLength } : {}),
    example: exampleOf(type),
  }
}

/** A column, with what it is called in Postgres and what its comment says. */
export function columnSchema(column: DescribedColumn, dialect: Dialect): Schema {
  const { comment, type, nullable, generated } = column
  const schema = {
    ...schemaOf(column, dialect),
    description: comment === null ? type : `${type}: ${comment}`,
    ...(generated ? { readOnly: true } : {}),
  }
  return nullable ? orNull(schema, dialect) : schema
}

/** OpenAPI 3.0 has a word of its own; 3.1 is JSON Schema. */
function orNull(schema: Schema, dialect: Dialect): Schema {
  if (dialect === '3.0.3') return { ...schema, nullable: true }
  const values = schema.enum as readonly string[] | undefined
  return { ...schema, type: [schema.type, 'null'], ...(values ? { enum: [...values, null] } : {}) }
}

export const objectOf = (properties: readonly (readonly [string, Schema])[], more: Schema = {}): Schema => ({
  type: 'object',
  ...(properties.length > 0 ? { properties: Object.fromEntries(properties) } : {}),
  ...more,
})

export const arrayOf = (items: Schema): Schema => ({ type: 'array', items })

/** What one call gives, before it is said whether there are many. */
export function returnSchema(returns: DescribedReturn, dialect: Dialect): Schema {
  if (returns.kind === 'scalar') return schemaOf({ ...returns, name: '' }, dialect)
  const columns = returns.columns ?? []
  return objectOf(columns.map((column) => [column.name, schemaOf(column, dialect)]))
}
