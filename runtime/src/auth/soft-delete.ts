/** A user that is gone for everybody, and whose row stays for those that point at it: nothing in it says who it was. */
import { createHash } from 'node:crypto'
import { signOut } from './credentials.ts'
import { dropOneTimeTokens } from './store/one-time-tokens.ts'
import type { Db, UserRow } from './store/rows.ts'
import { updateUser } from './store/users.ts'

/** The same person may sign up again, and a digest tells nobody who it was. */
const obscured = (id: string, text: string | null): string | null =>
  text === null || text === '' ? text : createHash('sha256').update(`${id}${text}`).digest('base64url')

const PHONE_LENGTH_MAX = 15

/** What somebody could sign in with, or was given by a provider. */
const WITH_SECRETS = [
  ...['mfa_factors', 'mfa_recovery_codes'],
  ...['webauthn_credentials', 'webauthn_challenges', 'flow_state', 'oauth_authorizations', 'oauth_consents'],
]

export async function softDeleted(db: Db, user: UserRow, at: Date): Promise<void> {
  await signOut(db, user.id)
  await dropOneTimeTokens(db, user.id)
  for (const table of WITH_SECRETS) await db`delete from ${db(`auth.${table}`)} where user_id = ${user.id}`
  const identities = await db<{ id: string; provider_id: string }[]>`
    select id, provider_id from auth.identities where user_id = ${user.id}`
  for (const { id, provider_id } of identities) {
    await db`
      update auth.identities set provider_id = ${obscured(user.id, provider_id)}, identity_data = '{}'
      where id = ${id}`
  }
  await updateUser(db, user.id, {
    ...{ email: obscured(user.id, user.email), encrypted_password: null, email_change: '', phone_change: '' },
    phone: obscured(user.id, user.phone)?.slice(0, PHONE_LENGTH_MAX) ?? null,
    ...{ raw_user_meta_data: {}, raw_app_meta_data: {}, deleted_at: at, updated_at: at },
  })
}
