/** A project's schema as types of a language, and its API as OpenAPI. */
import { z } from 'zod'

const SCHEMAS_MAX = 50

export const TypesQuery = z.object({
  /** Names, separated by commas. */
  included_schemas: z
    .string()
    .max(4_000)
    .default('public')
    .transform((list) => list.split(',').map((name) => name.trim()))
    .pipe(z.array(z.string().min(1, 'a schema has a name').max(63)).min(1).max(SCHEMAS_MAX)),
})
export type TypesQuery = z.infer<typeof TypesQuery>

export const TypesResult = z
  .object({ types: z.string() })
  .meta({ id: 'TypesResult', examples: [{ types: 'export type Json = string | ...' }] })
export type TypesResult = z.infer<typeof TypesResult>

export const ApiQuery = z.object({
  /** Whose view it is. */
  role: z.enum(['anon', 'service_role']).default('anon'),
  /** One of those that the API exposes; the first of them when none is named. */
  schema: z.string().min(1).max(63).optional(),
})
export type ApiQuery = z.infer<typeof ApiQuery>
