/**
 * A request, understood but not yet resolved against a database.
 *
 * Values are not in it: each is a `Slot`, a place in the request's list of parameters. So two requests that
 * differ in values alone have the same shape, and share a plan and a prepared statement.
 */
import type { Parameter } from '../../session/database.ts'
import type { MediaType } from './media.ts'
import type { Preferences } from './prefer.ts'

export class Slot {
  readonly slot: number
  constructor(slot: number) {
    this.slot = slot
  }
}

/** Versions of OpenAPI that a schema is described in. */
export type ApiDocument = '2.0' | '3.0.3' | '3.1.0'

export type JsonStep = { arrow: '->' | '->>'; key: Slot; index: boolean }

/** A column and the way into its JSON. The name may be `*` in a select. */
export type Field = { name: string; path: JsonStep[] }

export type Aggregate = 'sum' | 'avg' | 'count' | 'max' | 'min'

export type FieldItem = {
  kind: 'field'
  field: Field
  alias: string | null
  /** Key the answer has when no alias is given and the field is a JSON path. */
  pathName: string | null
  cast: string | null
  aggregate: Aggregate | null
  aggregateCast: string | null
}

export type EmbedItem = {
  kind: 'embed'
  name: string
  alias: string | null
  hint: string | null
  join: 'inner' | 'left' | null
  spread: boolean
  select: SelectItem[]
}

export type SelectItem = FieldItem | EmbedItem

export type Truth = 'null' | 'not null' | 'true' | 'false' | 'unknown'

export type Operation =
  | { kind: 'compare'; operator: string; quantifier: 'any' | 'all' | null; value: Slot }
  | { kind: 'in'; values: Slot }
  | { kind: 'is'; truth: Truth }
  | { kind: 'distinct'; value: Slot }
  | { kind: 'search'; operator: string; language: Slot | null; value: Slot }

export type Filter = { kind: 'filter'; field: Field; not: boolean; operation: Operation }

export type Logic = Filter | { kind: 'all' | 'any'; not: boolean; parts: Logic[] }

export type OrderTerm = {
  /** Name of a to-one embed whose column orders, or null for the node's own. */
  relation: string | null
  field: Field
  direction: 'asc' | 'desc' | null
  nulls: 'first' | 'last' | null
}

/** Something said of one node of the embed tree. An empty path is the root. */
export type At<T> = { path: string[]; what: T }

export type Page = { path: string[]; limit: Slot | null; offset: Slot | null }

export type Query = {
  select: SelectItem[]
  filters: At<Filter>[]
  logic: At<Logic>[]
  orders: At<OrderTerm[]>[]
  pages: Page[]
  columns: string[] | null
  onConflict: string[] | null
  /** Named arguments of a function: the last value given, and all of them as an array literal. */
  args: { name: string; value: Slot; all: Slot }[]
}

export type Action =
  | { kind: 'read'; head: boolean }
  | { kind: 'insert' | 'update' | 'put' | 'delete' }
  | { kind: 'call'; get: boolean; head: boolean }
  | { kind: 'describe'; of: 'table' | 'function' | 'root' }
  | { kind: 'root'; head: boolean; document: ApiDocument }

export type Payload =
  /** JSON text; `keys` are those of its objects, or the `columns` the caller named. */
  | { kind: 'json'; body: Slot; object: boolean; keys: string[] }
  | { kind: 'form'; args: Query['args'] }
  /** Handed to a function's single unnamed parameter as it came: as bytes, or as text. */
  | { kind: 'raw'; bytes: Slot; text: Slot }

export type RestRequest = {
  action: Action
  method: string
  schema: string
  /** The answer names its schema: more than one is exposed. */
  profiled: boolean
  /** Table or function; empty for the root. */
  target: string
  query: Query
  values: Parameter[]
  /** Top-level range in numbers, for the answer's headers. */
  range: { offset: number; limit: number | null }
  preferences: Preferences
  accept: MediaType[]
  /** The root was asked, and a function answers in its place: it may be asked for as a description, too. */
  isRootSpec: boolean
  contentType: string
  payload: Payload | null
  /** Sorted query string, for `Content-Location`. */
  canonicalQuery: string
}
