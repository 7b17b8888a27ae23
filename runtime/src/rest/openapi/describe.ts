/** From what the catalogs say and what the role may do to a description. Pure. */
import type { Relationship, SchemaCache, Table } from '../schema/types.ts'
import type { Access } from './access.ts'
import type {
  ApiDescription,
  DescribedColumn,
  DescribedForeignKey,
  DescribedFunction,
  DescribedTable,
  Verbs,
} from './description.ts'
import type { Facts } from './facts.ts'

export type Sources = { schema: string; cache: SchemaCache; facts: Facts; access: Access }

type Grants = NonNullable<Access['tables']>[number]

export function describeSchema({ schema, cache, facts, access }: Sources): ApiDescription {
  const grants = access.tables && new Map(access.tables.map((table) => [table.name, table]))
  const tables = facts.tables.flatMap((found): DescribedTable[] => {
    const table = cache.table({ schema, name: found.name })
    const granted = grants?.get(found.name)
    // Made or dropped since the schema was read: the next reading knows.
    if (table === undefined || (grants !== undefined && granted === undefined)) return []
    return [describeTable(table, { found, granted: granted ?? null, cache })]
  })
  return { schema, comment: access.comment, tables, functions: describeFunctions(facts, access) }
}

function describeTable(
  table: Table,
  about: { found: Facts['tables'][number]; granted: Grants | null; cache: SchemaCache },
): DescribedTable {
  const { found, granted, cache } = about
  const { name, view, insertable, updatable, deletable } = table
  const possible: Verbs = { select: true, insert: insertable, update: updatable, delete: deletable }
  const columns = found.columns.flatMap((more): DescribedColumn[] => {
    const column = table.columns.get(more.name)
    if (column === undefined) return []
    const may = (verb: 'select' | 'insert' | 'update') =>
      possible[verb] && (granted === null || granted[verb] === true || granted[verb].includes(more.name))
    const verbs = { select: may('select'), insert: may('insert'), update: may('update') }
    return [{ ...more, nullable: column.nullable, default: column.default, verbs }]
  })
  const some = (verb: 'select' | 'insert' | 'update') =>
    possible[verb] && (granted === null || granted[verb] === true || granted[verb].length > 0)
  return {
    name,
    view,
    comment: found.comment,
    columns,
    primaryKey: table.primaryKey,
    foreignKeys: foreignKeysOf(cache.relationshipsFrom(table)),
    possible,
    verbs: {
      select: some('select'),
      insert: some('insert'),
      update: some('update'),
      delete: deletable && (granted === null || granted.delete),
    },
  }
}

function foreignKeysOf(relationships: readonly Relationship[]): DescribedForeignKey[] {
  const keys = relationships.flatMap((each): DescribedForeignKey[] => {
    if (each.kind === 'computed' || each.kind === 'many-to-many' || !each.holdsKey) return []
    const { constraint, to, toView, ties } = each
    return [
      {
        constraint,
        columns: ties.map(([near]) => near),
        to: { schema: to.schema, name: to.name },
        toColumns: ties.map(([, far]) => far),
        toView,
        unique: each.kind === 'one-to-one',
      },
    ]
  })
  return keys.sort((a, b) => Number(a.toView) - Number(b.toView))
}

/** What takes a request's whole body as its one argument. */
const WHOLE_BODY: readonly string[] = ['bytea', 'json', 'jsonb', 'text', 'xml']

const isCallable = ({ arguments: args }: Facts['functions'][number]): boolean =>
  args.every(({ name }) => name !== '') || (args.length === 1 && WHOLE_BODY.includes(args[0]?.type ?? ''))

function describeFunctions(facts: Facts, access: Access): DescribedFunction[] {
  const granted = access.functions && new Map(access.functions.map(({ oid, formats }) => [oid, formats]))
  return facts.functions.flatMap((found): DescribedFunction[] => {
    const formats = granted?.get(found.oid)
    if (!isCallable(found) || (granted !== undefined && formats === undefined)) return []
    const { oid: _internal, ...about } = found
    const named = about.arguments.map((argument, at) => ({
      ...argument,
      // PostgREST names an argument's type whole, domain or not.
      format: formats?.[at] ?? argument.type,
    }))
    return [{ ...about, arguments: named }]
  })
}
