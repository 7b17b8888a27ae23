/** What failed in the store, told apart and made fit for a log. */
import { StoreUnavailable } from '@cascata/shared/problems/request'
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

const SYSCALLS = new Set<unknown>(['connect', 'read', 'write'])

type Coded = { code?: unknown; syscall?: unknown }

/** The instance's database cannot be reached at the moment, or went away before it answered. */
function isUnavailable(error: unknown): boolean {
  const cause = error instanceof DrizzleQueryError ? error.cause : error
  if (!(cause instanceof Error)) return false
  const { code, syscall } = cause as Coded
  return SYSCALLS.has(syscall) || (typeof code === 'string' && AWAY.has(code))
}

/**
 * What the store's own callers hear of it when it is away, told from what they ask of other databases themselves.
 * @throws StoreUnavailable
 */
export async function telling<Result>(asked: Promise<Result>): Promise<Result> {
  try {
    return await asked
  } catch (error) {
    throw isUnavailable(error) ? StoreUnavailable().because(withoutValues(error)) : error
  }
}

type Asked = { [name: string]: Asked | ((...args: never[]) => Promise<unknown>) }

/** Every query of these, so. */
export function tellingAll<Queries extends Asked>(queries: Queries): Queries {
  const told = Object.entries(queries).map(([name, asked]) => [
    name,
    typeof asked === 'function' ? (...args: never[]) => telling(asked(...args)) : tellingAll(asked),
  ])
  return Object.fromEntries(told)
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
