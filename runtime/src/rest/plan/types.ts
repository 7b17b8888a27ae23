/** Plans: requests whose every name was looked up, and every table given its alias. SQL follows without a choice. */
import type { MediaType } from '../request/media.ts'
import type { Aggregate, JsonStep, Operation, OrderTerm, Slot } from '../request/types.ts'
import type { Argument, Name, Routine, SchemaCache, Table } from '../schema/types.ts'

export type PlannedField = {
  column: string
  path: JsonStep[]
  /** The column is no JSON: it is made one before the path goes in. */
  toJson: boolean
  /** Turns the stored type into what is shown, or what was asked into the stored type. */
  transform: Name | null
  /** Null when the cache does not know the column: a computed one, or Postgres will say so. */
  type: string | null
  /** Stands for the whole row: what `count()` counts in a spread. */
  row?: boolean
}

export type SelectColumn = {
  field: PlannedField
  cast: string | null
  aggregate: Aggregate | null
  aggregateCast: string | null
  alias: string | null
}

export type PlannedLogic =
  | {
      kind: 'filter'
      field: PlannedField
      /** Text searched must first become a `tsvector`. */
      vector: { language: Slot | null } | null
      not: boolean
      operation: Operation
    }
  | { kind: 'embedded'; embed: Embed; not: boolean }
  | { kind: 'all' | 'any'; not: boolean; parts: PlannedLogic[] }

export type PlannedOrder = Pick<OrderTerm, 'direction' | 'nulls'> & {
  field: PlannedField
  /** Alias of the embed whose column it is; null for the node's own. */
  of: string | null
}

/** What a node reads from. */
export type Source =
  | { kind: 'table'; name: Name }
  /** Rows a mutation or call has just returned. */
  | { kind: 'returned' }
  | { kind: 'computed'; function: Name; of: Name; parent: string }
  | { kind: 'joined'; name: Name; junction: Name; junctionAlias: string }

export type Tie = { near: [alias: string, column: string]; far: [alias: string, column: string] }

export type ReadNode = {
  source: Source
  /** Table whose columns these are, as far as the cache knows. */
  table: Name
  alias: string
  select: SelectColumn[]
  where: PlannedLogic[]
  orders: PlannedOrder[]
  limit: Slot | string | null
  offset: Slot | null
  embeds: Embed[]
}

export type SpreadField = {
  name: string
  aggregate: Aggregate | null
  aggregateCast: string | null
  alias: string | null
}

export type Embed = {
  node: ReadNode
  /** Name as written in the request: alias or relation. */
  key: string
  /** Alias of the lateral join. */
  join: string
  toOne: boolean
  inner: boolean
  /** Fields that rise into the parent's row; null for an embed that stays an object or array. */
  spread: SpreadField[] | null
  /** Selects nothing: it joins and filters, but is not shown. */
  hidden: boolean
  ties: Tie[]
  /** Columns of the parent the tie needs; null when the whole row is needed. */
  needs: string[] | null
}

/** Columns handed on: all of the table's, or none but those named. */
export type Returned = { all: boolean; columns: string[] }

export type WrittenColumn = { name: string; type: string; default: string | null; transform: Name | null }

export type Mutation =
  | {
      kind: 'insert'
      table: Table
      columns: WrittenColumn[]
      body: Slot
      object: boolean
      /** Missing keys take the column's default instead of null. */
      defaults: boolean
      conflict: { action: 'merge' | 'ignore'; columns: string[] } | null
      /** PUT: the body must match these. */
      conditions: PlannedLogic[]
      returning: Returned
    }
  | {
      kind: 'update'
      table: Table
      columns: WrittenColumn[]
      body: Slot
      object: boolean
      defaults: boolean
      where: PlannedLogic[]
      returning: Returned
    }
  | { kind: 'delete'; table: Table; where: PlannedLogic[]; returning: Returned }

export type Call = {
  routine: Routine
  input:
    | { kind: 'none' }
    | { kind: 'named'; args: { argument: Argument; value: Slot }[] }
    | { kind: 'json'; body: Slot; object: boolean; arguments: Argument[] }
    | { kind: 'whole'; value: Slot; type: string }
  returning: Returned
}

export type Handler =
  | { kind: 'json' | 'csv' | 'geojson' | 'stripped-array' | 'none' }
  | { kind: 'object'; stripped: boolean }
  | { kind: 'custom'; function: Name; of: Name | null; written: string }

export type Plan = {
  media: MediaType
  handler: Handler
  read: ReadNode
  /** Whether the total is counted in the same statement. */
  count: boolean
  /** An estimate counts no further: above it the planner's guess will do. */
  countMax: number | null
} /** `rowPerLine`: the rows are counted in the body, and need not be in the statement. */ & (
  | { kind: 'read'; table: Table; rowPerLine: boolean }
  | { kind: 'write'; mutation: Mutation; location: boolean; inserted: boolean }
  | { kind: 'call'; call: Call }
)

export type ReadContext = {
  cache: SchemaCache
  /** Schema the request speaks of. */
  schema: string
  aggregates: boolean
  /** Limit of nodes that name none. */
  maxRows: number | null
}

export type NodePlace = {
  source: Source
  table: Name
  alias: string
  depth: number
  /** Aliases of this node and those around it: none may be hidden by a deeper one. */
  aliases: ReadonlySet<string>
  /** An aggregate here or above: every column must be named to be grouped. */
  grouped: boolean
  /** The node is spread into arrays: every column must be named to be gathered. */
  named: boolean
}
