/**
 * The same case as a person would write it in psql: plain SQL with literals, embeds as subqueries. Nothing of the
 * runtime's is used here.
 */
import type { Asked, Condition, Filter, Item, Node, Order } from './case.ts'
import { kindOf, tableOf } from './tables.ts'

export const literal = (value: unknown): string => {
  if (value === null || value === undefined) return 'null'
  const text = Array.isArray(value)
    ? `{${value.map((each) => `"${String(each)}"`).join(',')}}`
    : typeof value === 'object'
      ? JSON.stringify(value)
      : String(value)
  return `'${text.replaceAll("'", "''")}'`
}

/** A value of a body, for its column: any JSON is a value of a JSON column. */
const stored = (table: string, column: string, value: unknown): string =>
  literal(kindOf(table, column) === 'json' && value !== null ? JSON.stringify(value) : value)

const COMPARE: Record<string, string> = {
  ...{ eq: '=', neq: '<>', gt: '>', gte: '>=', lt: '<', lte: '<=', like: 'like', ilike: 'ilike' },
  ...{ match: '~', imatch: '~*', cs: '@>', cd: '<@', ov: '&&', isdistinct: 'is distinct from' },
}
const SEARCH: Record<string, string> = {
  fts: 'to_tsquery',
  plfts: 'plainto_tsquery',
  phfts: 'phraseto_tsquery',
  wfts: 'websearch_to_tsquery',
}

/** `->a->>b` after a column; what is no JSON is made it. */
function fieldSql(table: string, alias: string, { column, path }: Pick<Filter, 'column' | 'path'>): string {
  const bare = `${alias}.${column}`
  if (path.length === 0) return bare
  const start = kindOf(table, column) === 'json' ? bare : `to_jsonb(${bare})`
  return (
    start +
    path
      .map((step) =>
        step.replace(/^(->>?)(.*)$/, (_, arrow, key) => arrow + (/^-?\d+$/.test(key) ? key : literal(key))),
      )
      .join('')
  )
}

function filterSql(table: string, alias: string, filter: Filter): string {
  const left = fieldSql(table, alias, filter)
  const { operator, quantifier, values } = filter
  const [first = ''] = values
  const [name = '', language] = operator.split(' ')
  const isPattern = name === 'like' || name === 'ilike'
  if (name === 'is') return `${left} is ${first.replace('_', ' ')}`
  // PostgREST takes a list of one empty text, quoted or not, for one of nothing.
  if (name === 'in')
    return values.join('|') === ''
      ? `${left}::text = any ('{}'::text[])`
      : `${left} in (${values.map(literal).join(', ')})`
  const search = SEARCH[name]
  if (search !== undefined) {
    const config = language === undefined ? '' : `'${language}', `
    return `to_tsvector(${config}${left}) @@ ${search}(${config}${literal(first)})`
  }
  const right = literal(isPattern ? first.replaceAll('*', '%') : first)
  return `${left} ${COMPARE[name]} ${quantifier === null ? right : `${quantifier}(${right})`}`
}

type Embed = Extract<Item, { is: 'embed' }>
const embedsOf = (node: Node): Embed[] => node.items.filter((item) => item.is === 'embed')

function conditionSql(node: Node, alias: string, condition: Condition): string {
  if (condition.is === 'filter')
    return `${condition.not ? 'not ' : ''}(${filterSql(node.table, alias, condition)})`
  if (condition.is === 'embedded') {
    const embed = embedsOf(node).find((each) => (each.alias ?? each.relation.name) === condition.relation)
    return embed === undefined ? 'false' : `${condition.not ? '' : 'not '}${existsSql(embed, alias)}`
  }
  return `${condition.not ? 'not ' : ''}(${condition.parts.map((part) => conditionSql(node, alias, part)).join(condition.is === 'all' ? ' and ' : ' or ')})`
}

/** From and where of an embed's rows, under the alias given. */
function rowsOf({ relation, node }: Pick<Embed, 'relation' | 'node'>, outer: string, alias: string): string {
  const [here, there] = relation.on
  const { through } = relation
  const tie =
    through === undefined
      ? `${alias}.${there} = ${outer}.${here}`
      : `exists (select from ${through.table} j where j.${through.here} = ${outer}.${here} and j.${through.there} = ${alias}.${there})`
  return `from ${relation.to} ${alias} where ${[tie, ...wheres(node, alias)].join(' and ')}`
}

