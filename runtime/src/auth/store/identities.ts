/** Identities: by which provider a user is known, and as whom. */
import type { Db, FactorRow, IdentityRow, Json } from './rows.ts'

export async function listIdentities(db: Db, userId: string): Promise<IdentityRow[]> {
  return db<IdentityRow[]>`
    select * from auth.identities where user_id = ${userId} order by created_at, provider`
}

export async function findIdentity(
  db: Db,
  { provider, providerId }: { provider: string; providerId: string },
): Promise<IdentityRow | undefined> {
  const [row] = await db<IdentityRow[]>`
    select * from auth.identities where provider = ${provider} and provider_id = ${providerId}`
  return row
}

type NewIdentity = { userId: string; provider: string; providerId: string; data: Json; at: Date }

export async function insertIdentity(db: Db, identity: NewIdentity): Promise<IdentityRow> {
  const { userId, provider, providerId, data, at } = identity
  const [row] = await db<IdentityRow[]>`
    insert into auth.identities (user_id, provider, provider_id, identity_data, last_sign_in_at, created_at, updated_at)
    values (${userId}, ${provider}, ${providerId}, ${db.json(data as never)}, ${at}, ${at}, ${at})
    returning *`
  if (!row) throw new Error('an insert returned no row')
  return row
}

export async function updateIdentity(
  db: Db,
  id: string,
  { data, at }: { data: Json; at: Date },
): Promise<void> {
  await db`
    update auth.identities
    set identity_data = identity_data || ${db.json(data as never)}, last_sign_in_at = ${at}, updated_at = ${at}
    where id = ${id}`
}

/** Nothing that was said of it before remains. */
export async function blankIdentity(db: Db, id: string, data: Json): Promise<void> {
  await db`update auth.identities set identity_data = ${db.json(data as never)} where id = ${id}`
}

/** @param provider all of the user's when absent. */
export async function deleteIdentities(
  db: Db,
  userId: string,
  keep: (identity: IdentityRow) => boolean,
): Promise<void> {
  const gone = (await listIdentities(db, userId)).filter((each) => !keep(each)).map(({ id }) => id)
  if (gone.length > 0) await db`delete from auth.identities where id in ${db(gone)}`
}

export async function listFactors(db: Db, userId: string): Promise<FactorRow[]> {
  return db<FactorRow[]>`select * from auth.mfa_factors where user_id = ${userId} order by created_at`
}
