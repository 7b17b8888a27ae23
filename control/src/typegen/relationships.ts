/**
 * The foreign keys that lead out of each table or view: what `supabase-js` types its embeds by. A key shines through
 * a view when the view shows all of its columns; each combination of the columns that do counts.
 */
import { viewOrigins } from '@cascata/shared/view-tree'
import type { Catalog, CatalogKey, CatalogRelation } from './catalog.ts'
import { byText, quote } from './layout.ts'

type Side = { schema: string; name: string; columns: string[] }
export type Reference = { constraint: string; from: Side; to: Side; oneToOne: boolean }

/** Base column (`oid.number`) -> names of the view's columns that show it. */
type Shown = ReadonlyMap<string, string[]>
type KeyColumns = { oid: number; columns: CatalogKey['columns'] }

export function referencesOf({ relations, keys }: Catalog): Map<number, Reference[]> {
  const views = relations.filter(({ kind }) => kind === 'v' || kind === 'm')
  const shown = shownBy(views)
  const oids = new Map(relations.map((relation) => [placeOf(relation), relation.oid]))
  const found: Reference[] = []
  for (const foreign of keys) {
    if (foreign.kind !== 'f' || foreign.toTable === null) continue
    const sides = (own: CatalogKey['table'], columns: CatalogKey['columns']): Side[] => [
      { schema: own.schema, name: own.name, columns: columns.map(({ name }) => name) },
      ...views.flatMap((view) =>
        through(shown.get(view.oid), { oid: own.oid, columns }).map((names) => ({
          schema: view.schema,
          name: view.name,
          columns: names,
        })),
      ),
    ]
    const oneToOne = isUnique(foreign, keys)
    const tos = sides(foreign.toTable, foreign.toColumns ?? [])
    for (const from of sides(foreign.table, foreign.columns)) {
      // An embed stays in one schema: that of the request.
      const near = tos.filter((to) => to.schema === from.schema)
      found.push(...near.map((to) => ({ constraint: foreign.name, from, to, oneToOne })))
    }
  }
  const known = found.filter(({ from, to }) => oids.has(placeOf(from)) && oids.has(placeOf(to)))
  return Map.groupBy(known.sort(inOrder), ({ from }) => oids.get(placeOf(from)) ?? 0)
}

const placeOf = ({ schema, name }: { schema: string; name: string }) => JSON.stringify([schema, name])

/** A foreign key on columns that are themselves unique ties one row to one row. */
function isUnique(foreign: CatalogKey, keys: readonly CatalogKey[]): boolean {
  const own = new Set(foreign.columns.map(({ number }) => number))
  return keys.some(
    ({ kind, table, columns }) =>
      kind !== 'f' &&
      table.oid === foreign.table.oid &&
      columns.length === own.size &&
      columns.every(({ number }) => own.has(number)),
  )
}

function through(shown: Shown | undefined, { oid, columns }: KeyColumns): string[][] {
  const names = columns.map(({ number }) => shown?.get(`${oid}.${number}`) ?? [])
  return names.reduce<string[][]>(
    (all, each) => all.flatMap((done) => each.map((name) => [...done, name])),
    [[]],
  )
}

/** Follows views over views down to the tables. */
function shownBy(views: readonly CatalogRelation[]): Map<number, Shown> {
  const origins = new Map(views.map(({ oid, tree }) => [oid, tree === null ? [] : viewOrigins(tree)]))
  const trace = (table: number, number: number, seen: ReadonlySet<number>): string[] => {
    const below = seen.has(table) ? [] : (origins.get(table) ?? [])
    const deeper = below
      .filter(({ column }) => column === number)
      .flatMap((origin) => trace(origin.table, origin.tableColumn, new Set([...seen, table])))
    return [`${table}.${number}`, ...deeper]
  }
  return new Map(
    views.map((view) => {
      const names = new Map(view.columns.map(({ number, name }) => [number, name]))
      const shown = new Map<string, string[]>()
      for (const origin of origins.get(view.oid) ?? []) {
        const name = names.get(origin.column)
        if (name === undefined) continue
        for (const base of trace(origin.table, origin.tableColumn, new Set([view.oid])))
          shown.set(base, [...(shown.get(base) ?? []), name])
      }
      return [view.oid, shown]
    }),
  )
}

const list = (names: readonly string[]) => `[${names.map(quote).join(', ')}]`

const inOrder = (a: Reference, b: Reference): number =>
  byText(a.constraint, b.constraint) ||
  byText(a.to.name, b.to.name) ||
  byText(list(a.to.columns), list(b.to.columns)) ||
  byText(list(a.from.columns), list(b.from.columns))

export const referenceLines = ({ constraint, from, to, oneToOne }: Reference): string[] => [
  '{',
  `  foreignKeyName: ${quote(constraint)}`,
  `  columns: ${list(from.columns)}`,
  `  isOneToOne: ${oneToOne}`,
  `  referencedRelation: ${quote(to.name)}`,
  `  referencedColumns: ${list(to.columns)}`,
  '},',
]
