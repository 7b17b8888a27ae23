/** Conditions and values by chance, for the kind of each column. */
import type { Chance } from '../../harness/seeded.ts'
import type { Condition, Filter, Item } from './case.ts'
import { type Kind, kindOf, tableOf } from './tables.ts'
import { TEXTS } from './world.ts'

export function conditions(chance: Chance, table: string, items: readonly Item[]): Condition[] {
  const found: Condition[] = []
  for (let more = chance.pick([0, 0, 1, 1, 2]); more > 0; more--) found.push(conditionOf(chance, table, 2))
  const embed = items.find((item) => item.is === 'embed' && !item.spread)
  if (
    embed?.is === 'embed' &&
    embed.node.limit === null &&
    embed.node.items.some((item) => item.is !== 'aggregate') &&
    chance.happens(0.15)
  ) {
    found.push({ is: 'embedded', relation: embed.alias ?? embed.relation.name, not: chance.happens(0.5) })
  }
  return found
}

function conditionOf(chance: Chance, table: string, depth: number): Condition {
  if (depth > 0 && chance.happens(0.25)) {
    const parts = Array.from({ length: 1 + chance.below(3) }, () => conditionOf(chance, table, depth - 1))
    return { is: chance.pick(['all', 'any'] as const), not: chance.happens(0.25), parts }
  }
  const column = chance.pick(Object.keys(tableOf(table).columns))
  return { is: 'filter', column, not: chance.happens(0.2), ...operationOf(chance, kindOf(table, column)) }
}

function operationOf(chance: Chance, kind: Kind): Omit<Filter, 'column' | 'not'> {
  const plain = (operator: string, ...values: string[]) => ({ path: [], operator, quantifier: null, values })
  if (chance.happens(0.1)) return plain('is', chance.pick(['null', 'not_null']))
  switch (kind) {
    case 'bool':
      return chance.happens(0.5)
        ? plain('is', chance.pick(['true', 'false', 'unknown']))
        : plain('eq', chance.pick(['true', 'f', 'off']))
    case 'tags':
      return plain(
        chance.pick(['cs', 'cd', 'ov', 'eq']),
        chance.pick(['{new}', '{new,x}', '{}', '{"b b",y}']),
      )
    case 'json':
      return chance.happens(0.5)
        ? plain('cs', chance.pick(['{"color":"red"}', '{"dims":[1]}', '{}']))
        : {
            ...plain('eq', chance.pick(['red', '1', '2'])),
            path: chance.pick([['->>color'], ['->dims', '->>0']]),
          }
    case 'text':
      return textOperation(chance, plain)
    default: {
      const value = () => someValue(chance, kind)
      if (chance.happens(0.02)) return plain('eq', "x'; drop")
      if (chance.happens(0.2)) return plain('in', ...Array.from({ length: chance.below(4) }, value))
      if (chance.happens(0.1))
        return {
          ...plain(chance.pick(['eq', 'gt', 'lte']), `{${value()},${value()}}`),
          quantifier: chance.pick(['any', 'all'] as const),
        }
      return plain(chance.pick(['eq', 'neq', 'gt', 'gte', 'lt', 'lte', 'isdistinct']), value())
    }
  }
}

function textOperation(
  chance: Chance,
  plain: (operator: string, ...values: string[]) => Omit<Filter, 'column' | 'not'>,
): Omit<Filter, 'column' | 'not'> {
  const what = chance.next()
  if (what < 0.35) return plain(chance.pick(['eq', 'neq', 'gt', 'isdistinct']), chance.pick(TEXTS))
  if (what < 0.5) return plain('in', ...Array.from({ length: chance.below(4) }, () => chance.pick(TEXTS)))
  if (what < 0.7)
    return plain(chance.pick(['like', 'ilike']), chance.pick(['*a*', 'A%', '_o%', '*"*', '%,%', '*']))
  if (what < 0.8) return plain(chance.pick(['match', 'imatch']), chance.pick(['^a', 'o+', '[xyz]', '\\(']))
  if (what < 0.87) return { ...plain('like', '{*a*,%o%}'), quantifier: chance.pick(['any', 'all'] as const) }
  return plain(
    `${chance.pick(['fts', 'plfts', 'phfts', 'wfts'])}${chance.pick(['', ' english', ' simple'])}`,
    chance.pick(['fox', 'dog', 'foxes', 'quick']),
  )
}

export function someValue(chance: Chance, kind: Kind): string {
  switch (kind) {
    case 'int':
      return String(chance.below(chance.happens(0.5) ? 6 : 60))
    case 'numeric':
      return (chance.below(4000) / 100).toFixed(chance.below(3))
    case 'date':
      return `19${50 + chance.below(50)}-05-05`
    case 'time':
      return `2030-0${1 + chance.below(9)}-01T12:00:00+02:00`
    default:
      return chance.pick(TEXTS)
  }
}
