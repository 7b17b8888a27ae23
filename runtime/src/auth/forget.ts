/**
 * An account in which nobody has proven anything yet, and what goes of it once somebody does: all that let whoever was
 * there before in again, or would change it later.
 */
import { signOut } from './credentials.ts'
import { isForeign, providersOf } from './own-identity.ts'
import { blankIdentity, deleteIdentities, listIdentities } from './store/identities.ts'
import { dropOneTimeTokens } from './store/one-time-tokens.ts'
import type { Db, Json, UserRow } from './store/rows.ts'
import { updateUser } from './store/users.ts'

/** Neither its address nor its number is proven. */
export const isNobodys = ({ email_confirmed_at, phone_confirmed_at }: UserRow): boolean =>
  email_confirmed_at === null && phone_confirmed_at === null

/** What signs in, or lets an application act. */
const HELD = [
  ...['mfa_factors', 'mfa_recovery_codes', 'webauthn_credentials', 'webauthn_challenges'],
  ...['oauth_authorizations', 'oauth_consents'],
]

type Forgetting = {
  at: Date
  /** Who has just vouched for it. */
  keepProvider?: string | null
}

/** Its password is the caller's to decide on. @param db a transaction */
export async function forget(db: Db, user: UserRow, { at, keepProvider = null }: Forgetting): Promise<void> {
  await signOut(db, user.id)
  await dropOneTimeTokens(db, user.id)
  for (const table of HELD) await db`delete from ${db(`auth.${table}`)} where user_id = ${user.id}`
  await deleteIdentities(db, user.id, (each) => !isForeign(each) || each.provider === keepProvider)
  const left = await listIdentities(db, user.id)
  for (const { id, provider } of left.filter((each) => !isForeign(each)))
    await blankIdentity(db, id, { sub: user.id, [provider]: provider === 'email' ? user.email : user.phone })
  await updateUser(db, user.id, {
    raw_app_meta_data: { ...user.raw_app_meta_data, ...providersOf(left) },
    updated_at: at,
  })
}

/** What somebody said of themselves who may have been another. */
export const bareOf = ({ id, email, phone }: UserRow): Json => ({
  ...{ sub: id, ...(email ? { email } : {}), ...(phone ? { phone } : {}) },
  ...{ email_verified: false, phone_verified: false },
})
