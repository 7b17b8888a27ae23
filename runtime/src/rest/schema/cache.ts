/** From the catalog document to the cache that planning asks. */
import { Catalog } from './catalog.ts'
import { buildRelationships } from './relationships.ts'
import {
  type Name,
  nameKey,
  type Relationship,
  type Routine,
  type SchemaCache,
  sameName,
  type Table,
} from './types.ts'
import { type ViewKey, viewKeys } from './view-keys.ts'

const NONE: readonly [string, string][] = []

export function buildSchemaCache(document: unknown, exposed: readonly string[]): SchemaCache {
  const catalog = Catalog.parse(document)
  const keys = viewKeys(catalog)
  const tables = new Map(catalog.tables.map((table) => [nameKey(table), toTable(table, catalog, keys)]))
  const relationships = buildRelationships({ catalog, viewKeys: keys, tables, exposed })
  const routines = Map.groupBy(toRoutines(catalog), (routine) => nameKey(routine))
  const representations = new Map(
    catalog.representations.map(({ from, to, function: fn }) => [JSON.stringify([from, to]), fn]),
  )
  const roleSettings = new Map(
    [...Map.groupBy(catalog.roleSettings, ({ role }) => role)].map(([role, settings]) => [
      role,
      settings.map(({ name, value }): [string, string] => [name, value]),
    ]),
  )
  return {
    table: (name) => tables.get(nameKey(name)),
    tables: [...tables.values()],
    relationshipsFrom: (name) => relationships.get(nameKey(name)) ?? [],
    origins: (schema) => originsOf(relationships, schema),
    routines: (name) => routines.get(nameKey(name)) ?? [],
    routineNames: (schema) => [
      ...new Set(
        [...routines.values()].flat().flatMap((each) => (each.schema === schema ? [each.name] : [])),
      ),
    ],
    representation: (from, to) => representations.get(JSON.stringify([from, to])),
    handlers: catalog.handlers,
    types: new Set(catalog.types),
    roleSettings: (role) => roleSettings.get(role) ?? NONE,
  }
}

const originsOf = (relationships: ReadonlyMap<string, readonly Relationship[]>, schema: string): string[] => [
  ...new Set(
    [...relationships.values()].flatMap(([first]) =>
      first?.from.schema === schema ? [first.from.name] : [],
    ),
  ),
]

function toTable(
  table: Catalog['tables'][number],
  { constraints }: Catalog,
  keys: readonly ViewKey[],
): Table {
  const { schema, name, view, insertable, updatable, deletable, triggers } = table
  const own = constraints.find(({ kind, table: { oid } }) => kind === 'p' && oid === table.oid)
  const primaryKey = view
    ? viewPrimaryKey({ schema, name }, keys)
    : (own?.columns ?? []).map((column) => column.name)
  const columns = new Map(table.columns.map((column) => [column.name, column]))
  return { schema, name, view, insertable, updatable, deletable, triggers, primaryKey, columns }
}

/** A view has the keys of its tables; of several columns that show one, the first will do. */
const viewPrimaryKey = (view: Name, keys: readonly ViewKey[]): string[] =>
  keys
    .filter((key) => key.side === 'primary' && sameName(key.view, view))
    .flatMap(({ columns }) => columns.flatMap(([first]) => (first === undefined ? [] : [first])))

const ALONE: readonly string[] = ['bytea', 'json', 'jsonb', 'text', 'xml']

/** Functions that can be called: by named arguments, or with one unnamed that takes a whole body. */
function toRoutines({ routines }: Catalog): Routine[] {
  return routines
    .filter(({ arguments: args }) => {
      const unnamed = args.filter(({ name }) => name === '')
      return unnamed.length === 0 || (args.length === 1 && ALONE.includes(args[0]?.type ?? ''))
    })
    .map(({ settings, ...routine }) => {
      const pairs = settings.map((setting): [string, string] => {
        const at = setting.indexOf('=')
        return [setting.slice(0, at), setting.slice(at + 1)]
      })
      const isolation = pairs.find(([name]) => name === 'default_transaction_isolation')?.[1] ?? null
      const others = pairs.filter(([name]) => name !== 'default_transaction_isolation')
      return { ...routine, isolation, settings: others }
    })
}
