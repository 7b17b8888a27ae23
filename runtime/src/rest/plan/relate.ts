/** Finds the relationship an embed means; says what could have been meant where there is none, or several. */
import { RestError } from '../errors.ts'
import { suggest, suggestions } from '../schema/suggest.ts'
import type { Name, Relationship, SchemaCache } from '../schema/types.ts'

type Asked = { origin: Name; target: string; hint: string | null }
type Keyed = Extract<Relationship, { constraint: string }>

const isKeyed = (each: Relationship): each is Keyed => 'constraint' in each
const single = (each: Relationship, side: 0 | 1): string | undefined =>
  isKeyed(each) && each.ties.length === 1 ? each.ties[0]?.[side] : undefined

function matches(each: Relationship, { target, hint }: Asked): boolean {
  if (each.kind === 'computed') return target === each.function.name
  if (each.self) return matchesSelf(each, target, hint)
  if (hint === null) {
    if (target === each.to.name) return true
    return isKeyed(each) && !each.toView && (target === each.constraint || target === single(each, 0))
  }
  if (target !== each.to.name) return false
  if (!isKeyed(each)) return hint === (each as { junction: Name }).junction.name
  return hint === each.constraint || hint === single(each, 0) || hint === single(each, 1)
}

/**
 * One key of a table to itself is two relationships: the table's name means the many, the column's name the
 * one.
 */
function matchesSelf(each: Relationship, target: string, hint: string | null): boolean {
  const toMany = each.kind === 'one-to-many' && target === each.to.name
  if (hint !== null) return toMany && single(each, 1) === hint
  return toMany || (each.kind === 'many-to-one' && single(each, 0) === target)
}

export function findRelationship(cache: SchemaCache, asked: Asked): Relationship {
  const { origin } = asked
  const candidates = cache.relationshipsFrom(origin).filter((each) => {
    const schema = each.kind === 'computed' ? each.function.schema : each.to.schema
    return schema === origin.schema
  })
  const found = candidates.filter((each) => matches(each, asked))
  const [first, second] = found
  if (first === undefined) throw noRelationship(cache, asked, candidates)
  if (second !== undefined) throw ambiguous(asked, found)
  return first
}

function noRelationship(cache: SchemaCache, asked: Asked, candidates: readonly Relationship[]): RestError {
  const { origin, target, hint } = asked
  const using = hint === null ? '' : `' using the hint '${hint}`
  return new RestError({
    code: 'PGRST200',
    status: 400,
    message: `Could not find a relationship between '${origin.name}' and '${target}' in the schema cache`,
    details:
      `Searched for a foreign key relationship between '${origin.name}' and '${target}${using}' ` +
      `in the schema '${origin.schema}', but no matches were found.`,
    hint: perhaps(cache, asked, candidates),
  })
}

function perhaps(cache: SchemaCache, { origin, target }: Asked, candidates: readonly Relationship[]) {
  if (candidates.length > 0) {
    const children = [...new Set(candidates.map(({ to }) => to.name))]
    const near = suggestions(children, target, 0.33).find(({ score }) => score < 1)
    return near ? `Perhaps you meant '${near.name}' instead of '${target}'.` : null
  }
  const parent = suggest(cache.origins(origin.schema), origin.name, 0.33)
  return parent === null ? null : `Perhaps you meant '${parent}' instead of '${origin.name}'.`
}

const list = (names: readonly string[]): string => `(${names.join(', ')})`

function describe(each: Relationship) {
  if (each.kind === 'computed') return {}
  const embedding = `${each.from.name} with ${each.to.name}`
  if (each.kind === 'many-to-many') {
    const near = list(each.fromTies.map(([, column]) => column))
    const far = list(each.toTies.map(([, column]) => column))
    const { fromConstraint, toConstraint } = each
    const relationship = `${each.junction.name} using ${fromConstraint}${near} and ${toConstraint}${far}`
    return { cardinality: each.kind, relationship, embedding }
  }
  const near = `${each.from.name}${list(each.ties.map(([column]) => column))}`
  const far = `${each.to.name}${list(each.ties.map(([, column]) => column))}`
  return {
    cardinality: each.kind,
    relationship: `${each.constraint} using ${near} and ${far}`,
    embedding,
  }
}

function ambiguous({ origin, target }: Asked, found: readonly Relationship[]): RestError {
  const hints = found.map((each) => {
    if (each.kind === 'computed') return ''
    return `'${each.to.name}!${each.kind === 'many-to-many' ? each.junction.name : each.constraint}'`
  })
  return new RestError({
    code: 'PGRST201',
    status: 300,
    message:
      'Could not embed because more than one relationship was found for ' +
      `'${origin.name}' and '${target}'`,
    details: found.map(describe),
    hint:
      `Try changing '${target}' to one of the following: ${hints.join(', ')}. ` +
      `Find the desired relationship in the 'details' key.`,
  })
}

export const isToOne = (each: Relationship): boolean =>
  each.kind === 'computed' ? each.toOne : each.kind === 'many-to-one' || each.kind === 'one-to-one'
