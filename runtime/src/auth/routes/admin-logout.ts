/** `POST /admin/users/:id/logout`: a user is signed out everywhere. GoTrue asks for a token of the user's for that. */
import { type Context, nowOf, within } from '../context.ts'
import { signOut } from '../credentials.ts'
import { type AuthAnswer, type AuthRequest, addressOf, ok } from '../request.ts'
import { insertAudit } from '../store/audit.ts'
import { lockUserOf } from './admin-users.ts'

export async function postAdminLogout(context: Context, request: AuthRequest): Promise<AuthAnswer> {
  return within(context, async (tx) => {
    const user = await lockUserOf(tx, request)
    const sessions = await signOut(tx, user.id)
    const entry = { actor: { ...user, viaAdmin: true }, at: nowOf(context), ip: addressOf(request) }
    await insertAudit(tx, { action: 'logout', ...entry })
    return ok({ sessions })
  })
}
