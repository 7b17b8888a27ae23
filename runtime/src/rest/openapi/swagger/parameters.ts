/** Parameters that operations share, by the names PostgREST gives them. */
import type { DescribedTable } from '../description.ts'

/** `~` and `/` mean something in a JSON pointer (RFC 6901), and a name may have them. */
const pointer = (name: string): string => name.replaceAll('~', '~0').replaceAll('/', '~1')

export const parameterRef = (name: string) => ({ $ref: `#/parameters/${pointer(name)}` })
export const definitionRef = (name: string) => ({ $ref: `#/definitions/${pointer(name)}` })

export const bodyName = (table: string): string => `body.${table}`
export const filterName = (table: string, column: string): string => `rowFilter.${table}.${column}`

const optional = (place: 'query' | 'header', name: string, description: string) => ({
  name,
  description,
  required: false,
  in: place,
  type: 'string',
})

const RETURN = ['return=representation', 'return=minimal', 'return=none']
const RESOLUTION = ['resolution=ignore-duplicates', 'resolution=merge-duplicates']

const prefer = (values: readonly string[]) => ({
  ...optional('header', 'Prefer', 'Preference'),
  // A list without a value in it would be no valid `enum`.
  ...(values.length === 0 ? {} : { enum: values }),
})

const SHARED: Readonly<Record<string, object>> = {
  preferParams: prefer([]),
  preferReturn: prefer(RETURN),
  preferCount: prefer(['count=none']),
  preferPost: prefer([...RETURN, ...RESOLUTION]),
  select: optional('query', 'select', 'Filtering Columns'),
  on_conflict: optional('query', 'on_conflict', 'On Conflict'),
  order: optional('query', 'order', 'Ordering'),
  range: optional('header', 'Range', 'Limiting and Pagination'),
  rangeUnit: { ...optional('header', 'Range-Unit', 'Limiting and Pagination'), default: 'items' },
  offset: optional('query', 'offset', 'Limiting and Pagination'),
  limit: optional('query', 'limit', 'Limiting and Pagination'),
}

export const parametersOf = (tables: readonly DescribedTable[]): Record<string, object> => ({
  ...SHARED,
  ...Object.fromEntries(tables.flatMap(ofTable)),
})

function ofTable({ name, columns }: DescribedTable): [string, object][] {
  const body = { name, description: name, required: false, in: 'body', schema: definitionRef(name) }
  const filters = columns.map((column): [string, object] => [
    filterName(name, column.name),
    {
      name: column.name,
      ...(column.comment === null ? {} : { description: column.comment }),
      required: false,
      in: 'query',
      type: 'string',
    },
  ])
  return [[bodyName(name), body], ...filters]
}
