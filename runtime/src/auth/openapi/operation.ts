/** What is said of an endpoint: as data, so that to describe the service loads nothing of it. */
import type { Access } from '../access.ts'

export type Schema = Readonly<Record<string, unknown>>

export type Parameter = Schema & { name: string }

export type Body = {
  /** One flat object: importers of no-code tools follow no references in what is sent. */
  fields: Readonly<Record<string, Schema>>
  required?: readonly string[]
  example: Readonly<Record<string, unknown>>
  /** As a form of HTML sends it, rather than as JSON. */
  form?: true
}

export type Answer = {
  description: string
  schema?: Schema
  headers?: Readonly<Record<string, string>>
  /** What is no JSON. */
  type?: string
  /** Of a failure that is worded in another way than those of the service. */
  codes?: readonly string[]
}

export type Operation = {
  access: Access
  /** In letters and underscores; of a kind of its own beside those of tables and functions. */
  id: string
  summary: string
  description?: string
  /** Parameters of the path that are no UUIDs. */
  named?: Readonly<Record<string, Schema>>
  query?: readonly Parameter[]
  body?: Body
  answers: Readonly<Record<number, Answer>>
  /** Codes by status; those that every endpoint of its access may answer stand in write.ts. */
  errors?: Readonly<Record<number, readonly string[]>>
}

/** `POST /signup`, as the routes are named. */
export type Operations = Readonly<Record<string, Operation>>

/** A member that may be null. */
export const orNull = (schema: Schema): Schema => ({ ...schema, nullable: true })

export const text = (description: string, example: string, more: Schema = {}): Schema => ({
  type: 'string',
  description,
  example,
  ...more,
})
export const oneOf = (values: readonly string[], description: string): Schema => ({
  type: 'string',
  enum: values,
  description,
  example: values[0],
})
export const flag = (description: string, example = true): Schema => ({
  type: 'boolean',
  description,
  example,
})
export const whole = (description: string, example: number): Schema => ({
  type: 'integer',
  description,
  example,
})
export const anything = (description: string, example: object = {}): Schema => ({
  type: 'object',
  description,
  example,
})
export const time = (description: string): Schema =>
  text(description, '2026-01-31T09:30:00Z', { format: 'date-time' })
export const uuid = (description: string): Schema => text(description, AN_ID, { format: 'uuid' })
export const listOf = (items: Schema, description: string): Schema => ({ type: 'array', items, description })
export const ref = (name: string): Schema => ({ $ref: `#/components/schemas/${name}` })
export const object = (
  properties: Readonly<Record<string, Schema>>,
  required?: readonly string[],
): Schema => ({
  type: 'object',
  ...(required ? { required } : {}),
  properties,
})

export const AN_ID = '3f2b1c4e-8d5a-4b6f-9c7d-0e1f2a3b4c5d'

type Query = { values?: readonly string[]; whole?: true; required?: true }

export function query(
  name: string,
  description: string,
  example: string | number,
  { values, whole: isWhole, required }: Query = {},
): Parameter {
  const schema = { type: isWhole ? 'integer' : 'string', ...(values ? { enum: values } : {}) }
  return { name, in: 'query', description, ...(required ? { required } : {}), schema, example }
}
