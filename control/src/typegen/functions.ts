/**
 * The functions that PostgREST can call, as `supabase-js` types `rpc` and computed fields by them. A function whose
 * overloads PostgREST could not tell apart has an error for its result, so that the compiler says it first.
 */
import type { Catalog, CatalogArgument, CatalogFunction, CatalogRelation } from './catalog.ts'
import { block, byName, byText, indent, key, quote } from './layout.ts'
import { orNull, type TypeTexts } from './type-text.ts'

export type Callable = CatalogFunction & { inputs: CatalogArgument[] }

const INPUT = new Set(['i', 'b', 'v'])
/** Types that a whole request body may be given as: json, text, jsonb. */
const WHOLE_BODY = new Set([114, 25, 3802])

/** In order of name, then of signature. */
export function callablesOf(catalog: Catalog, schema: string, types: TypeTexts): Callable[] {
  return catalog.functions
    .filter((each) => each.schema === schema)
    .map((each) => {
      const named = each.arguments.toSorted(byName)
      return { ...each, arguments: named, inputs: named.filter(({ mode }) => INPUT.has(mode)) }
    })
    .filter(({ inputs }) => canBeCalled(inputs, types))
    .sort(
      (a, b) =>
        byName(a, b) || byText(a.argumentsText, b.argumentsText) || byText(a.returnsText, b.returnsText),
    )
}

/** By names; or with one unnamed argument that is the body, or the row that it is a field of. */
function canBeCalled(inputs: readonly CatalogArgument[], types: TypeTexts): boolean {
  const unnamed = inputs.filter(({ name }) => name === '')
  if (unnamed.every(({ type, optional }) => optional && WHOLE_BODY.has(type))) return true
  const [only] = inputs
  return inputs.length === 1 && only !== undefined && (WHOLE_BODY.has(only.type) || isRow(only.type, types))
}

const isRow = (oid: number, types: TypeTexts): boolean => {
  const type = types.find(oid)
  return type !== undefined && type.relation !== null && type.base === null
}

/** A function of one row of the relation reads like a column of it. */
export const isFieldOf = ({ inputs }: Callable, relation: CatalogRelation, types: TypeTexts): boolean =>
  inputs.length === 1 && inputs.some(({ type }) => types.find(type)?.relation === relation.oid)

export function fieldLines(callable: Callable, types: TypeTexts): string[] {
  const [first = '', ...more] = returnLines(callable, types)
  const lines = [`${key(callable.name)}: ${first}`, ...more]
  return [...lines.slice(0, -1), orNull(lines.at(-1) ?? '', true)]
}

/** What one call gives, before it is said whether there are many. */
function returnLines(callable: Callable, types: TypeTexts): string[] {
  const table = callable.arguments.filter(({ mode }) => mode === 't')
  if (table.length > 0)
    return block(
      '',
      table.map(({ name, type }) => `${key(name)}: ${types.of(type)}`),
    )
  const relation = types.relation(callable.returnsRelation)
  if (relation === undefined || relation.schema !== callable.schema) return [types.of(callable.returns)]
  const columns = relation.columns.toSorted(byName)
  return block(
    '',
    columns.map(({ name, type, nullable }) => `${key(name)}: ${types.nullable(type, nullable)}`),
  )
}

export function functionLines(callables: readonly Callable[], types: TypeTexts): string[] {
  const byNames = Map.groupBy(callables, ({ name }) => name)
  return [...byNames].flatMap(([name, overloads]) => {
    const signatures = overloads.map((each) => signature(each, overloads, types))
    const [only] = signatures
    if (signatures.length === 1 && only !== undefined)
      return [`${key(name)}: ${only[0] ?? ''}`, ...only.slice(1)]
    return [
      `${key(name)}:`,
      ...signatures.flatMap((lines) => indent([`| ${lines[0] ?? ''}`, ...indent(lines.slice(1))])),
    ]
  })
}

