/** What failed in the store, told apart and made fit for a log. */
import { DrizzleQueryError } from 'drizzle-orm'

/** Codes of postgres.js, of sockets, and of a server that starts or stops. */
const AWAY = new Set([
  'CONNECTION_CLOSED',
  'CONNECTION_ENDED',
  'CONNECTION_DESTROYED',
  'CONNECT_TIMEOUT',
  '57P01',
  '57P02',
  '57P03',
  '53300',
])

type Coded = { code?: unknown; syscall?: unknown }

/** The instance's database cannot be reached at the moment. */
export function isUnavailable(error: unknown): boolean {
  const cause = error instanceof DrizzleQueryError ? error.cause : error
  if (!(cause instanceof Error)) return false
  const { code, syscall } = cause as Coded
  return syscall === 'connect' || (typeof code === 'string' && AWAY.has(code))
}

/** The error without the values of its query: they may be secrets, sealed or hashed as they are. */
export function withoutValues(error: unknown): unknown {
  if (!(error instanceof DrizzleQueryError)) return error
  const { message, code } = (error.cause ?? {}) as { message?: string; code?: unknown }
  const bare = new Error(`query failed: ${message ?? 'unknown'} [${String(code)}] in ${error.query}`)
  if (error.stack !== undefined) bare.stack = error.stack.slice(error.stack.indexOf('\n    at '))
  return bare
}

/** A unique index has it already. */
export function isUniqueViolation(error: unknown): boolean {
  const cause = error instanceof DrizzleQueryError ? error.cause : error
  return cause instanceof Error && (cause as Coded).code === '23505'
}