const existsSql = (embed: Embed, outer: string): string =>
  `exists (select ${rowsOf(embed, outer, `${outer}e`)})`

/** A node's own conditions, and those of its inner embeds. */
const wheres = (node: Node, alias: string): string[] => [
  ...node.where.map((condition) => conditionSql(node, alias, condition)),
  ...embedsOf(node).flatMap((embed) => (embed.join === 'inner' ? [existsSql(embed, alias)] : [])),
]

const deeper = (alias: string, at: number): string => `${alias}x${at}`

/** Key and value of everything an item shows. */
function shown(
  node: Node,
  alias: string,
  item: Item,
  at: number,
): [key: string, sql: string, grouped: boolean][] {
  switch (item.is) {
    case 'star':
      return Object.keys(tableOf(node.table).columns).map((column) => [column, `${alias}.${column}`, true])
    case 'column': {
      const value = fieldSql(node.table, alias, item)
      const keys = item.path.map((step) => step.replace(/^->>?/, '')).filter((key) => !/^-?\d+$/.test(key))
      const name = item.alias ?? keys.at(-1) ?? item.column
      return [[name, item.cast === null ? value : `(${value})::${item.cast}`, true]]
    }
    case 'aggregate': {
      const value = item.column === null ? 'count(*)' : `${item.name}(${alias}.${item.column})`
      return [[item.alias ?? item.name, item.cast === null ? value : `(${value})::${item.cast}`, false]]
    }
    case 'embed':
      return embedShown(item, alias, deeper(alias, at))
  }
}

function embedShown(embed: Embed, outer: string, alias: string): [string, string, boolean][] {
  const { relation, node, spread } = embed
  const pairs = node.items.flatMap((item, at) => shown(node, alias, item, at))
  const key = embed.alias ?? relation.name
  if (pairs.length === 0) return []
  if (spread)
    return pairs.map(([name, sql]) => [name, `(select ${sql} ${rowsOf(embed, outer, alias)})`, true])
  if (!relation.many) return [[key, `(select ${objectOf(pairs)} ${rowsOf(embed, outer, alias)})`, true]]
  const rows = `select ${objectOf(pairs)} as o ${rowsOf(embed, outer, alias)}${groupSql(pairs)}${pageSql(node, alias)}`
  return [[key, `(select coalesce(json_agg(q.o), '[]') from (${rows}) q)`, true]]
}

const objectOf = (pairs: readonly [string, string, boolean][]): string =>
  `json_build_object(${pairs.map(([key, sql]) => `${literal(key)}, ${sql}`).join(', ')})`

function groupSql(pairs: readonly [string, string, boolean][]): string {
  const plain = pairs.filter(([, , grouped]) => grouped).map(([, sql]) => sql)
  return plain.length === pairs.length || plain.length === 0 ? '' : ` group by ${plain.join(', ')}`
}

function orderSql(node: Node, alias: string, { relation, column, direction, nulls }: Order): string {
  const embed = embedsOf(node).find(
    (each) => relation !== null && (each.alias ?? each.relation.name) === relation,
  )
  const value =
    embed === undefined
      ? `${alias}.${column}`
      : `(select ${alias}o.${column} ${rowsOf(embed, alias, `${alias}o`)})`
  return `${value}${direction === null ? '' : ` ${direction}`}${nulls === null ? '' : ` nulls ${nulls}`}`
}

const pageSql = (node: Node, alias: string): string =>
  (node.order.length === 0
    ? ''
    : ` order by ${node.order.map((each) => orderSql(node, alias, each)).join(', ')}`) +
  (node.limit === null ? '' : ` limit ${node.limit}`) +
  (node.offset === null ? '' : ` offset ${node.offset}`)

