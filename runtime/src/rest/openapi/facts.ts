/** What descriptions need and requests do not: asked when the first is wanted, once for each reading of the schema. */
import { z } from 'zod'
import type { Database } from '../../session/database.ts'
import { FACTS_SQL } from './facts-sql.ts'

const TIMEOUT_MS = 60_000

const Type = { type: z.string(), format: z.string(), base: z.string(), values: z.array(z.string()) }
const Named = z.object({ name: z.string(), ...Type })

const Facts = z.object({
  tables: z.array(
    z.object({
      name: z.string(),
      comment: z.string().nullable(),
      columns: z.array(
        Named.extend({
          comment: z.string().nullable(),
          generated: z.boolean(),
          maxLength: z.number().nullable(),
        }),
      ),
    }),
  ),
  functions: z.array(
    z.object({
      oid: z.number(),
      name: z.string(),
      comment: z.string().nullable(),
      arguments: z.array(Named.extend({ required: z.boolean(), variadic: z.boolean() })),
      volatility: z.enum(['volatile', 'stable', 'immutable']),
      returns: z.object({
        kind: z.enum(['void', 'scalar', 'composite']),
        set: z.boolean(),
        table: z.object({ schema: z.string(), name: z.string() }).nullable(),
        columns: z.array(Named).nullable(),
        ...Type,
      }),
    }),
  ),
})
export type Facts = z.infer<typeof Facts>

const arrayOf = (names: readonly string[]): string =>
  `{${names.map((name) => `"${name.replace(/[\\"]/g, '\\$&')}"`).join(',')}}`

export async function loadFacts(
  database: Database,
  schema: string,
  exposed: readonly string[],
): Promise<Facts> {
  const answer = await database.run({
    // Asked once: compiling the question would cost more than answering it.
    settings: [
      ['search_path', ''],
      ['jit', 'off'],
    ],
    main: { text: FACTS_SQL, values: [schema, arrayOf(exposed)], prepare: false },
    readOnly: true,
    end: 'commit',
    timeoutMs: TIMEOUT_MS,
  })
  return Facts.parse(JSON.parse(answer.rows[0]?.[0]?.toString('utf8') ?? 'null'))
}
