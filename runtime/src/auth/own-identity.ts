/** The identity that stands for an address or a number itself, and says what it is; and what an account says of all. */
import { insertIdentity, listIdentities, updateIdentity } from './store/identities.ts'
import type { Db, IdentityRow, Json, UserRow } from './store/rows.ts'
import { updateUser } from './store/users.ts'

/** Of a provider: the address and the number themselves are whoever's has them. */
export const isForeign = ({ provider }: IdentityRow): boolean => provider !== 'email' && provider !== 'phone'

/** For `app_metadata`. */
export const providersOf = (identities: readonly IdentityRow[]) => {
  const providers = [...new Set(identities.map(({ provider }) => provider))]
  return { provider: providers[0] ?? '', providers }
}

type OwnIdentity = { user: UserRow; provider: 'email' | 'phone'; data: Json; at: Date }

/** @returns the user as it is then. */
export async function keepOwnIdentity(db: Db, order: OwnIdentity): Promise<UserRow> {
  const { user, provider, data, at } = order
  const identities = await listIdentities(db, user.id)
  const own = identities.find((each) => each.provider === provider)
  if (own) {
    await updateIdentity(db, own.id, { data, at })
    return user
  }
  const full = { sub: user.id, ...data }
  const made = await insertIdentity(db, { userId: user.id, provider, providerId: user.id, data: full, at })
  const raw_app_meta_data = { ...user.raw_app_meta_data, ...providersOf([...identities, made]) }
  return (await updateUser(db, user.id, { raw_app_meta_data, updated_at: at })) ?? user
}
