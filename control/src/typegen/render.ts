/**
 * A project's catalogs as TypeScript, in the form that `createClient<Database>()` of supabase-js takes.
 *
 * Pure: what is written depends on the catalogs alone, in an order of names, so that a file of types changes only
 * where the schema did.
 */
import { POSTGREST_VERSION } from '@cascata/shared/version'
import type { Catalog } from './catalog.ts'
import { callablesOf, functionLines } from './functions.ts'
import { block, byName, byText, key, orNone, quote } from './layout.ts'
import { type Reference, referencesOf } from './relationships.ts'
import { shorthands } from './shorthands.ts'
import { relationLines } from './tables.ts'
import { sectionOf, TypeTexts } from './type-text.ts'

const JSON_TYPE =
  'export type Json = string | number | boolean | null | { [key: string]: Json | undefined } | Json[]'
const DEFAULT_SCHEMA = 'public'

export function renderTypes(catalog: Catalog): string {
  const types = new TypeTexts(catalog)
  const references = referencesOf(catalog)
  const schemas = catalog.schemas.toSorted(byText)
  const database = block('export type Database = ', [
    '// What the API speaks: createClient<Database>() chooses its own types by it.',
    ...block('__InternalSupabase: ', [`PostgrestVersion: ${quote(POSTGREST_VERSION)}`]),
    ...schemas.flatMap((schema) => schemaLines(catalog, schema, { types, references })),
  ])
  const constants = block(
    'export const Constants = ',
    schemas.flatMap((schema) =>
      block(
        `${key(schema)}: `,
        block(
          'Enums: ',
          enumsOf(catalog, schema).map(
            ({ name, labels }) => `${key(name)}: [${labels.map(quote).join(', ')}],`,
          ),
          ',',
        ),
        ',',
      ),
    ),
    ' as const',
  )
  const main = schemas.includes(DEFAULT_SCHEMA) ? DEFAULT_SCHEMA : (schemas[0] ?? DEFAULT_SCHEMA)
  return `${[JSON_TYPE, '', ...database].join('\n')}\n${shorthands(main)}\n${constants.join('\n')}\n`
}

const enumsOf = ({ types }: Catalog, schema: string) =>
  types.filter((type) => type.schema === schema && type.labels.length > 0).sort(byName)

type Known = { types: TypeTexts; references: ReadonlyMap<number, readonly Reference[]> }

function schemaLines(catalog: Catalog, schema: string, { types, references }: Known): string[] {
  const callables = callablesOf(catalog, schema, types)
  const relations = catalog.relations.filter((relation) => relation.schema === schema).sort(byName)
  const around = { types, callables, references }
  const section = (name: string, lines: readonly string[]) => block(`${name}: `, orNone(lines))
  const relationsIn = (name: 'Tables' | 'Views') =>
    relations.filter((each) => sectionOf(each) === name).flatMap((each) => relationLines(each, around))
  return block(`${key(schema)}: `, [
    ...section('Tables', relationsIn('Tables')),
    ...section('Views', relationsIn('Views')),
    ...section('Functions', functionLines(callables, types)),
    ...section(
      'Enums',
      enumsOf(catalog, schema).map(({ name, labels }) => `${key(name)}: ${labels.map(quote).join(' | ')}`),
    ),
    ...section('CompositeTypes', compositeLines(catalog, schema, types)),
  ])
}

function compositeLines(catalog: Catalog, schema: string, types: TypeTexts): string[] {
  return catalog.types
    .filter((type) => type.schema === schema && type.attributes.length > 0)
    .sort(byName)
    .flatMap(({ name, attributes }) =>
      block(
        `${key(name)}: `,
        attributes.map((each) => `${key(each.name)}: ${types.nullable(each.type, true)}`),
      ),
    )
}
