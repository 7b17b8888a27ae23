/** Cases by chance: who asks, and what of the whole grammar that both sides can say. */
import type { Chance } from '../../harness/seeded.ts'
import type { Asked, Case, Condition, Item, Node, Order, Row } from './case.ts'
import { conditions, someValue } from './conditions.ts'
import { kindOf, RELATIONS, TABLES, tableOf, WRITABLE } from './tables.ts'
import { OWNERS, ROLES, TEXTS } from './world.ts'

export function caseOf(chance: Chance): Case {
  const role = chance.pick([...ROLES, 'authenticated', 'authenticated', 'anon'])
  const claims = { role, sub: chance.pick(OWNERS), team: 1 + chance.below(4) }
  return { role, claims, asked: askedOf(chance) }
}

function askedOf(chance: Chance): Asked {
  const what = chance.next()
  if (what < 0.5) return readOf(chance)
  if (what < 0.66) return insertOf(chance)
  if (what < 0.78) return updateOf(chance)
  if (what < 0.87) return deleteOf(chance)
  return callOf(chance)
}

const READABLE = Object.keys(TABLES).filter((name) => name !== 'totals')

function readOf(chance: Chance): Asked {
  const table = chance.pick(READABLE)
  if (chance.happens(0.15)) {
    const node = {
      ...bare(table),
      items: aggregates(chance, table, ''),
      where: conditions(chance, table, []),
    }
    return { do: 'read', node, count: false, one: false }
  }
  const node = nodeOf(chance, table, 2, '')
  const one = chance.happens(0.05)
  return { do: 'read', node: paged(chance, node), count: !one && chance.happens(0.3), one }
}

/** Whether a function runs when nothing of it is asked for is Postgres' to decide: so nothing that can empty its rows. */
const withoutInner = (node: Node): Node => ({
  ...node,
  items: node.items.map((item) => (item.is === 'embed' ? { ...item, join: null } : item)),
})

const bare = (table: string): Node => ({
  table,
  items: [{ is: 'star' }],
  where: [],
  order: [],
  limit: null,
  offset: null,
})

/** In the order of the key at last: pages of equals would be a matter of luck. */
function paged(chance: Chance, node: Node): Node {
  const { key, columns } = tableOf(node.table)
  const by: Order[] = key.map((column) => ({ relation: null, column, direction: 'asc', nulls: null }))
  const kinds = Object.keys(columns).filter((column) => kindOf(node.table, column) !== 'json')
  const toOne = node.items.flatMap((item) =>
    item.is === 'embed' &&
    !item.relation.many &&
    !item.spread &&
    item.node.items.length > 0 &&
    item.node.where.length === 0
      ? [item]
      : [],
  )
  const first: Order[] = []
  const way = () => ({
    direction: chance.pick(['asc', 'desc', null] as const),
    nulls: chance.pick(['first', 'last', null, null] as const),
  })
  if (chance.happens(0.5)) first.push({ relation: null, column: chance.pick(kinds), ...way() })
  const embed = toOne[0]
  // The column must be among those the embed shows.
  const own = embed?.node.items.flatMap((item) =>
    item.is === 'column' &&
    item.path.length === 0 &&
    item.cast === null &&
    (item.alias === null || item.alias === item.column)
      ? [item.column]
      : [],
  )
  if (embed !== undefined && own?.[0] !== undefined && chance.happens(0.5))
    first.unshift({ relation: embed.alias ?? embed.relation.name, column: own[0], ...way() })
  return {
    ...node,
    order: [...first, ...by],
    limit: chance.happens(0.4) ? 1 + chance.below(8) : null,
    offset: chance.happens(0.15) ? chance.below(4) : null,
  }
}

/** @param mark makes aliases of this node differ from those of others: fields that rise must not meet. */
function nodeOf(chance: Chance, table: string, depth: number, mark: string): Node {
  const items: Item[] = []
  if (chance.happens(0.3)) items.push({ is: 'star' })
  else
    for (let more = 1 + chance.below(3); more > 0; more--)
      items.push(columnItem(chance, table, `${mark}c${items.length}`))
  const relations = RELATIONS[table] ?? []
  const used = new Set<string>()
  for (let more = depth > 0 && relations.length > 0 ? chance.below(3) : 0; more > 0; more--) {
    const relation = chance.pick(relations)
    if (used.has(relation.name)) continue
    used.add(relation.name)
    items.push(embedItem(chance, relation, depth, `${mark}e${items.length}`))
  }
  return { ...bare(table), items, where: conditions(chance, table, items) }
}

