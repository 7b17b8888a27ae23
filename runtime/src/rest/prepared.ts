/**
 * Plans and statements by query shape: what two requests share when they differ in values alone.
 *
 * Bounded, the least used goes first; a new schema or new settings empty it.
 */
import type { RestSettings } from '@cascata/shared/project-document'
import { toStatement } from '@cascata/shared/sql'
import type { Parameter } from '../session/database.ts'
import { planRequest } from './plan/plan.ts'
import type { Plan } from './plan/types.ts'
import { type RestRequest, Slot } from './request/types.ts'
import type { SchemaCache } from './schema/types.ts'
import { explainCountToSql, planToSql } from './sql/statement.ts'

export type Template = { text: string; binds: readonly (Slot | string)[] }

export type Prepared = {
  plan: Plan
  main: Template
  /** Asks the planner for the total; made when first needed. */
  estimate(): Template
}

const template = (query: Parameters<typeof toStatement>[0]): Template => {
  const { text, values } = toStatement(query)
  const binds = values.map((value) => (value instanceof Slot ? value : String(value)))
  return { text, binds }
}

export const bind = ({ text, binds }: Template, values: readonly Parameter[]) => ({
  text,
  values: binds.map((each) => (each instanceof Slot ? (values[each.slot] ?? null) : each)),
})

/** Everything that a plan depends on, and nothing that only values change. */
export function shapeKey(request: RestRequest): string {
  const { action, schema, target, query, payload, accept, isRootSpec, contentType, preferences: p } = request
  const strict = p.handling === 'strict' && [p.maxAffected !== null, p.invalid.length > 0]
  const wishes = [p.resolution, p.return, p.count, p.missing, strict]
  return JSON.stringify([action, schema, target, query, payload, accept, isRootSpec, contentType, wishes])
}

export function prepare(cache: SchemaCache, request: RestRequest, settings: RestSettings): Prepared {
  const plan = planRequest(cache, request, settings)
  let estimate: Template | undefined
  return {
    plan,
    main: template(planToSql(plan)),
    estimate: () => {
      estimate ??= template(explainCountToSql(plan))
      return estimate
    },
  }
}

export class PreparedShapes {
  private readonly entriesMax: number
  private entries = new Map<string, Prepared>()
  private cache: SchemaCache | null = null
  private settings: RestSettings | null = null

  constructor(entriesMax: number) {
    this.entriesMax = entriesMax
  }

  get(cache: SchemaCache, request: RestRequest, settings: RestSettings): Prepared {
    if (this.cache !== cache || this.settings !== settings) {
      this.entries = new Map()
      this.cache = cache
      this.settings = settings
    }
    const key = shapeKey(request)
    const known = this.entries.get(key)
    if (known !== undefined) {
      this.entries.delete(key)
      this.entries.set(key, known)
      return known
    }
    const made = prepare(cache, request, settings)
    this.entries.set(key, made)
    const oldest = this.entries.size > this.entriesMax ? this.entries.keys().next().value : undefined
    if (oldest !== undefined) this.entries.delete(oldest)
    return made
  }
}
