/** Shapes of the catalog document, checked when it is read: it is Postgres' word, not ours. */
import { z } from 'zod'

const Name = z.object({ schema: z.string(), name: z.string() })
const Relation = Name.extend({ oid: z.number() })
const KeyColumns = z.array(z.object({ number: z.number(), name: z.string() }))

export const Catalog = z.object({
  tables: z.array(
    Relation.extend({
      view: z.boolean(),
      insertable: z.boolean(),
      updatable: z.boolean(),
      deletable: z.boolean(),
      triggers: z.boolean(),
      columns: z.array(
        z.object({
          name: z.string(),
          type: z.string(),
          base: z.string(),
          nullable: z.boolean(),
          default: z.string().nullable(),
        }),
      ),
    }),
  ),
  constraints: z.array(
    z.object({
      kind: z.enum(['p', 'u', 'f']),
      name: z.string(),
      table: Relation,
      columns: KeyColumns.nullable(),
      toTable: Relation.nullable(),
      toColumns: KeyColumns.nullable(),
    }),
  ),
  views: z.array(Relation.extend({ tree: z.string(), columns: z.record(z.string(), z.string()).nullable() })),
  routines: z.array(
    Name.extend({
      arguments: z.array(
        z.object({
          name: z.string(),
          type: z.string(),
          openType: z.string(),
          required: z.boolean(),
          variadic: z.boolean(),
        }),
      ),
      returns: Name.extend({ set: z.boolean(), composite: z.boolean() }),
      volatility: z.enum(['volatile', 'stable', 'immutable']),
      settings: z.array(z.string()),
    }),
  ),
  computed: z.array(z.object({ function: Name, from: Name, to: Name, toOne: z.boolean() })),
  representations: z.array(z.object({ from: z.string(), to: z.string(), function: Name })),
  handlers: z.array(
    z.object({
      function: Name,
      of: Name.nullable(),
      asked: z.string(),
      answered: z.string(),
      written: z.string(),
    }),
  ),
  types: z.array(z.string()),
  roleSettings: z.array(z.object({ role: z.string(), name: z.string(), value: z.string() })),
})
export type Catalog = z.infer<typeof Catalog>
