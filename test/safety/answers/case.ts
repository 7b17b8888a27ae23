/** One case: what is asked, by whom. From it a request is written, and by others the SQL that should come to the same. */
import type { Relation } from './tables.ts'

export type Filter = {
  column: string
  /** Steps into JSON; the last may be asked as text. */
  path: string[]
  operator: string
  quantifier: 'any' | 'all' | null
  not: boolean
  values: string[]
}
export type Condition =
  | ({ is: 'filter' } & Filter)
  | { is: 'all' | 'any'; not: boolean; parts: Condition[] }
  /** Whether an embed has rows. */
  | { is: 'embedded'; relation: string; not: boolean }

export type Item =
  | { is: 'star' }
  | { is: 'column'; column: string; path: string[]; alias: string | null; cast: string | null }
  | {
      is: 'aggregate'
      name: 'sum' | 'avg' | 'min' | 'max' | 'count'
      column: string | null
      alias: string | null
      cast: string | null
    }
  | {
      is: 'embed'
      relation: Relation
      alias: string | null
      join: 'inner' | 'left' | null
      spread: boolean
      node: Node
    }

export type Order = {
  relation: string | null
  column: string
  direction: 'asc' | 'desc' | null
  nulls: 'first' | 'last' | null
}

export type Node = {
  table: string
  items: Item[]
  where: Condition[]
  order: Order[]
  limit: number | null
  offset: number | null
}

export type Row = Record<string, unknown>

export type Asked =
  | { do: 'read'; node: Node; count: boolean; one: boolean }
  | {
      do: 'insert'
      node: Node
      rows: Row[]
      columns: string[]
      /** Columns are named, so that rows may have more keys or fewer. */
      named: boolean
      defaults: boolean
      conflict: { action: 'merge' | 'ignore'; on: string[] | null } | null
      shown: boolean
      object: boolean
    }
  | {
      do: 'update'
      node: Node
      row: Row
      shown: boolean
      count: boolean
      one: boolean
      affectedMax: number | null
    }
  | { do: 'delete'; node: Node; shown: boolean; count: boolean; one: boolean; affectedMax: number | null }
  | {
      do: 'call'
      name: string
      args: [string, string][]
      get: boolean
      returns: 'rows' | 'row' | 'scalar' | 'nothing'
      node: Node
    }

export type Case = { role: string; claims: Record<string, unknown>; asked: Asked }
