/** What the catalogs of a project's database say of the schemas that were asked for: the answer to `catalogSql`. */

export type CatalogColumn = {
  number: number
  name: string
  /** Oid of its type. */
  type: number
  nullable: boolean
  /** May be left out of an insert: it has a default or is an identity. */
  optional: boolean
  /** Postgres alone writes it: generated, or an identity `always`. */
  computed: boolean
  /** Of a view: a write may name it. */
  writable: boolean
}

export type CatalogRelation = {
  oid: number
  schema: string
  name: string
  /** As in `pg_class`: `r`, `p` and `f` are tables here, `v` and `m` views. */
  kind: 'r' | 'p' | 'f' | 'v' | 'm'
  insertable: boolean
  updatable: boolean
  columns: CatalogColumn[]
  /** The stored query of a view. */
  tree: string | null
}

export type CatalogKey = {
  kind: 'p' | 'u' | 'f'
  name: string
  table: { oid: number; schema: string; name: string }
  columns: { number: number; name: string }[]
  toTable: { oid: number; schema: string; name: string } | null
  toColumns: { number: number; name: string }[] | null
}

export type CatalogType = {
  oid: number
  schema: string
  name: string
  /** Oid of what an array holds. */
  element: number | null
  /** Oid of what a domain is at its bottom. */
  base: number | null
  labels: string[]
  /** The relation whose rows it is; a composite type has one of its own. */
  relation: number | null
  /** Of a composite type. */
  attributes: { name: string; type: number }[]
}

export type CatalogArgument = {
  mode: 'i' | 'o' | 'b' | 'v' | 't'
  /** Empty for an unnamed one. */
  name: string
  type: number
  optional: boolean
}

export type CatalogFunction = {
  schema: string
  name: string
  arguments: CatalogArgument[]
  /** As Postgres prints them: what overloads are ordered by. */
  argumentsText: string
  returnsText: string
  returns: number
  /** The relation or composite type whose rows it returns. */
  returnsRelation: number | null
  set: boolean
  /** The planner's guess for a set. */
  rows: number | null
}

export type Catalog = {
  /** Those of the ones asked for that exist. */
  schemas: string[]
  relations: CatalogRelation[]
  keys: CatalogKey[]
  types: CatalogType[]
  functions: CatalogFunction[]
}