function columnItem(chance: Chance, table: string, alias: string): Item {
  const column = chance.pick(Object.keys(tableOf(table).columns))
  const kind = kindOf(table, column)
  const path = chance.happens(kind === 'json' ? 0.7 : kind === 'tags' ? 0.3 : 0)
    ? chance.pick(
        kind === 'json' ? [['->>color'], ['->dims', '->1'], ['->dims'], ['->>k']] : [['->0'], ['->>1']],
      )
    : []
  const cast = path.length === 0 && chance.happens(0.15) ? (kind === 'numeric' ? 'int' : 'text') : null
  return { is: 'column', column, path, alias, cast }
}

function aggregates(chance: Chance, table: string, mark: string): Item[] {
  const { columns } = tableOf(table)
  const numbers = Object.keys(columns).filter((column) => ['int', 'numeric'].includes(columns[column] ?? ''))
  const items: Item[] = chance.happens(0.6)
    ? [{ is: 'column', column: chance.pick(Object.keys(columns)), path: [], alias: `${mark}by`, cast: null }]
    : []
  // Nothing can be grouped by what has no equality; jsonb and arrays have one.
  items.push({
    is: 'aggregate',
    name: 'count',
    column: null,
    alias: chance.happens(0.5) ? `${mark}n` : null,
    cast: null,
  })
  if (numbers.length > 0 && chance.happens(0.7)) {
    const cast = chance.happens(0.2) ? 'text' : null
    items.push({
      is: 'aggregate',
      name: chance.pick(['sum', 'avg', 'min', 'max'] as const),
      column: chance.pick(numbers),
      alias: chance.happens(0.5) ? `${mark}a` : null,
      cast,
    })
  }
  return items
}

function embedItem(
  chance: Chance,
  relation: (typeof RELATIONS)[string][number],
  depth: number,
  mark: string,
): Item {
  const join = chance.happens(0.3) ? ('inner' as const) : chance.happens(0.1) ? ('left' as const) : null
  const alias = chance.happens(0.4) || relation.name === 'boss_id' ? mark : null
  if (relation.many && chance.happens(0.2)) {
    const items = aggregates(chance, relation.to, mark).filter((item) => item.is === 'aggregate')
    return {
      is: 'embed',
      relation,
      alias,
      join: null,
      spread: false,
      node: { ...bare(relation.to), items, where: conditions(chance, relation.to, []) },
    }
  }
  const spread = !relation.many && chance.happens(0.3)
  const deeper = nodeOf(chance, relation.to, spread ? 0 : depth - 1, mark)
  // Under a spread every field has an alias, so that it meets no other.
  const items = spread ? deeper.items.filter((item) => item.is === 'column') : deeper.items
  const node = {
    ...deeper,
    items: spread && items.length === 0 ? [columnItem(chance, relation.to, `${mark}s`)] : items,
  }
  if (!relation.many) return { is: 'embed', relation, alias: spread ? null : alias, join, spread, node }
  const ordered = paged(chance, node)
  // What is cut into pages is not asked whether it is there.
  return {
    is: 'embed',
    relation,
    alias,
    join,
    spread,
    node: join === 'inner' ? { ...ordered, limit: null, offset: null } : { ...ordered, offset: null },
  }
}

/** A value as a body has it; now and then one that cannot be. */
function bodyValue(chance: Chance, table: string, column: string): unknown {
  const kind = kindOf(table, column)
  if (column === 'team_id') return chance.happens(0.1) ? 77 : 1 + chance.below(4)
  if (column === 'project_id') return 1 + chance.below(7)
  if (column === 'person_id' || column === 'boss_id') return 1 + chance.below(15)
  if (chance.happens(0.08)) return null
  if (chance.happens(0.01)) return kind === 'text' ? 7 : 'no such value'
  switch (kind) {
    case 'int':
      return column === 'id' ? 1 + chance.below(60) : chance.below(column === 'age' ? 230 : 9)
    case 'bool':
      return chance.happens(0.5)
    case 'tags':
      return [chance.pick(['new', 'x y']), 'z']
    case 'json':
      return { color: 'green', dims: [chance.below(4)] }
    default:
      return column === 'owner' ? chance.pick(OWNERS) : someValue(chance, kind)
  }
}

