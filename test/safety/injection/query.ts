/** The query string: select lists, filters, trees, orders and pages. */
import fc from 'fast-check'
import { hostile, hostileName } from './hostile.ts'
import { aName, inOrder, listOf, maybe, one, text, words } from './parts.ts'
import type { Piece, Written } from './pieces.ts'
import { columnsOf, TABLES } from './tables.ts'

const quotedValue = hostile.map((value): Piece[] => [{ value, as: 'quoted' }])
export const plainValue = hostile.map((value): Piece[] => [{ value, as: 'plain' }])
const jsonPath = fc
  .array(
    fc.tuple(
      one('->', '->>'),
      fc.oneof(
        hostileName.map((name): Piece => ({ name })),
        one<Piece>('0', '-1', '12'),
      ),
    ),
    { minLength: 1, maxLength: 2 },
  )
  .map((steps) => steps.flat())
const cast = words(
  '::text',
  '::int4',
  '::jsonb',
  '::mood',
  '::double precision',
  '::numeric',
  '::no such type',
  '::text$$',
  '::pg_authid',
)
const aggregate = words('.sum()', '.max()', '.count()', '.avg()', '.min()')
const alias = inOrder(
  hostileName.map((name): Piece[] => [{ name }]),
  text(':'),
)

const fieldItem = (table: string) =>
  inOrder(
    maybe(25, alias),
    aName(columnsOf(table)),
    maybe(20, jsonPath),
    maybe(15, cast),
    maybe(6, inOrder(aggregate, maybe(30, cast))),
  )

function embedItem(table: string, depth: number): fc.Arbitrary<Piece[]> {
  const embeds = Object.entries(TABLES[table]?.embeds ?? { author: 'author' })
  return fc.constantFrom(...embeds).chain(([name, target]) =>
    inOrder(
      fc.oneof({ arbitrary: maybe(30, alias), weight: 4 }, { arbitrary: text('...'), weight: 1 }),
      fc.oneof(
        { arbitrary: fc.constant<Piece[]>([{ name }]), weight: 12 },
        { arbitrary: hostileName.map((wrong): Piece[] => [{ name: wrong }]), weight: 1 },
      ),
      maybe(
        8,
        fc.oneof(
          text('!book_author_id_fkey'),
          inOrder(
            text('!'),
            hostileName.map((hint): Piece[] => [{ name: hint }]),
          ),
        ),
      ),
      maybe(25, words('!inner', '!left')),
      text('('),
      selectList(target, depth - 1),
      text(')'),
    ),
  )
}

function selectList(table: string, depth: number): fc.Arbitrary<Piece[]> {
  const plain = [
    { arbitrary: text('*'), weight: 2 },
    { arbitrary: fieldItem(table), weight: 6 },
    { arbitrary: text('count()'), weight: depth === 2 ? 0 : 1 },
  ]
  const item =
    depth <= 0 ? fc.oneof(...plain) : fc.oneof(...plain, { arbitrary: embedItem(table, depth), weight: 3 })
  return listOf(item, 3)
}

const not = maybe(15, text('not.'))
const operator = (value: fc.Arbitrary<Piece[]>): fc.Arbitrary<Piece[]> =>
  fc.oneof(
    inOrder(
      not,
      words(
        'eq',
        'neq',
        'gt',
        'gte',
        'lt',
        'lte',
        'like',
        'ilike',
        'match',
        'imatch',
        'cs',
        'cd',
        'ov',
        'sl',
        'adj',
        'isdistinct',
      ),
      text('.'),
      value,
    ),
    inOrder(not, words('eq(any)', 'like(all)', 'ilike(any)', 'gt(all)', 'match(any)'), text('.'), value),
    inOrder(not, words('fts', 'plfts(english)', 'phfts(no_such $)', 'wfts(e)'), text('.'), value),
    inOrder(not, text('in.('), listOf(quotedValue, 3), text(')')),
    inOrder(not, words('is.null', 'is.not_null', 'is.true', 'is.unknown')),
  )

const filterField = (table: string) => inOrder(aName(columnsOf(table)), maybe(20, jsonPath))

function logic(table: string, depth: number): fc.Arbitrary<Piece[]> {
  const leaf = inOrder(filterField(table), text('.'), operator(quotedValue))
  if (depth <= 0) return leaf
  const group = inOrder(not, words('and(', 'or('), listOf(logic(table, depth - 1), 2), text(')'))
  return fc.oneof({ arbitrary: leaf, weight: 3 }, { arbitrary: group, weight: 1 })
}

const direction = inOrder(maybe(60, words('.asc', '.desc')), maybe(30, words('.nullsfirst', '.nullslast')))

export type Param = Written['params'][number]
export const param = (key: fc.Arbitrary<Piece[]>, value: fc.Arbitrary<Piece[]>): fc.Arbitrary<Param> =>
  fc.record({ key, value })

export function readParams(table: string): fc.Arbitrary<Param[]> {
  const embeds = Object.keys(TABLES[table]?.embeds ?? {})
  const path = maybe(4, inOrder(aName(embeds.length > 0 ? embeds : ['author']), text('.')))
  const filter = param(inOrder(path, filterField(table)), operator(plainValue))
  const tree = param(
    inOrder(path, maybe(20, text('not.')), words('and', 'or')),
    inOrder(text('('), listOf(logic(table, 2), 3), text(')')),
  )
  const orderTerm = fc.oneof(
    { arbitrary: inOrder(filterField(table), direction), weight: 5 },
    {
      arbitrary: inOrder(
        aName(embeds.length > 0 ? embeds : ['author']),
        text('('),
        aName(['id', 'name']),
        text(')'),
        direction,
      ),
      weight: 1,
    },
  )
  const order = param(inOrder(path, text('order')), listOf(orderTerm, 3))
  const page = param(
    inOrder(path, words('limit', 'offset')),
    words('3', '0', '1', '-1', '1e3', '99999999999999999999', '1;drop'),
  )
  return fc
    .tuple(
      fc.oneof(
        fc.constant<Param[]>([]),
        param(text('select'), selectList(table, 2)).map((each) => [each]),
      ),
      fc.array(
        fc.oneof(
          { arbitrary: filter, weight: 5 },
          { arbitrary: tree, weight: 2 },
          { arbitrary: order, weight: 2 },
          { arbitrary: page, weight: 1 },
        ),
        { maxLength: 3 },
      ),
    )
    .map(([select, rest]) => [...select, ...rest])
}
