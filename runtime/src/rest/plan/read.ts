/**
 * Plans what is read: a tree of nodes, each with its table, alias, fields, conditions and embeds.
 *
 * Everything that can be wrong about names is found here; SQL follows from the plan without a choice.
 */
import { AggregatesDisabled, NotEmbedded, RelatedOrderNotToOne } from '../errors.ts'
import type { Filter, Logic, OrderTerm } from '../request/types.ts'
import type { Name, SchemaCache } from '../schema/types.ts'
import { planEmbed } from './embed.ts'
import {
  expandStar,
  fieldOfEmbed,
  hasRepresentations,
  isStar,
  planFilter,
  planLogic,
  planOrder,
  planSelect,
} from './fields.ts'
import type { RawNode } from './tree.ts'
import type {
  Embed,
  NodePlace,
  PlannedLogic,
  PlannedOrder,
  ReadContext,
  ReadNode,
  Returned,
  SelectColumn,
} from './types.ts'

export function planNode(context: ReadContext, raw: RawNode, place: NodePlace): ReadNode {
  const { cache } = context
  const grouped = place.grouped || raw.fields.some(({ aggregate }) => aggregate !== null)
  const embeds: Embed[] = []
  const parent = { ...place, grouped }
  const planChild = (child: RawNode, at: NodePlace) => planNode(context, child, at)
  for (const child of raw.children)
    embeds.push(planEmbed({ context, raw: child, parent, siblings: embeds, planChild }))
  if (!context.aggregates && raw.fields.some(({ aggregate }) => aggregate !== null)) {
    throw AggregatesDisabled()
  }
  return {
    source: place.source,
    table: place.table,
    alias: place.alias,
    select: selectOf(cache, raw, { ...place, grouped }),
    where: raw.where.map((each) => planCondition(cache, place.table, embeds, each)),
    orders: raw.orders.map((term) => planTerm(cache, place.table, embeds, term)),
    limit: raw.page?.limit ?? (context.maxRows === null ? null : String(context.maxRows)),
    offset: raw.page?.offset ?? null,
    embeds,
  }
}

function selectOf(cache: SchemaCache, raw: RawNode, place: NodePlace): SelectColumn[] {
  const { table, grouped, named } = place
  const expand = grouped || named || hasRepresentations(cache, table)
  return raw.fields.flatMap((item) => {
    const column = planSelect(cache, table, item)
    return expand && isStar(column) ? expandStar(cache, table, column) : [column]
  })
}

/** A filter on an embed's own name asks whether it has rows. */
function planCondition(
  cache: SchemaCache,
  table: Name,
  embeds: readonly Embed[],
  logic: Logic,
): PlannedLogic {
  if (logic.kind !== 'filter') {
    return { ...logic, parts: logic.parts.map((part) => planCondition(cache, table, embeds, part)) }
  }
  return embedCondition(embeds, logic) ?? planFilter(cache, table, logic)
}

function embedCondition(embeds: readonly Embed[], { field, not, operation }: Filter): PlannedLogic | null {
  if (field.path.length > 0 || operation.kind !== 'is') return null
  if (operation.truth !== 'null' && operation.truth !== 'not null') return null
  const embed = embeds.find(({ key }) => key === field.name)
  if (embed === undefined) return null
  return { kind: 'embedded', embed, not: not === (operation.truth === 'null') }
}

function planTerm(cache: SchemaCache, table: Name, embeds: readonly Embed[], term: OrderTerm): PlannedOrder {
  if (term.relation === null) return planOrder(cache, table, term)
  const embed = embeds.find(({ key }) => key === term.relation)
  if (embed === undefined) throw NotEmbedded(term.relation)
  if (!embed.toOne) throw RelatedOrderNotToOne(table.name, embed.key)
  const { direction, nulls } = term
  return { field: fieldOfEmbed(term.field), of: embed.join, direction, nulls }
}

/** Conditions of a mutation on the table itself. */
export const planConditions = (cache: SchemaCache, table: Name, parts: readonly Logic[]): PlannedLogic[] =>
  parts.map((part) => planLogic(cache, table, part))

/** Columns a node speaks of: selected, filtered and ordered by, and those that tie embeds. */
export function columnsUsed(read: ReadNode): { star: boolean; columns: Set<string> } {
  const columns = new Set<string>()
  for (const { field } of read.select) columns.add(field.column)
  for (const { field, of } of read.orders) if (of === null) columns.add(field.column)
  const note = (logic: PlannedLogic): void => {
    if (logic.kind === 'filter') columns.add(logic.field.column)
    else if (logic.kind !== 'embedded') logic.parts.forEach(note)
  }
  read.where.forEach(note)
  for (const { needs } of read.embeds) for (const column of needs ?? ['*']) columns.add(column)
  return { star: columns.delete('*'), columns }
}

/**
 * What a mutation or call must hand on to the read that follows. A computed column is named even beside `*`: the
 * rows handed on have lost their type, and with it the functions on it.
 */
export function returnedColumns(cache: SchemaCache, read: ReadNode): Returned {
  const { star, columns } = columnsUsed(read)
  const table = cache.table(read.table)
  if (!star) return { all: false, columns: [...columns].sort() }
  const computed = [...columns].filter((column) => table !== undefined && !table.columns.has(column))
  return { all: true, columns: computed.sort() }
}
