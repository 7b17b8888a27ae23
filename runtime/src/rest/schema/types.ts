/** What the schema cache knows. Names in it come from Postgres' catalogs, and only from there. */

export type Name = { schema: string; name: string }

export type Column = {
  name: string
  /** As `format_type` writes it, qualified: ready for SQL text. */
  type: string
  /** What the type is at the bottom of its domains. */
  base: string
  nullable: boolean
  /** SQL expression, or null. */
  default: string | null
}

export type Table = Name & {
  view: boolean
  insertable: boolean
  updatable: boolean
  deletable: boolean
  /** Code of the project's may run when it is written: triggers, rules, or those of what stands behind it. */
  triggers: boolean
  primaryKey: string[]
  columns: ReadonlyMap<string, Column>
}

/** Pairs of columns that tie: here, and there. */
export type Ties = [near: string, far: string][]

export type Relationship =
  | {
      kind: 'many-to-one' | 'one-to-many' | 'one-to-one'
      from: Name
      to: Name
      self: boolean
      fromView: boolean
      toView: boolean
      /** The foreign key is on this side: of two that are one to one, one alone. */
      holdsKey: boolean
      constraint: string
      ties: Ties
    }
  | {
      kind: 'many-to-many'
      from: Name
      to: Name
      self: boolean
      fromView: boolean
      toView: boolean
      junction: Name
      /** Near: column of `from`; far: column of the junction. */
      fromTies: Ties
      fromConstraint: string
      /** Near: column of `to`; far: column of the junction. */
      toTies: Ties
      toConstraint: string
    }
  | { kind: 'computed'; from: Name; to: Name; self: boolean; function: Name; toOne: boolean }

export type Argument = {
  /** Empty for an unnamed one. */
  name: string
  type: string
  /** The type without a length: what a JSON body's value is read as. */
  openType: string
  required: boolean
  variadic: boolean
}

export type Routine = Name & {
  arguments: Argument[]
  returns: Name & { set: boolean; composite: boolean }
  volatility: 'volatile' | 'stable' | 'immutable'
  isolation: string | null
  /** Settings of the function, but its isolation level. */
  settings: [string, string][]
}

/** A tenant's own way to write a media type: an aggregate over rows, or a cast of a scalar. */
export type MediaHandler = {
  function: Name
  /** Rows it takes; null for any. */
  of: Name | null
  /** Media type as asked, and as answered (`*` + `/*` asks for anything). */
  asked: string
  answered: string
  /** Type of what it writes, below the domain: `bytea`, `text`, ... */
  written: string
}

export type SchemaCache = {
  table(name: Name): Table | undefined
  tables: readonly Table[]
  relationshipsFrom(name: Name): readonly Relationship[]
  /** Origins that have relationships. */
  origins(schema: string): string[]
  routines(name: Name): readonly Routine[]
  routineNames(schema: string): string[]
  /** Function that turns one type into another on the way in or out (an implicit cast of a domain). */
  representation(from: string, to: string): Name | undefined
  handlers: readonly MediaHandler[]
  /** Types one may cast to, by lower-case name. */
  types: ReadonlySet<string>
  /** Settings of roles (`alter role ... set`). */
  roleSettings(role: string): readonly [string, string][]
}

export const sameName = (a: Name, b: Name): boolean => a.schema === b.schema && a.name === b.name
export const nameKey = ({ schema, name }: Name): string => JSON.stringify([schema, name])
