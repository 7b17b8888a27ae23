/** What a query runs on: the pool, or one transaction of it. */
import type { PgDatabase } from 'drizzle-orm/pg-core'
import type { PostgresJsQueryResultHKT } from 'drizzle-orm/postgres-js'

export type Db = PgDatabase<PostgresJsQueryResultHKT, Record<string, never>>

/** The one row of an `insert ... returning`: it is always there, but the types cannot know. */
export function only<Row>(rows: readonly Row[]): Row {
  const [row] = rows
  if (row === undefined) throw new Error('the store returned no row where one was written')
  return row
}
