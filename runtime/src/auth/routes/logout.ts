/** `POST /logout`: this session, the others, or all. An application ends its own alone, whatever it asks for. */
import { lockBearer } from '../access.ts'
import { type Context, nowOf, within } from '../context.ts'
import { signOut } from '../credentials.ts'
import { ValidationFailed } from '../errors.ts'
import { type AuthAnswer, type AuthRequest, addressOf, noContent } from '../request.ts'
import { insertAudit } from '../store/audit.ts'
import { deleteSessions } from '../store/sessions.ts'

export async function postLogout(context: Context, request: AuthRequest): Promise<AuthAnswer> {
  const scope = request.query.get('scope') ?? 'global'
  if (scope !== 'global' && scope !== 'local' && scope !== 'others')
    throw ValidationFailed(`Unsupported logout scope "${scope}": it must be global, local or others`)
  await within(context, async (tx) => {
    const { user, session } = await lockBearer(context, tx, request)
    if (scope === 'local' || session.oauth_client_id !== null) {
      await deleteSessions(tx, user.id, { only: session.id })
    } else await signOut(tx, user.id, scope === 'others' ? session.id : null)
    await insertAudit(tx, { action: 'logout', actor: user, at: nowOf(context), ip: addressOf(request) })
  })
  return noContent
}
