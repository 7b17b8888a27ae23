/** From keys to relationships: through views, back the other way, through junctions, and computed ones. */
import type { Catalog } from './catalog.ts'
import { type Name, nameKey, type Relationship, type Table, type Ties } from './types.ts'
import type { ViewKey } from './view-keys.ts'

type Direct = Extract<Relationship, { constraint: string }>
type Junction = Extract<Relationship, { kind: 'many-to-many' }>

export type RelationshipSource = {
  catalog: Pick<Catalog, 'constraints' | 'computed'>
  viewKeys: readonly ViewKey[]
  tables: ReadonlyMap<string, Table>
  exposed: readonly string[]
}

export function buildRelationships(source: RelationshipSource): Map<string, Relationship[]> {
  const outgoing = source.catalog.constraints
    .filter(({ kind }) => kind === 'f')
    .flatMap((constraint) =>
      withViews(direct(constraint, source.catalog.constraints), constraint, source.viewKeys),
    )
  const all: Relationship[] = [...outgoing, ...outgoing.map(inverse), ...junctions(outgoing, source.tables)]
  const computed = source.catalog.computed.map(
    ({ function: fn, from, to, toOne }): Relationship => ({
      kind: 'computed',
      from,
      to,
      self: nameKey(from) === nameKey(to),
      function: fn,
      toOne,
    }),
  )
  const visible = [...override(all, computed), ...computed].filter((each) => isExposed(each, source.exposed))
  return Map.groupBy(visible.sort(byTarget), ({ from }) => nameKey(from))
}

const bare = ({ schema, name }: Name): Name => ({ schema, name })

function direct(constraint: Catalog['constraints'][number], all: Catalog['constraints']): Direct {
  const from = bare(constraint.table)
  const to = bare(constraint.toTable ?? constraint.table)
  const near = constraint.columns ?? []
  const far = constraint.toColumns ?? []
  const columns = new Set(near.map(({ name }) => name))
  // A foreign key on columns that are themselves unique ties one row to one row.
  const unique = all.some(
    (other) =>
      other.kind !== 'f' &&
      other.table.oid === constraint.table.oid &&
      other.columns?.length === columns.size &&
      other.columns.every(({ name }) => columns.has(name)),
  )
  return {
    kind: unique ? 'one-to-one' : 'many-to-one',
    from,
    to,
    self: nameKey(from) === nameKey(to),
    fromView: false,
    toView: false,
    holdsKey: true,
    constraint: constraint.name,
    ties: near.map(({ name }, at) => [name, far[at]?.name ?? name]),
  }
}

/** A key seen through views ties each view that shows it, in every combination of the columns that do. */
function withViews(
  base: Direct,
  constraint: Catalog['constraints'][number],
  viewKeys: readonly ViewKey[],
): Direct[] {
  const of = (side: ViewKey['side']) =>
    viewKeys.filter((key) => key.side === side && key.constraint === constraint)
  const sides = (keys: ViewKey[], own: { name: Name; columns: string[] }) => [
    { name: own.name, view: false, columns: own.columns },
    ...keys.flatMap((key) =>
      combinations(key.columns).map((columns) => ({ name: key.view, view: true, columns })),
    ),
  ]
  const froms = sides(of('from'), { name: base.from, columns: base.ties.map(([near]) => near) })
  const tos = sides(of('to'), { name: base.to, columns: base.ties.map(([, far]) => far) })
  return froms.flatMap((from) =>
    tos.map((to) => ({
      ...base,
      from: from.name,
      to: to.name,
      self: nameKey(from.name) === nameKey(to.name),
      fromView: from.view,
      toView: to.view,
      ties: from.columns.map((near, at): [string, string] => [near, to.columns[at] ?? near]),
    })),
  )
}

const combinations = (choices: readonly string[][]): string[][] =>
  choices.reduce<string[][]>((all, each) => all.flatMap((done) => each.map((next) => [...done, next])), [[]])

const swap = (ties: Ties): Ties => ties.map(([near, far]) => [far, near])

const inverse = (each: Direct): Direct => ({
  ...each,
  kind: each.kind === 'many-to-one' ? 'one-to-many' : 'one-to-one',
  from: each.to,
  to: each.from,
  fromView: each.toView,
  toView: each.fromView,
  holdsKey: false,
  ties: swap(each.ties),
})

/** A table whose primary key holds two foreign keys joins the tables they point at. */
function junctions(outgoing: readonly Direct[], tables: ReadonlyMap<string, Table>): Junction[] {
  const keys = outgoing.filter(({ kind }) => kind === 'many-to-one')
  const byTable = Map.groupBy(keys, ({ from }) => nameKey(from))
  const found: Junction[] = []
  for (const [key, group] of byTable) {
    const primary = new Set(tables.get(key)?.primaryKey)
    const inside = group.filter(({ ties }) => ties.every(([near]) => primary.has(near)))
    for (const one of inside) {
      for (const other of inside) {
        if (one.constraint !== other.constraint) found.push(junction(one, other))
      }
    }
  }
  return found
}

const junction = (one: Direct, other: Direct): Junction => ({
  kind: 'many-to-many',
  from: one.to,
  to: other.to,
  self: nameKey(one.to) === nameKey(other.to),
  fromView: one.toView,
  toView: other.toView,
  junction: one.from,
  fromTies: swap(one.ties),
  fromConstraint: one.constraint,
  toTies: swap(other.ties),
  toConstraint: other.constraint,
})

/** A computed relationship named like a table takes the place of those found to that table. */
function override(found: readonly Relationship[], computed: readonly Relationship[]): Relationship[] {
  const taken = new Set(
    computed.flatMap((each) =>
      each.kind === 'computed' ? [`${nameKey(each.from)}${nameKey(each.function)}`] : [],
    ),
  )
  return found.filter(({ from, to }) => !taken.has(`${nameKey(from)}${nameKey(to)}`))
}

function isExposed(each: Relationship, exposed: readonly string[]): boolean {
  if (!exposed.includes(each.from.schema) || !exposed.includes(each.to.schema)) return false
  return each.kind !== 'many-to-many' || exposed.includes(each.junction.schema)
}

const RANK: Record<Relationship['kind'], number> = {
  'one-to-many': 0,
  'many-to-one': 1,
  'one-to-one': 2,
  'many-to-many': 3,
  computed: 4,
}

const sortKey = (each: Relationship): string => {
  const more =
    each.kind === 'computed'
      ? each.function.name
      : each.kind === 'many-to-many'
        ? `${each.junction.name} ${each.fromConstraint} ${each.toConstraint}`
        : `${each.constraint} ${each.ties.join(' ')}`
  return `${each.to.schema} ${each.to.name} ${RANK[each.kind]} ${more}`
}

const byTarget = (a: Relationship, b: Relationship): number => {
  const [left, right] = [sortKey(a), sortKey(b)]
  return left < right ? -1 : left > right ? 1 : 0
}
