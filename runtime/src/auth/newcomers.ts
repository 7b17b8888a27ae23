/** Whoever was made on the way of a request, by whichever: the project's hook is told once all of it is settled. */
import type { Context } from './context.ts'
import { askHook } from './hook-calls.ts'
import type { AuthRequest } from './request.ts'
import { findUser } from './store/users.ts'
import { viewOf } from './users.ts'

/** They are there whatever the hook says. */
export async function tellOfNewcomers(context: Context, request: AuthRequest): Promise<void> {
  if (request.newcomers.size === 0 || !context.hooks.has('afterUserCreated')) return
  const sql = await context.sql()
  for (const id of request.newcomers) {
    const user = await findUser(sql, id)
    // What was refused in the end left nobody behind.
    if (!user) continue
    const input = { user: { ...(await viewOf(sql, user)) } }
    await askHook(context, 'afterUserCreated', { request, input }).catch((err: unknown) =>
      context.logger.error({ err }, 'hook after a sign-up failed'),
    )
  }
}
