/** The factor a path names, and from where a challenge is asked for and answered. */
import { isIP } from 'node:net'
import { isUuid } from '../access.ts'
import { type AuthRequest, addressOf } from '../request.ts'
import { lockFactor } from '../store/factors.ts'
import type { Db, FactorRow } from '../store/rows.ts'
import { FactorIdInvalid, FactorNotFound } from './errors.ts'

/**
 * Locked, when it is called in a transaction.
 * @throws FactorIdInvalid, FactorNotFound: also for what is another user's.
 */
export async function factorOf(
  db: Db,
  { id, userId }: { id: string | undefined; userId: string },
): Promise<FactorRow> {
  if (!isUuid(id)) throw FactorIdInvalid()
  const factor = await lockFactor(db, { id, userId })
  if (!factor) throw FactorNotFound()
  return factor
}

/** The column takes nothing but addresses, and is never empty. */
const NOWHERE = '0.0.0.0'

export function challengeAddressOf(request: AuthRequest): string {
  const address = addressOf(request)?.split('%')[0] ?? ''
  return isIP(address) === 0 ? NOWHERE : address
}
