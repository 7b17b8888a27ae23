/** How types and defaults of Postgres read in Swagger 2.0, in PostgREST's mapping (14.8 and later). */

export type SwaggerType = 'string' | 'boolean' | 'integer' | 'number' | 'array'

/** Any JSON: Swagger says that by no type at all. */
const UNTYPED: ReadonlySet<string> = new Set(['json', 'jsonb'])

const TYPES: Readonly<Record<string, SwaggerType>> = {
  boolean: 'boolean',
  smallint: 'integer',
  integer: 'integer',
  bigint: 'integer',
  numeric: 'number',
  real: 'number',
  'double precision': 'number',
}

/** Formats that Swagger has a name for; all others go by their name in Postgres. */
const FORMATS: Readonly<Record<string, string>> = { smallint: 'int32', integer: 'int32', bigint: 'int64' }

/** @param format of a `DescribedType`; undefined is any JSON. */
export function swaggerType(format: string): SwaggerType | undefined {
  if (UNTYPED.has(format)) return undefined
  return TYPES[format] ?? (format.endsWith('[]') ? 'array' : 'string')
}

export const swaggerFormat = (format: string): string => FORMATS[format] ?? format

export const elementOf = (format: string): string => format.slice(0, -2)

/** `type`, `format` and, of an array, `items`: each where there is one. */
export function schemaOf(format: string): { type?: SwaggerType; format: string; items?: object } {
  const type = swaggerType(format)
  const element = type === 'array' ? swaggerType(elementOf(format)) : undefined
  return {
    ...(type === undefined ? {} : { type }),
    format: swaggerFormat(format),
    ...(type === 'array' ? { items: element === undefined ? {} : { type: element } } : {}),
  }
}

/**
 * The default as JSON text, when the SQL expression reads as JSON: `42`, `false`, and for texts whatever stands between
 * the quotes, or the expression itself (`now()`). Undefined where it does not: a sequence's `nextval` is no number.
 */
export function defaultJson(format: string, expression: string): string | undefined {
  const text = swaggerType(format) === 'string' ? `"${unquoted(format, expression)}"` : expression
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null ? undefined : text.trim()
  } catch {
    return undefined
  }
}

function unquoted(format: string, expression: string): string {
  const cast = `::${format}`
  if (!expression.endsWith(cast)) return expression
  return expression.slice(0, -cast.length).replace(/^'+|'+$/g, '')
}
