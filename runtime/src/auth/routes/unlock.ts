/** `/unlock`: whoever follows the link of a letter about a lock. `/admin/users/{id}/unlock`: the holder of the service key. */
import type { Context } from '../context.ts'
import { LinkExpired } from '../errors.ts'
import { errorLocation } from '../locations.ts'
import { type AuthAnswer, type AuthRequest, ok, redirect } from '../request.ts'
import { redirectOf } from '../return-to.ts'
import { unlockByAdmin, unlockByLink } from '../unlock.ts'
import { viewOf } from '../users.ts'
import { userOf } from './admin-users.ts'

const UNLOCKED = 'Sign-in to the account is open again'

export async function getUnlock(context: Context, request: AuthRequest): Promise<AuthAnswer> {
  const location = redirectOf(context, request)
  const isOpen = await unlockByLink(context, request.query.get('token') ?? '', request)
  if (!isOpen) return redirect(errorLocation(location, LinkExpired()))
  return redirect(`${location}#${new URLSearchParams({ message: UNLOCKED, sb: '' })}`)
}

export async function postAdminUnlock(context: Context, request: AuthRequest): Promise<AuthAnswer> {
  const sql = await context.sql()
  const user = await userOf(sql, request)
  await unlockByAdmin(context, sql, { user, request })
  return ok(await viewOf(sql, user))
}
