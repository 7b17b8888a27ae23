/** Which keys shine through a view: a key counts when all its columns are among the view's. */

import { viewOrigins } from '@cascata/shared/view-tree'
import type { Catalog } from './catalog.ts'
import type { Name } from './types.ts'

/** Base column (`oid.number`) -> names of the view columns that show it. */
type Shown = Map<string, string[]>

export type ViewKey = {
  view: Name
  /** `from`: columns of the key in its own table; `to`: those a foreign key points at. */
  side: 'primary' | 'from' | 'to'
  constraint: Catalog['constraints'][number]
  /** For each key column, the view columns that show it. */
  columns: string[][]
}

const column = (table: number, number: number) => `${table}.${number}`

/** Follows views over views down to the tables, whatever the order they were made in. */
function shownBy(views: Catalog['views']): Map<number, Shown> {
  const origins = new Map(views.map((view) => [view.oid, viewOrigins(view.tree)]))
  const trace = (table: number, number: number, seen: ReadonlySet<number>): string[] => {
    const own = column(table, number)
    const below = origins.get(table)
    if (below === undefined || seen.has(table)) return [own]
    const deeper = below
      .filter((origin) => origin.column === number)
      .flatMap((origin) => trace(origin.table, origin.tableColumn, new Set([...seen, table])))
    return [own, ...deeper]
  }
  const all = new Map<number, Shown>()
  for (const view of views) {
    const shown: Shown = new Map()
    for (const origin of origins.get(view.oid) ?? []) {
      const name = view.columns?.[String(origin.column)]
      if (name === undefined) continue
      for (const base of trace(origin.table, origin.tableColumn, new Set([view.oid]))) {
        shown.set(base, [...(shown.get(base) ?? []), name])
      }
    }
    all.set(view.oid, shown)
  }
  return all
}

export function viewKeys({ views, constraints }: Pick<Catalog, 'views' | 'constraints'>): ViewKey[] {
  const keys: ViewKey[] = []
  const shown = shownBy(views)
  for (const view of views) {
    const columnsShown = shown.get(view.oid) ?? new Map<string, string[]>()
    const through = (table: number, numbers: { number: number }[] | null): string[][] | null => {
      const columns = (numbers ?? []).map(({ number }) => columnsShown.get(column(table, number)) ?? [])
      return columns.length > 0 && columns.every((names) => names.length > 0) ? columns : null
    }
    const { schema, name } = view
    const add = (side: ViewKey['side'], constraint: ViewKey['constraint'], columns: string[][] | null) => {
      if (columns !== null) keys.push({ view: { schema, name }, side, constraint, columns })
    }
    for (const constraint of constraints) {
      const own = through(constraint.table.oid, constraint.columns)
      if (constraint.kind === 'p') add('primary', constraint, own)
      if (constraint.kind !== 'f' || constraint.toTable === null) continue
      add('from', constraint, own)
      add('to', constraint, through(constraint.toTable.oid, constraint.toColumns))
    }
  }
  return keys
}