function insertOf(chance: Chance): Asked {
  const table = chance.pick(WRITABLE)
  const { key, columns: all } = tableOf(table)
  const others = Object.keys(all).filter((column) => !key.includes(column))
  const columns = [
    ...(chance.happens(0.97) ? key : []),
    ...others.filter((column) => ['name', 'title', 'owner'].includes(column) || chance.happens(0.4)),
  ].sort()
  if (columns.length === 0) columns.push(...key)
  const object = chance.happens(0.6)
  const named = chance.happens(0.25)
  const rows = Array.from({ length: object ? 1 : 1 + chance.below(4) }, (): Row => {
    const given = columns.filter((column) => !named || key.includes(column) || chance.happens(0.7))
    return Object.fromEntries(given.map((column) => [column, bodyValue(chance, table, column)]))
  })
  const resolves = chance.happens(0.35)
  const on = chance.happens(0.3) ? (table === 'badge' && chance.happens(0.5) ? ['level'] : key) : null
  const conflict = resolves ? { action: chance.pick(['merge', 'ignore'] as const), on } : null
  const shown = chance.happens(0.65)
  return {
    do: 'insert',
    node: writtenNode(chance, table, []),
    rows,
    columns,
    named,
    defaults: named && chance.happens(0.5),
    conflict,
    shown,
    object,
  }
}

/** What comes back of a write: columns, and embeds a level deep. Its own conditions are those of the write. */
function writtenNode(chance: Chance, table: string, where: Condition[]): Node {
  const node = nodeOf(chance, table, chance.happens(0.4) ? 1 : 0, 'w')
  // An inner embed would hide rows that were written: asked rarely, and on both sides.
  return { ...node, where, order: [], limit: null, offset: null }
}

function updateOf(chance: Chance): Asked {
  const table = chance.pick(WRITABLE)
  const columns = Object.keys(tableOf(table).columns).filter(() => chance.happens(0.25))
  const chosen = columns.length > 0 ? columns : [Object.keys(tableOf(table).columns)[1] ?? 'id']
  const row = Object.fromEntries(chosen.map((column) => [column, bodyValue(chance, table, column)]))
  return { do: 'update', row, ...changeOf(chance, table) }
}

const deleteOf = (chance: Chance): Asked => ({ do: 'delete', ...changeOf(chance, chance.pick(WRITABLE)) })

function changeOf(chance: Chance, table: string) {
  const key = tableOf(table).key[0] ?? 'id'
  const narrow: Condition = {
    is: 'filter',
    column: key,
    path: [],
    operator: 'eq',
    quantifier: null,
    not: false,
    values: [String(1 + chance.below(16))],
  }
  const where = chance.happens(0.6) ? [narrow] : conditions(chance, table, [])
  return {
    node: writtenNode(chance, table, where.length > 0 ? where : [narrow]),
    shown: chance.happens(0.65),
    count: chance.happens(0.3),
    one: chance.happens(0.08),
    affectedMax: chance.happens(0.1) ? chance.below(3) : null,
  }
}

function callOf(chance: Chance): Asked {
  const get = chance.happens(0.5)
  const id = () => String(1 + chance.below(20))
  const call = (
    name: string,
    returns: Extract<Asked, { do: 'call' }>['returns'],
    args: [string, string][],
    table = 'totals',
  ): Asked => {
    const node =
      returns === 'rows'
        ? paged(chance, nodeOf(chance, table, table === 'totals' ? 0 : 1, 'r'))
        : returns === 'row'
          ? { ...nodeOf(chance, table, 1, 'r'), where: [] }
          : bare(table)
    return {
      do: 'call',
      name,
      args,
      get,
      returns,
      node: withoutInner(name === 'add_note' ? { ...node, where: [] } : node),
    }
  }
  switch (chance.below(9)) {
    case 0:
      return call(
        'older_than',
        'rows',
        chance.happens(0.5)
          ? [['years', id()]]
          : [
              ['years', id()],
              ['lowest', '12.5'],
            ],
        'person',
      )
    case 1:
      return call('team_size', 'scalar', [['team', chance.happens(0.1) ? 'x' : id()]])
    case 2:
      return call('totals', 'rows', [])
    case 3:
      return call(
        'set_score',
        'row',
        [
          ['who', id()],
          ['points', '33.3'],
        ],
        'person',
      )
    case 4:
      return call(
        'add_note',
        'rows',
        chance.happens(0.5)
          ? [
              ['id', String(20 + chance.below(20))],
              ['who', id()],
            ]
          : [
              ['id', id()],
              ['who', id()],
              ['body', chance.pick(TEXTS)],
            ],
        'note',
      )
    case 5:
      return call('whoami', 'scalar', [])
    case 6:
      return call('everyone', 'scalar', [])
    default:
      return call('complain', 'nothing', [
        ['code', chance.pick(['23505', 'P0001', '42501', '22012', 'XX000', '40001'])],
      ])
  }
}
