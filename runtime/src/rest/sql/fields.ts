/** Fields, conditions and orders as SQL. Words come from tables here, names from the plan, values as parameters. */
import { empty, ident, join, raw, type Sql, sql } from '@cascata/shared/sql'
import type { PlannedField, PlannedLogic, PlannedOrder } from '../plan/types.ts'
import type { JsonStep, Operation, Truth } from '../request/types.ts'
import type { Name } from '../schema/types.ts'

const OPERATORS: Readonly<Record<string, Sql>> = {
  eq: raw('='),
  neq: raw('<>'),
  gt: raw('>'),
  gte: raw('>='),
  lt: raw('<'),
  lte: raw('<='),
  like: raw('like'),
  ilike: raw('ilike'),
  match: raw('~'),
  imatch: raw('~*'),
  cs: raw('@>'),
  cd: raw('<@'),
  ov: raw('&&'),
  sl: raw('<<'),
  sr: raw('>>'),
  nxr: raw('&<'),
  nxl: raw('&>'),
  adj: raw('-|-'),
}

const SEARCHES: Readonly<Record<string, Sql>> = {
  fts: raw('to_tsquery'),
  plfts: raw('plainto_tsquery'),
  phfts: raw('phraseto_tsquery'),
  wfts: raw('websearch_to_tsquery'),
}

const TRUTHS: Readonly<Record<Truth, Sql>> = {
  null: raw('null'),
  'not null': raw('not null'),
  true: raw('true'),
  false: raw('false'),
  unknown: raw('unknown'),
}

const AND = raw(' and ')
const OR = raw(' or ')
export const COMMA = raw(', ')

/** An operator the grammar let through has its word here. */
function word(words: Readonly<Record<string, Sql>>, name: string): Sql {
  const found = words[name]
  if (found === undefined) throw new Error(`no SQL for the operator ${name}`)
  return found
}

export const nameToSql = ({ schema, name }: Name): Sql => ident(schema, name)

export const columnToSql = (alias: string, column: string): Sql =>
  column === '*' ? sql`${ident(alias)}.*` : ident(alias, column)

const stepToSql = ({ arrow, key, index }: JsonStep): Sql =>
  arrow === '->' ? (index ? sql`->${key}::int` : sql`->${key}`) : index ? sql`->>${key}::int` : sql`->>${key}`

export function fieldToSql(alias: string, field: PlannedField): Sql {
  if (field.row) return ident(alias)
  const column = columnToSql(alias, field.column)
  if (field.path.length === 0) return column
  return join([field.toJson ? sql`to_jsonb(${column})` : column, ...field.path.map(stepToSql)], empty)
}

const apply = (transform: Name | null, value: Sql): Sql =>
  transform === null ? value : sql`${nameToSql(transform)}(${value})`

/** The field as it is shown. */
export const shownToSql = (alias: string, field: PlannedField): Sql =>
  apply(field.transform, fieldToSql(alias, field))

function operationToSql(operation: Operation, transform: Name | null): Sql {
  switch (operation.kind) {
    case 'compare': {
      const { operator, quantifier } = operation
      const pattern = operator === 'like' || operator === 'ilike'
      const value = pattern ? sql`${operation.value}` : apply(transform, sql`${operation.value}`)
      const side =
        quantifier === null ? value : quantifier === 'any' ? sql`any(${value})` : sql`all(${value})`
      return sql`${word(OPERATORS, operator)} ${side}`
    }
    case 'in':
      return transform === null
        ? sql`= any(${operation.values})`
        : sql`= any(select ${apply(transform, sql`unnest(${operation.values}::text[])`)})`
    case 'is':
      return sql`is ${TRUTHS[operation.truth]}`
    case 'distinct':
      return sql`is distinct from ${apply(transform, sql`${operation.value}`)}`
    case 'search': {
      const language = operation.language === null ? empty : sql`${operation.language}, `
      return sql`@@ ${word(SEARCHES, operation.operator)}(${language}${operation.value})`
    }
  }
}

/** @param embedded writes the condition on an embed's rows, which a read and a count put differently. */
export function logicToSql(
  alias: string,
  logic: PlannedLogic,
  embedded: (condition: Extract<PlannedLogic, { kind: 'embedded' }>) => Sql,
): Sql {
  if (logic.kind === 'embedded') return embedded(logic)
  const not = logic.not ? raw('not ') : empty
  if (logic.kind === 'filter') {
    const field = fieldToSql(alias, logic.field)
    const language = logic.vector?.language ? sql`${logic.vector.language}, ` : empty
    const left = logic.vector === null ? field : sql`to_tsvector(${language}${field})`
    return sql`${not}${left} ${operationToSql(logic.operation, logic.field.transform)}`
  }
  const parts = logic.parts.map((part) => logicToSql(alias, part, embedded))
  return sql`${not}(${join(parts, logic.kind === 'all' ? AND : OR)})`
}

const noEmbeds = (): Sql => {
  throw new Error('a mutation filters on its own table only')
}

/** ` where a and b`, or nothing. */
export const whereToSql = (conditions: readonly Sql[]): Sql =>
  conditions.length === 0 ? empty : sql` where ${join(conditions, AND)}`

export const conditionsToSql = (alias: string, conditions: readonly PlannedLogic[]): Sql[] =>
  conditions.map((condition) => logicToSql(alias, condition, noEmbeds))

const DIRECTIONS = { asc: raw(' asc'), desc: raw(' desc') }
const NULLS = { first: raw(' nulls first'), last: raw(' nulls last') }

export function orderToSql(alias: string, orders: readonly PlannedOrder[]): Sql {
  if (orders.length === 0) return empty
  const terms = orders.map(({ field, of, direction, nulls }) => {
    const way = direction === null ? empty : DIRECTIONS[direction]
    return sql`${fieldToSql(of ?? alias, field)}${way}${nulls === null ? empty : NULLS[nulls]}`
  })
  return sql` order by ${join(terms, COMMA)}`
}
