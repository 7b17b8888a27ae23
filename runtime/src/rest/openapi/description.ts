/**
 * What a schema offers a caller, in words of no protocol: every OpenAPI document is written from this alone.
 *
 * Names are as Postgres has them, unescaped; lists are in an order that does not change while the schema does not.
 */
import type { Name } from '../schema/types.ts'

export type ApiDescription = {
  /** The schema described; the other exposed ones have descriptions of their own. */
  readonly schema: string
  /** `comment on schema`. */
  readonly comment: string | null
  /** By name. Those the role holds any privilege on; all of them where privileges are not asked. */
  readonly tables: readonly DescribedTable[]
  /** By name; overloads of one name from few arguments to many. */
  readonly functions: readonly DescribedFunction[]
}

/** A type, in the three ways that are of use. */
export type DescribedType = {
  /** Whole, qualified, with its modifiers: `character varying(20)`, `public.mood`, `public.email`. */
  readonly type: string
  /** As PostgREST names it: no modifiers, domains over built-in types as what they are made of: `character varying`. */
  readonly format: string
  /** What it is at the bottom of its domains, without modifiers: `text`, `integer[]`, `public.mood`. */
  readonly base: string
  /** Labels of the enum it is, or whose array it is, in their order; empty when it is neither. */
  readonly values: readonly string[]
}

export type DescribedColumn = DescribedType & {
  readonly name: string
  readonly comment: string | null
  /** Columns of views count as nullable: Postgres knows no better. */
  readonly nullable: boolean
  /** SQL expression that stands in for a missing value, a sequence's `nextval` too. */
  readonly default: string | null
  /** Postgres makes the value itself and takes none: a generated column, or an identity that is `always`. */
  readonly generated: boolean
  /** Greatest number of characters (`varchar(n)`, `char(n)`) or bits. */
  readonly maxLength: number | null
  /** What the role may do with this column; as the table's verbs where privileges are not asked. */
  readonly verbs: Omit<Verbs, 'delete'>
}

export type Verbs = {
  readonly select: boolean
  readonly insert: boolean
  readonly update: boolean
  readonly delete: boolean
}

export type DescribedForeignKey = {
  readonly constraint: string
  /** Columns here, and those they point at, pair by pair. */
  readonly columns: readonly string[]
  readonly to: Name
  readonly toColumns: readonly string[]
  /** It points at a view that shows the table behind it. */
  readonly toView: boolean
  /** The columns are unique here: one row belongs to one row. */
  readonly unique: boolean
}

export type DescribedTable = {
  readonly name: string
  /** A view or materialised view. */
  readonly view: boolean
  readonly comment: string | null
  /** In their order in the table. */
  readonly columns: readonly DescribedColumn[]
  /** Empty when there is none; a view has the key that it shows. */
  readonly primaryKey: readonly string[]
  /** To exposed tables and views; tables before views. */
  readonly foreignKeys: readonly DescribedForeignKey[]
  /** What can be done with it by anybody: a view may be read-only. `select` is always true. */
  readonly possible: Verbs
  /** What is possible and the role may do, with some of the columns at least. */
  readonly verbs: Verbs
}

export type DescribedArgument = DescribedType & {
  /** Empty for one without a name: the request's whole body is its value. */
  readonly name: string
  readonly required: boolean
  readonly variadic: boolean
}

export type DescribedReturn = DescribedType & {
  readonly kind: 'void' | 'scalar' | 'composite'
  /** `setof` or `table (...)`: any number of rows. */
  readonly set: boolean
  /** The exposed table or view whose rows it returns, if it is one. */
  readonly table: Name | null
  /** Of a composite, whether by type, `table (...)` or `out` arguments. Null when Postgres does not know (`record`). */
  readonly columns: readonly (DescribedType & { readonly name: string })[] | null
}

export type DescribedFunction = {
  readonly name: string
  readonly comment: string | null
  /** Those that a call gives: `in`, `inout` and `variadic`. */
  readonly arguments: readonly DescribedArgument[]
  /** Only what is not volatile answers GET. */
  readonly volatility: 'volatile' | 'stable' | 'immutable'
  readonly returns: DescribedReturn
}
