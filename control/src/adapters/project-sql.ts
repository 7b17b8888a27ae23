/** A person's SQL on a project's database: what it answered, or what Postgres had against it and where. */
import { Problem } from '@cascata/shared/problem'
import { SqlFailed } from '@cascata/shared/problems/database'
import { DatabaseError } from 'pg-protocol'
import type { RunLimits, SqlSession, StatementResult } from './sql-session.ts'

/**
 * Runs a text of one or more statements: one implicit transaction, unless the text says otherwise.
 * @throws SqlFailed with SQLSTATE and line; its cause is a `DatabaseError` with every field. Or what the session throws.
 */
export async function runStatements(
  session: SqlSession,
  text: string,
  limits: RunLimits,
): Promise<StatementResult[]> {
  try {
    return await session.run(text, limits)
  } catch (error) {
    throw explain(error, text)
  }
}

function explain(error: unknown, text: string): unknown {
  if (error instanceof Problem || !(error instanceof DatabaseError)) return error
  const line = lineOf(text, error.position)
  return SqlFailed({
    sqlstate: error.code ?? 'XX000',
    where: line === undefined ? '' : ` at line ${line}`,
    said: [error.message, error.detail, error.hint].filter(Boolean).join(' '),
  }).because(error)
}

/** `position` counts characters, not UTF-16 units, from 1. */
export function lineOf(text: string, position: string | undefined): number | undefined {
  if (position === undefined) return undefined
  let left = Number(position) - 1
  let line = 1
  for (const character of text) {
    if (left-- <= 0) break
    if (character === '\n') line++
  }
  return line
}
