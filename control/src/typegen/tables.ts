/** A table or view as `supabase-js` wants it: what is read, what may be written, where its keys lead. */
import type { CatalogColumn, CatalogRelation } from './catalog.ts'
import { type Callable, fieldLines, isFieldOf } from './functions.ts'
import { block, byName, key } from './layout.ts'
import { type Reference, referenceLines } from './relationships.ts'
import { sectionOf, type TypeTexts } from './type-text.ts'

export type Surroundings = {
  types: TypeTexts
  /** Of the same schema. */
  callables: readonly Callable[]
  references: ReadonlyMap<number, readonly Reference[]>
}

export function relationLines(relation: CatalogRelation, around: Surroundings): string[] {
  const { types, callables, references } = around
  const columns = relation.columns.toSorted(byName)
  const isView = sectionOf(relation) === 'Views'
  const write = (isUpdate: boolean) => (column: CatalogColumn) =>
    isView ? viewColumn(column, types) : tableColumn(column, isUpdate, types)
  const fields = callables.filter((callable) => isFieldOf(callable, relation, types))
  const keys = references.get(relation.oid) ?? []
  return block(`${key(relation.name)}: `, [
    ...block('Row: ', [
      ...columns.map(({ name, type, nullable }) => `${key(name)}: ${types.nullable(type, nullable)}`),
      ...fields.flatMap((field) => fieldLines(field, types)),
    ]),
    ...(!isView || relation.insertable ? block('Insert: ', columns.map(write(false))) : []),
    ...(!isView || relation.updatable ? block('Update: ', columns.map(write(true))) : []),
    ...(keys.length === 0
      ? ['Relationships: []']
      : ['Relationships: [', ...keys.flatMap(referenceLines).map((line) => `  ${line}`), ']']),
  ])
}

function tableColumn(column: CatalogColumn, isUpdate: boolean, types: TypeTexts): string {
  const { name, type, nullable, optional, computed } = column
  if (computed) return `${key(name)}?: never`
  return `${key(name)}${isUpdate || nullable || optional ? '?' : ''}: ${types.nullable(type, nullable)}`
}

/** What its tables demand a view does not tell. */
const viewColumn = ({ name, type, writable }: CatalogColumn, types: TypeTexts): string =>
  `${key(name)}?: ${writable ? types.nullable(type, true) : 'never'}`
