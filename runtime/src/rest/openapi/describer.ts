/**
 * Answers what a schema offers a caller. Postgres is asked each time, in the caller's turn; what is kept is what came
 * of its answer: the same answer of the same schema is the same description, one object.
 */
import { createHash } from 'node:crypto'
import type { RestSettings } from '@cascata/shared/project-document'
import type { Database } from '../../session/database.ts'
import { beginning, type Execution } from '../execute.ts'
import type { RestRequest } from '../request/types.ts'
import type { SchemaCache } from '../schema/types.ts'
import { ACCESS_SQL, Access, COMMENT_SQL, GrantedAccess } from './access.ts'
import { describeSchema } from './describe.ts'
import type { ApiDescription } from './description.ts'
import { type Facts, loadFacts } from './facts.ts'

/** Descriptions kept: one for each schema and for what roles may do there. A large one holds megabytes. */
const DESCRIPTIONS_MAX = 8

export class Describer {
  private cache: SchemaCache | null = null
  private facts = new Map<string, Promise<Facts>>()
  private kept = new Map<string, ApiDescription>()

  /** @param request of the root: its schema is described. */
  async describe(execution: Execution, request: RestRequest, signal: AbortSignal): Promise<ApiDescription> {
    const { cache, database, settings } = execution
    const { schema } = request
    this.renew(cache)
    const known = this.kept
    const facts = await this.factsOf(database, schema, settings)
    const text = await askAccess(execution, request, signal)
    const key = createHash('sha256').update(`${settings.openapiMode}\n${schema}\n${text}`).digest('base64')
    const parse = () =>
      (settings.openapiMode === 'ignore-privileges' ? Access : GrantedAccess).parse(JSON.parse(text))
    const description = known.get(key) ?? describeSchema({ schema, cache, facts, access: parse() })
    // The last to be used is the last to go.
    known.delete(key)
    known.set(key, description)
    const oldest = known.size > DESCRIPTIONS_MAX ? known.keys().next().value : undefined
    if (oldest !== undefined) known.delete(oldest)
    return description
  }

  /** A new reading of the schema makes everything new. */
  private renew(cache: SchemaCache): void {
    if (this.cache === cache) return
    this.cache = cache
    this.facts = new Map()
    this.kept = new Map()
  }

  /** Asked once, though many may wait for it; a failure is not kept. */
  private factsOf(database: Database, schema: string, { schemas }: RestSettings): Promise<Facts> {
    const { facts } = this
    const under = facts.get(schema)
    if (under !== undefined) return under
    const asked = loadFacts(database, schema, schemas)
    facts.set(schema, asked)
    asked.catch(() => facts.delete(schema))
    return asked
  }
}

async function askAccess(execution: Execution, request: RestRequest, signal: AbortSignal): Promise<string> {
  const text = execution.settings.openapiMode === 'ignore-privileges' ? COMMENT_SQL : ACCESS_SQL
  const answer = await execution.database.run(
    {
      ...beginning(execution, request, null),
      main: { text, values: [request.schema] },
      readOnly: true,
      end: 'commit',
      timeoutMs: execution.timeoutMs,
    },
    signal,
  )
  return answer.rows[0]?.[0]?.toString('utf8') ?? 'null'
}
