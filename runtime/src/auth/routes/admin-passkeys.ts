/** `/admin/users/:id/passkeys`: what a user signs in with, to look at and to take away. */
import { type Context, nowOf, within } from '../context.ts'
import { credentialChanged } from '../credentials.ts'
import { type AuthAnswer, type AuthRequest, addressOf, noContent, ok } from '../request.ts'
import { insertAudit } from '../store/audit.ts'
import { deletePasskey, listPasskeys } from '../store/passkeys.ts'
import { PasskeyNotFound } from '../webauthn/errors.ts'
import { assertPasskeysOn } from '../webauthn/passkeys.ts'
import { lockUserOf, userOf } from './admin-users.ts'
import { passkeyIdOf, passkeyView } from './passkeys.ts'

export async function getAdminPasskeys(context: Context, request: AuthRequest): Promise<AuthAnswer> {
  assertPasskeysOn(context)
  const sql = await context.sql()
  const user = await userOf(sql, request)
  return ok((await listPasskeys(sql, user.id)).map(passkeyView))
}

export async function deleteAdminPasskey(context: Context, request: AuthRequest): Promise<AuthAnswer> {
  assertPasskeysOn(context)
  return within(context, async (tx) => {
    const user = await lockUserOf(tx, request)
    const id = passkeyIdOf(request.params[1])
    if (!(await deletePasskey(tx, { id, userId: user.id }))) throw PasskeyNotFound()
    await credentialChanged(tx, { userId: user.id, by: null })
    const traits = { passkey_id: id, user_id: user.id }
    const entry = { actor: { ...user, viaAdmin: true }, at: nowOf(context), ip: addressOf(request), traits }
    await insertAudit(tx, { action: 'passkey_deleted', ...entry })
    return noContent
  })
}