/** One column, one row: the answer's rows as a JSON array. */
function readSql(node: Node, from: string, own: readonly string[]): string {
  const pairs = node.items.flatMap((item, at) => shown(node, 't', item, at))
  const where = own.length === 0 ? '' : ` where ${own.join(' and ')}`
  return `select coalesce(json_agg(q.o), '[]')::text as rows from (select ${objectOf(pairs)} as o from ${from} t${where}${groupSql(pairs)}${pageSql(node, 't')}) q`
}

/** Columns a write must hand back: those shown, those that tie embeds, and the key. */
function returned(node: Node): string[] {
  const table = tableOf(node.table)
  const columns = node.items.flatMap((item) => {
    if (item.is === 'star') return Object.keys(table.columns)
    if (item.is === 'embed') return [item.relation.on[0]]
    return item.column === null ? [] : [item.column]
  })
  return [...new Set([...columns, ...table.key])]
}

/** What a write gives back is not cut into pages, at any depth. */
const unpaged = (node: Node): Node => ({
  ...node,
  limit: null,
  offset: null,
  items: node.items.map((item) => (item.is === 'embed' ? { ...item, node: unpaged(item.node) } : item)),
})

/** The conditions of a write are on its table; what is said of embeds is for what comes back. */
function writeSql(node: Node, text: string, isShown: boolean): string {
  if (!isShown) return text
  const back = unpaged({ ...node, where: [], order: [] })
  return `with w as (${text} returning ${returned(node).join(', ')}) ${readSql(back, 'w', wheres(back, 't'))}`
}

export type Twin = { sql: string; count: string | null; readOnly: boolean }

export function twinOf(asked: Asked): Twin {
  const { node } = asked
  const table = tableOf(node.table)
  const own = node.where.map((condition) => conditionSql(node, table.name, condition))
  const where = own.length === 0 ? '' : ` where ${own.join(' and ')}`
  switch (asked.do) {
    case 'read': {
      const conditions = wheres(node, 't')
      const count = `select count(*) from ${table.name} t${conditions.length === 0 ? '' : ` where ${conditions.join(' and ')}`}`
      return { sql: readSql(node, table.name, conditions), count: asked.count ? count : null, readOnly: true }
    }
    case 'insert':
      return { sql: writeSql(node, insertSql(asked), asked.shown), count: null, readOnly: false }
    case 'update': {
      const sets = Object.entries(asked.row).map(
        ([column, value]) => `${column} = ${stored(table.name, column, value)}`,
      )
      return {
        sql: writeSql(node, `update ${table.name} set ${sets.join(', ')}${where}`, asked.shown),
        count: null,
        readOnly: false,
      }
    }
    case 'delete':
      return {
        sql: writeSql(node, `delete from ${table.name}${where}`, asked.shown),
        count: null,
        readOnly: false,
      }
    case 'call':
      return {
        sql: callSql(asked),
        count: null,
        readOnly: asked.get || !['set_score', 'add_note', 'complain'].includes(asked.name),
      }
  }
}

function insertSql({ node, rows, columns, defaults, conflict }: Extract<Asked, { do: 'insert' }>): string {
  const table = tableOf(node.table)
  const absent = defaults ? 'default' : 'null'
  const values = rows.map(
    (row) =>
      `(${columns.map((column) => (Object.hasOwn(row, column) ? stored(table.name, column, row[column]) : absent)).join(', ')})`,
  )
  const target = (conflict?.on ?? table.key).join(', ')
  const sets = columns.map((column) => `${column} = excluded.${column}`).join(', ')
  const tail =
    conflict === null
      ? ''
      : ` on conflict (${target}) do ${conflict.action === 'merge' ? `update set ${sets}` : 'nothing'}`
  return `insert into ${table.name} (${columns.join(', ')}) values ${values.join(', ')}${tail}`
}

function callSql({ name, args, returns, node }: Extract<Asked, { do: 'call' }>): string {
  const given = args.map(([key, value]) => `${key} => ${literal(value)}`).join(', ')
  if (returns === 'scalar') return `select to_json(${name}(${given}))::text as rows`
  if (returns === 'nothing') return `select ${name}(${given})`
  const rows = readSql(node, `${name}(${given})`, wheres(node, 't'))
  return returns === 'row' ? `select (r.rows::json -> 0)::text as rows from (${rows}) r` : rows
}
