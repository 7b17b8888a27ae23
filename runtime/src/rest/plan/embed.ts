/** Plans one embed: the relationship it means, how its rows tie to the parent's, and what rises from a spread. */

import { NotImplemented } from '../errors.ts'
import type { Relationship } from '../schema/types.ts'
import { findRelationship, isToOne } from './relate.ts'
import type { RawNode } from './tree.ts'
import type { Embed, NodePlace, ReadContext, ReadNode, Source, SpreadField, Tie } from './types.ts'

const ALIAS_BYTES_MAX = 56

/** An alias that Postgres will not cut, and that no alias in `taken` equals. */
function aliasFor(base: string, taken: ReadonlySet<string>): string {
  // No letter is less than a byte, and none is cut in two.
  const letters = [...base.slice(0, ALIAS_BYTES_MAX)]
  while (Buffer.byteLength(letters.join('')) > ALIAS_BYTES_MAX) letters.pop()
  let alias = letters.join('').toWellFormed()
  while (taken.has(alias)) alias += '_'
  return alias
}

type EmbedRequest = {
  context: ReadContext
  raw: RawNode
  parent: NodePlace
  siblings: readonly Embed[]
  /** Plans the embed's own node, and so the embeds in it. */
  planChild: (raw: RawNode, place: NodePlace) => ReadNode
}

export function planEmbed({ context, raw, parent, siblings, planChild }: EmbedRequest): Embed {
  const { name = '', alias = null, hint = null, join = null, spread = false } = raw.item ?? {}
  const origin = { schema: context.schema, name: parent.table.name }
  const relationship = findRelationship(context.cache, { origin, target: name, hint })
  const depth = parent.depth + 1
  const toOne = isToOne(relationship)
  const own = aliasFor(`${relationship.to.name}_${depth}`, parent.aliases)
  const aliases = new Set([...parent.aliases, own])
  const junctionAlias =
    relationship.kind === 'many-to-many' ? aliasFor(`${relationship.junction.name}_${depth}`, aliases) : ''
  aliases.add(junctionAlias)
  const node = planChild(raw, {
    source: sourceOf(relationship, parent.alias, junctionAlias),
    table: relationship.to,
    alias: own,
    depth,
    aliases,
    grouped: parent.grouped,
    named: spread && !toOne,
  })
  const rising = spread ? spreadFields(node) : null
  if (!toOne && rising?.some(({ aggregate }) => aggregate !== null)) {
    throw NotImplemented('Aggregates are not implemented for one-to-many or many-to-many spreads.')
  }
  const key = alias ?? name
  const taken = new Set([...siblings.map((each) => each.join), ...parent.aliases])
  return {
    node: spread ? withoutAggregates(node) : node,
    key,
    join: aliasFor(`${parent.table.name}_${key}_${depth}`, taken),
    toOne,
    inner: join === 'inner',
    spread: rising,
    hidden: !spread && isHollow(node),
    ties: tiesOf(relationship, { parent: parent.alias, own, junction: junctionAlias }),
    needs: neededOf(relationship),
  }
}

function sourceOf(relationship: Relationship, parent: string, junctionAlias: string): Source {
  if (relationship.kind === 'computed') {
    return { kind: 'computed', function: relationship.function, of: relationship.from, parent }
  }
  if (relationship.kind === 'many-to-many') {
    return { kind: 'joined', name: relationship.to, junction: relationship.junction, junctionAlias }
  }
  return { kind: 'table', name: relationship.to }
}

function tiesOf(relationship: Relationship, alias: { parent: string; own: string; junction: string }): Tie[] {
  const tie = (near: string, far: string) => (pair: [string, string]) => ({
    near: [near, pair[0]] as [string, string],
    far: [far, pair[1]] as [string, string],
  })
  if (relationship.kind === 'computed') return []
  if (relationship.kind === 'many-to-many') {
    return [
      ...relationship.toTies.map(tie(alias.own, alias.junction)),
      ...relationship.fromTies.map(tie(alias.parent, alias.junction)),
    ]
  }
  return relationship.ties.map(tie(alias.parent, alias.own))
}

function neededOf(relationship: Relationship): string[] | null {
  if (relationship.kind === 'computed') return null
  const ties = relationship.kind === 'many-to-many' ? relationship.fromTies : relationship.ties
  return ties.map(([near]) => near)
}

/** Selects nothing, at any depth: `clients()`. */
const isHollow = (node: ReadNode): boolean =>
  node.select.length === 0 && node.embeds.every(({ node: deeper }) => isHollow(deeper))

/** What rises out of a spread node, by the names its row has. */
function spreadFields(node: ReadNode): SpreadField[] {
  const own = node.select.map(
    ({ field, alias, aggregate, aggregateCast }): SpreadField => ({
      name: alias ?? (aggregate !== null && field.column === '*' ? 'count' : field.column),
      aggregate,
      aggregateCast,
      alias: aggregate === null ? null : alias,
    }),
  )
  const risen = node.embeds.flatMap(({ spread, hidden, key }): SpreadField[] => {
    if (spread !== null) return spread.map((field) => ({ ...field, name: field.alias ?? field.name }))
    return hidden ? [] : [{ name: key, aggregate: null, aggregateCast: null, alias: null }]
  })
  return [...own, ...risen]
}

/** Aggregates of a spread are computed where they land: here the plain columns are handed up. */
function withoutAggregates(node: ReadNode): ReadNode {
  return {
    ...node,
    select: node.select.map((column) => {
      if (column.aggregate === null) return column
      const field = column.field.column === '*' ? { ...column.field, row: true } : column.field
      const alias = column.alias ?? (field.row ? 'count' : null)
      return { ...column, field, alias, aggregate: null, aggregateCast: null }
    }),
    embeds: node.embeds.map((embed) =>
      embed.spread === null
        ? embed
        : {
            ...embed,
            spread: embed.spread.map((field) => ({ ...field, aggregate: null, aggregateCast: null })),
          },
    ),
  }
}
