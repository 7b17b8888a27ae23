/**
 * Refuses what the planner finds too costly, before it is carried out.
 *
 * Asking costs a round trip, so a shape is asked about once for all its values: the cost of its generic plan without
 * any limit. A shape that is cheap even so passes for a while unasked; of any other each request is planned with its
 * own values. What cannot be planned is let by: the statement will say itself why.
 */
import type { Sql } from '@cascata/shared/sql'
import { type Answer, PostgresError, type Query } from '../session/database.ts'
import { PLAN_COST_KEPT_MS } from './contract.ts'
import { PlanCostExceeded } from './errors.ts'
import { type Execution, planningTurn } from './execute.ts'
import type { Plan, ReadNode } from './plan/types.ts'
import { bind, type Prepared } from './prepared.ts'
import type { RestRequest } from './request/types.ts'
import { planToSql } from './sql/statement.ts'

export type Asked = { execution: Execution; request: RestRequest; prepared: Prepared }

type Known = { at: number; cost: Promise<number | null> }

/** Roles whose plans of one shape are remembered: each sees a table through policies of its own. */
const ROLES_MAX = 16

/**
 * A statement cannot be planned without values through the protocol, for Bind gives some; inside a block its text can
 * (GENERIC_PLAN, Postgres 16).
 */
const GENERIC: Query = {
  text: `do $$
declare
  plan json;
begin
  execute 'explain (generic_plan, format json) ' || pg_catalog.current_setting('cascata.statement') into plan;
  perform pg_catalog.set_config('cascata.plan_cost', plan -> 0 -> 'Plan' ->> 'Total Cost', true);
end $$`,
  values: [],
}
const COST: Query = { text: `select pg_catalog.current_setting('cascata.plan_cost')`, values: [] }

export class CostGate {
  private readonly known = new WeakMap<Prepared, Map<string, Known>>()
  private readonly now: () => number

  constructor(now: () => number = () => performance.now()) {
    this.now = now
  }

  /** @throws PlanCostExceeded */
  async admit(asked: Asked, costMax: number, signal: AbortSignal): Promise<void> {
    const { media } = asked.prepared.plan
    if (media.kind === 'plan' && !media.options.includes('analyze')) return
    const bound = await this.bound(asked)
    if (bound !== null && bound <= costMax) return
    const cost = await costOf(asked, signal)
    if (cost !== null && cost > costMax) throw PlanCostExceeded(Math.ceil(cost), costMax)
  }

  /** Of the shape, whatever the values; null where it cannot be told. */
  private bound(asked: Asked): Promise<number | null> {
    const { role } = asked.execution.session
    const roles = this.known.get(asked.prepared) ?? new Map<string, Known>()
    const known = roles.get(role)
    if (known !== undefined && this.now() - known.at < PLAN_COST_KEPT_MS) return known.cost
    if (roles.size >= ROLES_MAX) roles.clear()
    const cost = boundOf(asked)
    // A database that was away is asked again by the next.
    cost.catch(() => roles.delete(role))
    roles.set(role, { at: this.now(), cost })
    this.known.set(asked.prepared, roles)
    return cost
  }
}

async function boundOf({ execution, request, prepared }: Asked): Promise<number | null> {
  const { maxRows } = execution.settings
  const text = genericText(planToSql(unpaged(prepared.plan, maxRows)), maxRows)
  const turn = planningTurn(execution, request, prepared, {
    settings: [['cascata.statement', text]],
    before: GENERIC,
    main: COST,
  })
  return asking(async () => numberIn(await execution.database.run(turn)))
}

async function costOf({ execution, request, prepared }: Asked, signal: AbortSignal): Promise<number | null> {
  const { text, values } = bind(prepared.main, request.values)
  const main = { text: `explain (format json) ${text}`, values, prepare: false }
  const turn = planningTurn(execution, request, prepared, { main })
  return asking(async () => {
    const answer = await execution.database.run(turn, signal)
    return Number(JSON.parse(textIn(answer))?.[0]?.Plan?.['Total Cost'])
  })
}

const textIn = (answer: Answer): string =>
  answer.rows.map(([line]) => line?.toString('utf8') ?? '').join('\n')
const numberIn = (answer: Answer): number => Number(textIn(answer))

async function asking(ask: () => Promise<number>): Promise<number | null> {
  try {
    const cost = await ask()
    return Number.isFinite(cost) ? cost : null
  } catch (error) {
    if (error instanceof PostgresError) return null
    throw error
  }
}

/** Placeholders but for the most rows of a read: the planner must know them, and they are the project's own number. */
const genericText = ({ texts, values }: Sql, maxRows: number | null): string =>
  texts.reduce((all, piece, at) => {
    if (at === 0) return piece
    const isBound = maxRows !== null && values[at - 1] === String(maxRows)
    return `${all}${isBound ? maxRows : `$${at}`}${piece}`
  }, '')

/** The planner takes a limit it does not know for a tenth of the rows: without one, it is no guess. */
const unpaged = (plan: Plan, maxRows: number | null): Plan => ({ ...plan, read: whole(plan.read, maxRows) })

const whole = (node: ReadNode, maxRows: number | null): ReadNode => ({
  ...node,
  limit: node.offset === null && maxRows !== null ? String(maxRows) : null,
  offset: null,
  embeds: node.embeds.map((embed) => ({ ...embed, node: whole(embed.node, maxRows) })),
})
