/** A factor goes: with it what it was good for. */
import { credentialChanged } from '../credentials.ts'
import { deleteFactor, replaceRecoveryCodes } from '../store/factors.ts'
import { listFactors } from '../store/identities.ts'
import type { Db, FactorRow } from '../store/rows.ts'
import { lowerSessions } from '../store/sessions.ts'
import { isVerified } from './enroll.ts'

/** @param by the session of who takes it away; null when that is an administrator. */
export async function dropFactor(
  db: Db,
  factor: FactorRow,
  { at, by }: { at: Date; by: string | null },
): Promise<void> {
  await deleteFactor(db, factor.id)
  if (isVerified(factor)) await credentialChanged(db, { userId: factor.user_id, by })
  await lowerSessions(db, factor.id, at)
  const isLast = !(await listFactors(db, factor.user_id)).some(isVerified)
  // Codes stand in for a factor; without one they would be in the way of the next.
  if (isLast) await replaceRecoveryCodes(db, factor.user_id, { hashes: [], at })
}
