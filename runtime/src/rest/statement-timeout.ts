/**
 * How long a statement may run: the project's limit, or what its role or function has, where that is shorter. A
 * tenant may alter roles and functions, so neither of them can raise it.
 */
import { PostgresError, type Turn } from '../session/database.ts'
import { type RestError, StatementTimedOut } from './errors.ts'

type Setting = readonly [name: string, value: string]

const NAME = 'statement_timeout'
const CANCELLED = '57014'
const UNITS_MS: Readonly<Record<string, number>> = {
  us: 0.001,
  ms: 1,
  s: 1_000,
  min: 60_000,
  h: 3_600_000,
  d: 86_400_000,
}

/** As Postgres reads one; a bare number is milliseconds. */
export function durationMs(text: string): number | null {
  const [, digits, unit = 'ms'] = /^\s*(\d+(?:\.\d*)?)\s*([a-z]+)?\s*$/.exec(text) ?? []
  const factor = UNITS_MS[unit]
  return digits === undefined || factor === undefined ? null : Number(digits) * factor
}

/** Settings without a timeout that is longer than the limit, or none (0). */
export const withinTimeout = (settings: readonly Setting[], limitMs: number): readonly Setting[] =>
  settings.filter(([name, value]) => {
    if (name !== NAME) return true
    const ms = durationMs(value)
    return ms !== null && ms > 0 && ms <= limitMs
  })

/**
 * The limit's own refusal, when it was the limit that ended the turn. Told by time, for Postgres says the same of a
 * role's timeout, and says it in the language of the database.
 */
export function timedOut(error: unknown, turn: Turn, ranMs: number): RestError | null {
  if (!(error instanceof PostgresError) || error.code !== CANCELLED) return null
  const hasOwn = turn.settings.some(([name]) => name === NAME)
  return hasOwn || ranMs < turn.timeoutMs * 0.9 ? null : StatementTimedOut(error.message, turn.timeoutMs)
}
