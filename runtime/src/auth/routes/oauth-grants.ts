/** `/user/oauth/grants`: which applications a user lets in, and out again. */
import { isUuid, lockPerson, personOf } from '../access.ts'
import { clientView } from '../authorization/consent.ts'
import { ConsentNotFound } from '../authorization/errors.ts'
import { assertOAuthServerOn } from '../authorization/metadata.ts'
import { scopesOf } from '../authorization/scopes.ts'
import { type Context, nowOf, within } from '../context.ts'
import { ValidationFailed } from '../errors.ts'
import { type AuthAnswer, type AuthRequest, addressOf, noContent, ok } from '../request.ts'
import { insertAudit } from '../store/audit.ts'
import { dropAuthorizations } from '../store/oauth-authorizations.ts'
import { listGrants, revokeConsent } from '../store/oauth-consents.ts'
import { deleteSessions } from '../store/sessions.ts'

export async function getGrants(context: Context, request: AuthRequest): Promise<AuthAnswer> {
  assertOAuthServerOn(context)
  const sql = await context.sql()
  const { user } = await personOf(context, sql, request)
  const grants = await listGrants(sql, user.id)
  return ok(
    grants.map(({ client_id: id, scopes, granted_at, ...client }) => ({
      ...{ client: clientView({ id, ...client }), scopes: scopesOf(scopes), granted_at },
    })),
  )
}

/** What the application holds ends with it, and so does what it is about to get. */
export async function deleteGrant(context: Context, request: AuthRequest): Promise<AuthAnswer> {
  assertOAuthServerOn(context)
  const clientId = request.query.get('client_id')
  return within(context, async (tx) => {
    const { user } = await lockPerson(context, tx, request)
    if (!isUuid(clientId)) throw ValidationFailed('client_id must be the id of a client')
    const at = nowOf(context)
    if (!(await revokeConsent(tx, { userId: user.id, clientId, at }))) throw ConsentNotFound()
    await dropAuthorizations(tx, clientId, user.id)
    await deleteSessions(tx, user.id, { clientId })
    const traits = { oauth_client_id: clientId, action: 'revoke_oauth_grant' }
    await insertAudit(tx, { action: 'token_revoked', actor: user, at, ip: addressOf(request), traits })
    return noContent
  })
}
