/** Hooks that are functions of the project's database: `pg-functions://postgres/<schema>/<function>`. */
import type { Problem } from '@cascata/shared/problem'
import { HookFailed, HookTimeout } from './errors.ts'
import { FUNCTION_GRACE_MS, FUNCTION_TIMEOUT_MS } from './limits.ts'

/**
 * Runs `select schema.name(payload)` as the auth service's role and gives back the JSON value. The caller decides on
 * which connection, and so in which transaction; it must set `statement_timeout` and quote both names.
 */
export type CallFunction = (call: FunctionCall) => Promise<unknown>
export type FunctionCall = { schema: string; name: string; payload: string; timeoutMs: number }

const ADDRESS = /^pg-functions:\/\/postgres\/([A-Za-z_][A-Za-z0-9_]{0,62})\/([A-Za-z_][A-Za-z0-9_]{0,62})$/

export const isFunctionUri = (uri: string): boolean => uri.startsWith('pg-functions:')

export async function askFunction(
  uri: string,
  { payload, call }: { payload: string; call: CallFunction },
): Promise<unknown> {
  const [, schema, name] = ADDRESS.exec(uri) ?? []
  if (schema === undefined || name === undefined)
    throw HookFailed('has an address that is not pg-functions://postgres/<schema>/<function>')
  const asked = call({ schema, name, payload, timeoutMs: FUNCTION_TIMEOUT_MS })
  return await within(asked, FUNCTION_TIMEOUT_MS + FUNCTION_GRACE_MS).catch((cause: unknown) => {
    throw worded(cause)
  })
}

/** Postgres ends a statement that ran out of time with 57014. */
function worded(cause: unknown): Problem {
  const code = cause instanceof Error && 'code' in cause ? cause.code : undefined
  const isLate = cause === LATE || code === '57014'
  return (isLate ? HookTimeout(FUNCTION_TIMEOUT_MS) : HookFailed('ended with an error')).because(cause)
}

const LATE = Symbol('late')

function within<Result>(work: Promise<Result>, ms: number): Promise<Result> {
  const { promise, reject } = Promise.withResolvers<never>()
  const timer = setTimeout(() => reject(LATE), ms)
  return Promise.race([work, promise]).finally(() => clearTimeout(timer))
}
