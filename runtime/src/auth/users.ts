/** What several actions do with a user. */
import { type Context, nowOf } from './context.ts'
import { UserNotFound } from './errors.ts'
import type { Contact } from './sign-up.ts'
import { listFactors, listIdentities, updateIdentity } from './store/identities.ts'
import type { Db, UserRow } from './store/rows.ts'
import { findUser, updateUser } from './store/users.ts'
import { type UserView, userView } from './user-view.ts'

/** @throws UserNotFound */
export async function viewOfUser(context: Context, id: string): Promise<UserView> {
  const sql = await context.sql()
  const user = await findUser(sql, id)
  if (!user) throw UserNotFound()
  return viewOf(sql, user)
}

export async function viewOf(db: Db, user: UserRow): Promise<UserView> {
  const [identities, factors] = await Promise.all([listIdentities(db, user.id), listFactors(db, user.id)])
  return userView(user, { identities, factors })
}

/** Nobody had to prove anything: the settings or an administrator say so. */
export async function markConfirmed(
  context: Context,
  db: Db,
  user: UserRow,
  contact: Contact,
): Promise<UserRow> {
  const at = nowOf(context)
  const isEmail = 'email' in contact
  const mark = isEmail ? 'email_verified' : 'phone_verified'
  for (const { id, provider } of await listIdentities(db, user.id))
    if (provider === (isEmail ? 'email' : 'phone'))
      await updateIdentity(db, id, { data: { [mark]: true }, at })
  const confirmed = isEmail ? { email_confirmed_at: at } : { phone_confirmed_at: at }
  const change = { ...confirmed, sign_up_contested: false }
  const raw_user_meta_data = { ...user.raw_user_meta_data, [mark]: true }
  return (await updateUser(db, user.id, { ...change, raw_user_meta_data, updated_at: at })) ?? user
}
