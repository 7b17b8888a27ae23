/**
 * A read plan as one select; an embed becomes a lateral join, whatever the depth.
 *
 * Pure: no cache, no connection, no clock. The plan resolved every name, so nothing here fails on user input.
 */
import { empty, ident, join, raw, type Sql, sql } from '@cascata/shared/sql'
import type { Embed, PlannedLogic, ReadNode, SelectColumn, SpreadField, Tie } from '../plan/types.ts'
import {
  COMMA,
  columnToSql,
  fieldToSql,
  logicToSql,
  nameToSql,
  orderToSql,
  shownToSql,
  whereToSql,
} from './fields.ts'

/** Where a mutation or call leaves its rows. Names of PostgREST's, here and below: Postgres' messages show them. */
export const RETURNED = 'pgrst_source'

const AGGREGATES = {
  sum: raw('sum'),
  avg: raw('avg'),
  count: raw('count'),
  max: raw('max'),
  min: raw('min'),
}

const cast = (value: Sql, type: string | null): Sql =>
  type === null ? value : sql`cast(${value} as ${raw(type)})`

const aggregate = (
  value: Sql,
  { aggregate: name, aggregateCast }: Pick<SelectColumn, 'aggregate' | 'aggregateCast'>,
): Sql => (name === null ? value : cast(sql`${AGGREGATES[name]}(${value})`, aggregateCast))

const named = (value: Sql, alias: string | null): Sql =>
  alias === null ? value : sql`${value} as ${ident(alias)}`

function selectedToSql(alias: string, column: SelectColumn): Sql {
  if (column.field.column === '*' && column.aggregate !== null) {
    return named(aggregate(raw('*'), column), column.alias)
  }
  return named(aggregate(cast(shownToSql(alias, column.field), column.cast), column), column.alias)
}

export function sourceToSql({ source, alias }: ReadNode): Sql {
  const as = sql` as ${ident(alias)}`
  switch (source.kind) {
    case 'table':
      return sql`${nameToSql(source.name)}${as}`
    case 'returned':
      return sql`${ident(RETURNED)}${as}`
    case 'computed':
      // The cast picks the overload: a row from a mutation or call has lost its type.
      return sql`${nameToSql(source.function)}((${ident(source.parent)}.*)::${nameToSql(source.of)})${as}`
    case 'joined':
      return sql`${nameToSql(source.name)}${as}, ${nameToSql(source.junction)} as ${ident(source.junctionAlias)}`
  }
}

export const tieToSql = ({ near, far }: Tie): Sql => sql`${ident(...near)} = ${ident(...far)}`

/** Whether an embed has rows. A to-one's row is null as a whole; the rest count into a column of the join's name. */
const embedTest = ({ embed, not }: Extract<PlannedLogic, { kind: 'embedded' }>): Sql => {
  if (embed.toOne) {
    return not
      ? sql`${ident(embed.join)} is distinct from null`
      : sql`${ident(embed.join)} is not distinct from null`
  }
  return not
    ? sql`${ident(embed.join, embed.join)} is not null`
    : sql`${ident(embed.join, embed.join)} is null`
}

type Selected = { text: Sql; grouping: boolean }

export function readToSql(node: ReadNode, ties: readonly Tie[] = []): Sql {
  const grouped = isGrouped(node)
  const columns: Selected[] = [
    ...ownColumns(node).map((column) => ({
      text: selectedToSql(node.alias, column),
      grouping: column.aggregate === null,
    })),
    ...node.embeds.flatMap((embed) => embedColumns(embed)),
  ]
  const conditions = [
    ...node.where.map((logic) => logicToSql(node.alias, logic, embedTest)),
    ...ties.map(tieToSql),
  ]
  const select =
    columns.length === 0
      ? raw('')
      : join(
          columns.map(({ text }) => text),
          COMMA,
        )
  return sql`select ${select} from ${sourceToSql(node)}${join(node.embeds.map(joinToSql), empty)}${whereToSql(conditions)}${groupToSql(grouped, columns)}${orderToSql(node.alias, node.orders)}${pageToSql(node)}`
}

