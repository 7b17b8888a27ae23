/** A case as a client would write it. */
import type { RestRequestInput } from '@cascata/runtime/rest/contract'
import type { Asked, Condition, Filter, Item, Node, Order } from './case.ts'

const quoted = (text: string): string => `"${text.replace(/[\\"]/g, '\\$&')}"`
const field = ({ column, path }: Pick<Filter, 'column' | 'path'>): string => column + path.join('')

function operation({ operator, quantifier, not, values }: Filter, inTree: boolean): string {
  const [first = ''] = values
  const value =
    operator === 'in'
      ? `(${values.map(quoted).join(',')})`
      : operator === 'is' || !inTree
        ? first
        : quoted(first)
  const [name, ...language] = operator.split(' ')
  const words = `${name}${language.map((each) => `(${each})`).join('')}${quantifier === null ? '' : `(${quantifier})`}`
  return `${not ? 'not.' : ''}${words}.${value}`
}

function treeText(condition: Condition): string {
  if (condition.is === 'filter') return `${field(condition)}.${operation(condition, true)}`
  if (condition.is === 'embedded') return `${condition.relation}.${condition.not ? 'not.is' : 'is'}.null`
  return `${condition.not ? 'not.' : ''}${condition.is === 'all' ? 'and' : 'or'}(${condition.parts.map(treeText).join(',')})`
}

const orderText = ({ relation, column, direction, nulls }: Order): string =>
  [relation === null ? column : `${relation}(${column})`, direction, nulls === null ? null : `nulls${nulls}`]
    .filter((each) => each !== null)
    .join('.')

function itemText(item: Item): string {
  switch (item.is) {
    case 'star':
      return '*'
    case 'column':
      return `${item.alias === null ? '' : `${item.alias}:`}${field(item)}${item.cast === null ? '' : `::${item.cast}`}`
    case 'aggregate': {
      const call = item.column === null ? 'count()' : `${item.column}.${item.name}()`
      return `${item.alias === null ? '' : `${item.alias}:`}${call}${item.cast === null ? '' : `::${item.cast}`}`
    }
    case 'embed': {
      const { relation, alias, join, spread, node } = item
      const name = `${spread ? '...' : alias === null ? '' : `${alias}:`}${relation.name}${join === null ? '' : `!${join}`}`
      return `${name}(${node.items.map(itemText).join(',')})`
    }
  }
}

type Params = [string, string][]

/** What is said of a node, under the names of the embeds that lead to it. */
function nodeParams(node: Node, path: string): Params {
  const params: Params = []
  for (const condition of node.where) {
    if (condition.is === 'filter') params.push([path + field(condition), operation(condition, false)])
    else if (condition.is === 'embedded')
      params.push([path + condition.relation, condition.not ? 'not.is.null' : 'is.null'])
    else
      params.push([
        `${path}${condition.not ? 'not.' : ''}${condition.is === 'all' ? 'and' : 'or'}`,
        `(${condition.parts.map(treeText).join(',')})`,
      ])
  }
  if (node.order.length > 0) params.push([`${path}order`, node.order.map(orderText).join(',')])
  if (node.limit !== null) params.push([`${path}limit`, String(node.limit)])
  if (node.offset !== null) params.push([`${path}offset`, String(node.offset)])
  for (const item of node.items) {
    if (item.is === 'embed')
      params.push(...nodeParams(item.node, `${path}${item.alias ?? item.relation.name}.`))
  }
  return params
}

const allParams = (node: Node): Params => [
  ['select', node.items.map(itemText).join(',')],
  ...nodeParams(node, ''),
]

export function requestOf(asked: Asked): RestRequestInput {
  const prefer: string[] = []
  const headers: Record<string, string> = { 'content-type': 'application/json' }
  const { node } = asked
  let params = allParams(node)
  let path = `/${node.table}`
  let method = 'GET'
  let body: unknown
  if ('count' in asked && asked.count) prefer.push('count=exact')
  if ('shown' in asked) prefer.push(asked.shown ? 'return=representation' : 'return=minimal')
  if ('one' in asked && asked.one) headers.accept = 'application/vnd.pgrst.object+json'
  if ('affectedMax' in asked && asked.affectedMax !== null)
    prefer.push('handling=strict', `max-affected=${asked.affectedMax}`)
  switch (asked.do) {
    case 'read':
      break
    case 'insert':
      method = 'POST'
      body = asked.object ? asked.rows[0] : asked.rows
      if (asked.named) params.push(['columns', asked.columns.join(',')])
      if (asked.defaults) prefer.push('missing=default')
      if (asked.conflict !== null) {
        prefer.push(`resolution=${asked.conflict.action}-duplicates`)
        if (asked.conflict.on !== null) params.push(['on_conflict', asked.conflict.on.join(',')])
      }
      break
    case 'update':
      method = 'PATCH'
      body = asked.row
      break
    case 'delete':
      method = 'DELETE'
      break
    case 'call':
      path = `/rpc/${asked.name}`
      if (asked.returns === 'scalar' || asked.returns === 'nothing') params = []
      if (asked.get) params.push(...asked.args)
      else {
        method = 'POST'
        body = Object.fromEntries(asked.args)
      }
  }
  if (prefer.length > 0) headers.prefer = prefer.join(', ')
  const query = params
    .map(([key, value]) => `${encodeURIComponent(key)}=${encodeURIComponent(value)}`)
    .join('&')
  return { method, path, query, headers, body: body === undefined ? null : Buffer.from(JSON.stringify(body)) }
}
