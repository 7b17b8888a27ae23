/** `/user/sessions`: where a user is signed in, and out of one of them. Ours: GoTrue shows nobody their sessions. */
import { isUuid, lockPerson, personOf } from '../access.ts'
import { type Context, nowOf, within } from '../context.ts'
import { SessionUnknown } from '../errors.ts'
import { type AuthAnswer, type AuthRequest, addressOf, noContent, ok } from '../request.ts'
import { insertAudit } from '../store/audit.ts'
import type { SessionRow } from '../store/rows.ts'
import { deleteSessions, listSessions } from '../store/sessions.ts'

export async function getSessions(context: Context, request: AuthRequest): Promise<AuthAnswer> {
  const sql = await context.sql()
  const { user, session } = await personOf(context, sql, request)
  const rows = await listSessions(sql, user.id)
  return ok(rows.map((row) => ({ ...sessionView(row), is_current: row.id === session.id })))
}

/** An access token that is out runs to its end; nothing follows it. @throws SessionUnknown */
export async function deleteSession(context: Context, request: AuthRequest): Promise<AuthAnswer> {
  const [id] = request.params
  return within(context, async (tx) => {
    const { user } = await lockPerson(context, tx, request)
    if (!isUuid(id) || (await deleteSessions(tx, user.id, { only: id })) === 0) throw SessionUnknown()
    const entry = { actor: user, at: nowOf(context), ip: addressOf(request), traits: { session_id: id } }
    await insertAudit(tx, { action: 'logout', ...entry })
    return noContent
  })
}

const sessionView = (row: SessionRow) => ({
  ...{ id: row.id, created_at: row.created_at, last_used_at: row.refreshed_at ?? row.created_at },
  ...{ not_after: row.not_after, aal: row.aal ?? 'aal1', ip: row.ip, user_agent: row.user_agent },
  // Of the application that holds it; null is the person's own.
  client_id: row.oauth_client_id,
})
