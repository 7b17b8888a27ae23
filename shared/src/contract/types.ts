/** A project's schema as types of a language. */
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
