/** Hangs filters, orders and pages on the node of the embed tree they speak of. */
import { NotEmbedded } from '../errors.ts'
import type { EmbedItem, FieldItem, Logic, OrderTerm, Page, Query, SelectItem } from '../request/types.ts'

export type RawNode = {
  /** Null at the root. */
  item: EmbedItem | null
  fields: FieldItem[]
  where: Logic[]
  orders: OrderTerm[]
  page: Page | null
  children: RawNode[]
}

const node = (item: EmbedItem | null, select: readonly SelectItem[]): RawNode => ({
  item,
  fields: select.filter((each) => each.kind === 'field'),
  where: [],
  orders: [],
  page: null,
  children: select.flatMap((each) => (each.kind === 'embed' ? [node(each, each.select)] : [])),
})

function nodeAt(root: RawNode, path: readonly string[]): RawNode {
  let at = root
  for (const name of path) {
    const child = at.children.find(({ item }) => item?.name === name || item?.alias === name)
    if (child === undefined) throw NotEmbedded(name)
    at = child
  }
  return at
}

/**
 * @param only `all` for what reads; `shown` for a mutation: its own filters choose the rows it writes, and what
 * comes back is not cut into pages.
 */
export function buildTree(query: Query, only: 'all' | 'shown'): RawNode {
  const root = node(null, query.select)
  for (const { path, what } of query.filters) {
    if (only === 'all' || path.length > 0) nodeAt(root, path).where.push(what)
  }
  for (const { path, what } of query.orders) nodeAt(root, path).orders = what
  if (only === 'all') {
    for (const page of query.pages) nodeAt(root, page.path).page = page
  }
  for (const { path, what } of query.logic) {
    if (only === 'all' || path.length > 0) nodeAt(root, path).where.push(what)
  }
  return root
}