function signature(callable: Callable, overloads: readonly Callable[], types: TypeTexts): string[] {
  const given = callable.inputs.map(
    ({ name, type, optional }) =>
      `${name === '' ? '""' : key(name)}${optional ? '?' : ''}: ${types.of(type)}`,
  )
  const takes = given.length === 0 ? 'Record<PropertyKey, never>' : `{ ${given.join('; ')} }`
  const target = targetOf(callable, types)
  const refusal = conflictOf(callable, overloads, types) ?? strandedOf(callable, target)
  const many = callable.set && (target === undefined || manyRows(callable)) ? '[]' : ''
  const gives = refusal === undefined ? returnLines(callable, types) : [`{ error: true } & ${quote(refusal)}`]
  const [first = '', ...more] = gives.map((line, at) => (at === gives.length - 1 ? `${line}${many}` : line))
  return block('', [
    `Args: ${takes}`,
    `Returns: ${first}`,
    ...more,
    ...(target === undefined ? [] : setofLines(callable, target, types)),
  ])
}

/** Where no guess is set Postgres assumes 1,000 rows. */
const manyRows = ({ rows }: Callable): boolean => rows !== null && rows > 1

/** The relation or composite type whose rows it returns. */
const targetOf = ({ returnsRelation, returns }: Callable, types: TypeTexts): string | undefined =>
  returnsRelation === null ? undefined : (types.relation(returnsRelation) ?? types.find(returns))?.name

/** Lets `rpc().select()` and embeds of a computed relationship find the type of their rows. */
function setofLines(callable: Callable, target: string, types: TypeTexts): string[] {
  const [only] = callable.arguments
  const from =
    callable.arguments.length === 1 && only !== undefined && isRow(only.type, types)
      ? types.find(only.type)?.name
      : undefined
  const one = from !== undefined && !callable.set ? true : !manyRows(callable)
  return block('SetofOptions: ', [
    `from: ${quote(from ?? '*')}`,
    `to: ${quote(target)}`,
    `isOneToOne: ${one}`,
    `isSetofReturn: ${callable.set}`,
  ])
}

/** What PostgREST would answer to a call by name of a function that wants a row and gives none. */
function strandedOf({ schema, name, inputs }: Callable, target: string | undefined): string | undefined {
  const [only] = inputs
  if (inputs.length !== 1 || only?.name !== '' || target !== undefined || WHOLE_BODY.has(only.type))
    return undefined
  return `the function ${schema}.${name} with parameter or with a single unnamed json/jsonb parameter, but no matches were found in the schema cache`
}

function conflictOf(
  callable: Callable,
  overloads: readonly Callable[],
  types: TypeTexts,
): string | undefined {
  const others = overloads.filter((other) => other !== callable)
  const called = `${callable.schema}.${callable.name}`
  const [only, ...more] = callable.inputs
  if (only === undefined) {
    const rival = others.find(({ inputs: [sole, second] }) => sole?.name === '' && sole.optional && !second)
    return rival && ambiguous([`${called}()`, `${called}( => ${nameOf(rival.returns, types)})`])
  }
  if (more.length > 0 || only.name === '') return undefined
  const rivals = others.filter(
    ({ inputs: [sole, second] }) => sole?.name === only.name && !second && sole.type !== only.type,
  )
  if (rivals.length === 0) return undefined
  const written = [callable, ...rivals]
    .flatMap(({ inputs }) => inputs)
    .sort((a, b) => a.type - b.type)
    .map(({ name, type }) => `${called}(${name} => ${nameOf(type, types)})`)
  return ambiguous(written)
}

const nameOf = (oid: number, types: TypeTexts): string => types.find(oid)?.name ?? 'unknown'

const ambiguous = (candidates: readonly string[]): string =>
  `Could not choose the best candidate function between: ${candidates.join(', ')}. Try renaming the parameters or the function itself in the database so function overloading can be resolved`
