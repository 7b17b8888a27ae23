/** Challenges of second factors: one question each, answered once. */
import { randomUUID } from 'node:crypto'
import type { Db, Json } from './rows.ts'

export type ChallengeRow = {
  id: string
  factor_id: string
  created_at: Date
  verified_at: Date | null
  /** Sealed. */
  otp_code: string | null
  web_authn_session_data: Json | null
  /** Wrong answers. */
  attempts: number
  /** It was asked for from where it is answered. */
  is_same_address: boolean
}

export type NewChallenge = {
  id: string
  factorId: string
  address: string
  otp?: string
  webauthn?: Json
  at: Date
}

export const makeChallengeId = (): string => randomUUID()

export async function insertChallenge(db: Db, challenge: NewChallenge): Promise<void> {
  const { id, factorId, address, otp = null, webauthn, at } = challenge
  await db`
    insert into auth.mfa_challenges (id, factor_id, created_at, ip_address, otp_code, web_authn_session_data)
    values (${id}, ${factorId}, ${at}, ${address}, ${otp}, ${webauthn === undefined ? null : db.json(webauthn as never)})`
}

/** Locked until the transaction ends. */
export async function lockChallenge(
  db: Db,
  { id, factorId, address }: { id: string; factorId: string; address: string },
): Promise<ChallengeRow | undefined> {
  const [row] = await db<ChallengeRow[]>`
    select *, ip_address = ${address}::inet as is_same_address from auth.mfa_challenges
    where id = ${id} and factor_id = ${factorId} for update`
  return row
}

export async function countWrongAnswer(db: Db, id: string): Promise<void> {
  await db`update auth.mfa_challenges set attempts = attempts + 1 where id = ${id}`
}

export async function closeChallenge(db: Db, id: string, at: Date): Promise<void> {
  await db`update auth.mfa_challenges set verified_at = ${at} where id = ${id}`
}

export async function deleteChallenge(db: Db, id: string): Promise<void> {
  await db`delete from auth.mfa_challenges where id = ${id}`
}

export async function deleteOldChallenges(db: Db, factorId: string, before: Date): Promise<void> {
  await db`delete from auth.mfa_challenges where factor_id = ${factorId} and created_at < ${before}`
}
