/**
 * An identity goes from an account that has others. An address that it alone stood for goes with it: else whoever has that
 * mailbox would still get in by letter. It is that of one that remains and is proven, or none.
 */
import { type Context, nowOf } from './context.ts'
import { credentialChanged } from './credentials.ts'
import { EmailConflict } from './errors.ts'
import { providersOf } from './own-identity.ts'
import { type AuthRequest, addressOf } from './request.ts'
import { insertAudit } from './store/audit.ts'
import type { Db, IdentityRow, SessionRow, UserRow } from './store/rows.ts'
import { findUserByEmail, type UserChange, updateUser } from './store/users.ts'

type Unlinking = {
  user: UserRow
  session: SessionRow
  gone: IdentityRow
  left: readonly IdentityRow[]
  request: AuthRequest
}

/** @param db a transaction that has the user locked. @throws EmailConflict */
export async function unlink(context: Context, db: Db, unlinking: Unlinking): Promise<void> {
  const { user, session, gone, left, request } = unlinking
  const at = nowOf(context)
  await db`delete from auth.identities where id = ${gone.id}`
  await credentialChanged(db, { userId: user.id, by: session.id })
  await updateUser(db, user.id, {
    raw_app_meta_data: { ...user.raw_app_meta_data, ...providersOf(left) },
    // A password signs in to the address that it stands beside.
    ...(gone.provider === 'email' ? { encrypted_password: null } : {}),
    ...(gone.provider === 'phone' ? { phone: null, phone_confirmed_at: null } : {}),
    ...(await emailAfter(db, { user, gone, left, at })),
    updated_at: at,
  })
  const traits = { provider: gone.provider, identity_id: gone.id }
  await insertAudit(db, { action: 'identity_unlinked', actor: user, at, ip: addressOf(request), traits })
}

type Leaving = Pick<Unlinking, 'user' | 'gone' | 'left'> & { at: Date }

async function emailAfter(db: Db, { user, gone, left, at }: Leaving): Promise<UserChange> {
  const before = user.email?.toLowerCase()
  if (before === undefined || (gone.provider !== 'email' && gone.email !== before)) return {}
  // Dumps of old have no mark at the identity that stands for the address itself.
  const isProven = ({ email, provider, identity_data: { email_verified } }: IdentityRow) =>
    email_verified === true || (provider === 'email' && email === before)
  const proven = left.flatMap((each) => (each.email !== null && isProven(each) ? [each.email] : []))
  if (proven.includes(before)) return {}
  const [email = null] = proven
  const other = email === null ? undefined : await findUserByEmail(db, email)
  if (other && other.id !== user.id) throw EmailConflict()
  const { email: _, ...told } = user.raw_user_meta_data ?? {}
  return {
    ...{ email, email_confirmed_at: email === null ? null : at },
    raw_user_meta_data: { ...told, ...(email === null ? {} : { email }), email_verified: email !== null },
  }
}