/** A node that selects nothing still gives its row: whoever asks for it wants to know that it is there. */
const ownColumns = (node: ReadNode): SelectColumn[] => {
  if (node.select.length > 0 || node.embeds.length > 0) return node.select
  const field = { column: '*', path: [], toJson: false, transform: null, type: null }
  return [{ field, cast: null, aggregate: null, aggregateCast: null, alias: null }]
}

const isGrouped = ({ select, embeds }: ReadNode): boolean =>
  select.some(({ aggregate: name }) => name !== null) ||
  embeds.some(({ spread }) => spread?.some(({ aggregate: name }) => name !== null))

/** By position: a JSON path has its keys as parameters, and two parameters are never the same to Postgres. */
function groupToSql(grouped: boolean, columns: readonly Selected[]): Sql {
  const positions = columns.flatMap(({ grouping }, at) => (grouping ? [raw(String(at + 1))] : []))
  return grouped && positions.length > 0 ? sql` group by ${join(positions, COMMA)}` : empty
}

function pageToSql({ limit, offset }: ReadNode): Sql {
  const rows = limit === null ? empty : sql` limit ${limit}`
  return offset === null ? rows : sql`${rows} offset ${offset}`
}

function embedColumns(embed: Embed): Selected[] {
  if (embed.hidden) return []
  if (embed.spread !== null) return embed.spread.map((field) => spreadColumn(embed, field))
  // jsonb, as PostgREST has it: bodies agree byte for byte, and it can be grouped by.
  const value = embed.toOne
    ? sql`to_jsonb(${ident(embed.join)}.*)`
    : sql`coalesce(${ident(embed.join, embed.join)}, '[]')`
  return [{ text: named(value, embed.key), grouping: true }]
}

function spreadColumn(embed: Embed, field: SpreadField): Selected {
  const column = columnToSql(embed.join, field.name)
  if (field.aggregate !== null) {
    return { text: named(aggregate(column, field), field.alias), grouping: false }
  }
  if (embed.toOne || field.name === '*') return { text: column, grouping: true }
  return { text: named(sql`coalesce(${column}, '[]')`, field.name), grouping: true }
}

function joinToSql(embed: Embed): Sql {
  const rows = readToSql(embed.node, embed.ties)
  const alias = ident(embed.join)
  const kind = embed.inner ? raw(' inner') : raw(' left')
  if (embed.toOne) return sql`${kind} join lateral (${rows}) as ${alias} on true`
  const on = embed.inner ? sql`${ident(embed.join, embed.join)} is not null` : raw('true')
  return sql`${kind} join lateral (${gatheredToSql(embed, rows)}) as ${alias} on ${on}`
}

/** The many as one row: an array of objects, or an array for each field that rises. */
function gatheredToSql(embed: Embed, rows: Sql): Sql {
  const alias = ident(embed.join)
  if (embed.spread === null) return sql`select jsonb_agg(${alias}.*) as ${alias} from (${rows}) as ${alias}`
  const arrays = embed.spread.map(({ name }) => {
    const column = ident(embed.join, name)
    return sql`json_agg(${column}) as ${ident(name)}`
  })
  const counted = sql`nullif(count(*), 0) as ${alias}`
  return sql`select ${join([...arrays, counted], COMMA)} from (${rows}) as ${alias}`
}

/** Rows a read would give without its limit, one column each: for counting. */
export function countToSql(node: ReadNode, ties: readonly Tie[] = []): Sql {
  const exists = (embed: Embed): Sql => sql`exists (${countToSql(embed.node, embed.ties)})`
  const conditions = [
    ...node.where.map((logic) =>
      logicToSql(node.alias, logic, ({ embed, not }) => (not ? exists(embed) : sql`not ${exists(embed)}`)),
    ),
    ...ties.map(tieToSql),
    ...node.embeds.filter(({ inner }) => inner).map(exists),
  ]
  return sql`select 1 from ${sourceToSql(node)}${whereToSql(conditions)}`
}

export { fieldToSql }
