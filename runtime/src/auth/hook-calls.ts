/**
 * Where hooks of the project run: functions as the service's own role, in the transaction they are part of or in one of
 * their own; endpoints with no connection held meanwhile, so that a slow one holds up nobody else.
 */
import { type Context, within } from './context.ts'
import type { HookInputs, HookName, HookOutputs } from './hooks/payloads.ts'
import type { CallFunction, FunctionCall } from './hooks/postgres-function.ts'
import { type AuthRequest, addressOf } from './request.ts'
import type { Db } from './store/rows.ts'

type Asking = Pick<Context, 'hooks' | 'sql'>

/** @returns undefined when the project has no such hook. @throws what the hook refuses, and what goes wrong with it. */
export function askHook<Name extends HookName>(
  context: Asking,
  name: Name,
  asked: { db?: Db; request: AuthRequest; input: HookInputs[Name] },
): Promise<HookOutputs[Name] | undefined> {
  const { db, request, input } = asked
  if (!context.hooks.has(name)) return Promise.resolve(undefined)
  return context.hooks.ask(name, input, {
    ipAddress: addressOf(request) ?? undefined,
    signal: request.signal,
    call: db ? (call) => callFunction(db, call) : callApart(context),
  })
}

/** A transaction of its own, begun only where there is a function to call. */
export const callApart =
  (context: Pick<Context, 'sql'>): CallFunction =>
  (call) =>
    within(context, (tx) => callFunction(tx, call))

/** The limit holds for the function alone: it is taken back for what follows in the transaction. */
async function callFunction(db: Db, { schema, name, payload, timeoutMs }: FunctionCall): Promise<unknown> {
  await db`select set_config('statement_timeout', ${String(timeoutMs)}, true)`
  // By way of text: the driver would write a string as JSON once more.
  const [row] = await db<{ answer: unknown }[]>`
    select ${db(schema)}.${db(name)}(${payload}::text::jsonb) as answer`
  await db`select set_config('statement_timeout', '0', true)`
  return row?.answer
}
