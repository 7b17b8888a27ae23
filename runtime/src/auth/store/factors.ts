/** Second factors, as rows. */
import { randomUUID } from 'node:crypto'
import type { Db, FactorRow, Json } from './rows.ts'

export type NewFactor = {
  id: string
  userId: string
  type: FactorRow['factor_type']
  name: string
  secret: string | null
  phone: string | null
  at: Date
}

export const makeFactorId = (): string => randomUUID()

export async function insertFactor(db: Db, factor: NewFactor): Promise<FactorRow> {
  const { id, userId, type, name, secret, phone, at } = factor
  const [row] = await db<FactorRow[]>`
    insert into auth.mfa_factors (id, user_id, friendly_name, factor_type, status, secret, phone, created_at, updated_at)
    values (${id}, ${userId}, ${name}, ${type}, 'unverified', ${secret}, ${phone}, ${at}, ${at})
    returning *`
  if (!row) throw new Error('an insert returned no row')
  return row
}

export async function findFactor(
  db: Db,
  { id, userId }: { id: string; userId: string },
): Promise<FactorRow | undefined> {
  const [row] = await db<FactorRow[]>`
    select * from auth.mfa_factors where id = ${id} and user_id = ${userId}`
  return row
}

/** Locked: of two answers at once one waits for the other. */
export async function lockFactor(
  db: Db,
  { id, userId }: { id: string; userId: string },
): Promise<FactorRow | undefined> {
  const [row] = await db<FactorRow[]>`
    select * from auth.mfa_factors where id = ${id} and user_id = ${userId} for update`
  return row
}

export type FactorChange = Partial<
  Pick<FactorRow, 'status' | 'friendly_name' | 'secret' | 'phone' | 'last_challenged_at' | 'last_totp_step'>
>

export async function updateFactor(
  db: Db,
  id: string,
  change: FactorChange & { updated_at: Date },
): Promise<FactorRow | undefined> {
  const [row] = await db<FactorRow[]>`
    update auth.mfa_factors set ${db(change as never)} where id = ${id} returning *`
  return row
}

export async function keepCredential(
  db: Db,
  id: string,
  { credential, aaguid }: { credential: Json; aaguid: string | null },
): Promise<void> {
  await db`
    update auth.mfa_factors
    set web_authn_credential = ${db.json(credential as never)}, web_authn_aaguid = coalesce(${aaguid}, web_authn_aaguid)
    where id = ${id}`
}

/** Their challenges go with them. */
export async function deleteFactor(db: Db, id: string): Promise<void> {
  await db`delete from auth.mfa_factors where id = ${id}`
}

/** @param before enrolled earlier than this; all when absent. */
export async function deleteUnverifiedFactors(
  db: Db,
  userId: string,
  which: { type?: FactorRow['factor_type']; phone?: string; before?: Date } = {},
): Promise<void> {
  const { type = null, phone = null, before = null } = which
  await db`
    delete from auth.mfa_factors
    where user_id = ${userId} and status = 'unverified'
      and (${type}::auth.factor_type is null or factor_type = ${type}::auth.factor_type)
      and (${phone}::text is null or phone = ${phone}::text)
      and (${before}::timestamptz is null or created_at < ${before}::timestamptz)`
}

export async function replaceRecoveryCodes(
  db: Db,
  userId: string,
  { hashes, at }: { hashes: readonly string[]; at: Date },
): Promise<void> {
  await db`delete from auth.mfa_recovery_codes where user_id = ${userId}`
  for (const hash of hashes)
    await db`insert into auth.mfa_recovery_codes (user_id, code_hash, created_at) values (${userId}, ${hash}, ${at})`
}

/** @returns whether it was there: it is gone now. */
export async function takeRecoveryCode(db: Db, userId: string, hash: string): Promise<boolean> {
  const taken = await db`
    delete from auth.mfa_recovery_codes where user_id = ${userId} and code_hash = ${hash}`
  return taken.count > 0
}
