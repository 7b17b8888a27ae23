/**
 * What follows whenever something changes that somebody signs in with: everybody else is signed out, as it may be because
 * of them that it changes; letters that were sent before open nothing any more, and another address or number that was
 * wanted before is wanted no more.
 */
import { dropIssuedCodes } from './store/flow-states.ts'
import { withdrawCodes } from './store/oauth-authorizations.ts'
import { dropOneTimeTokens } from './store/one-time-tokens.ts'
import type { Db, OneTimeKind } from './store/rows.ts'
import { deleteSessions } from './store/sessions.ts'
import { dropWanted, lockUser } from './store/users.ts'

/** Those that sign in, or stand for a sign-in. */
const LETTERS: readonly OneTimeKind[] = ['recovery_token', 'confirmation_token', 'reauthentication_token']
/** Those that would change the address or the number. */
const CHANGES: readonly OneTimeKind[] = [
  ...(['email_change_token_current', 'email_change_token_new', 'phone_change_token'] as const),
]

/** @param by the session in which it changed; null where a new one follows, or somebody else changed it. */
export async function credentialChanged(
  db: Db,
  { userId, by }: { userId: string; by: string | null },
): Promise<void> {
  await signOut(db, userId, by)
  await dropOneTimeTokens(db, userId, LETTERS)
}

/**
 * Ends every session of a user but that one, the codes that would begin another, and changes of address that one of them
 * may have asked for. Codes first: whoever is just
 * exchanging one has its session by then, and that ends with the others. The user is locked before all of them, as by
 * everybody who takes more than one row of a user's: users, then codes and flows, then sessions.
 * @param db a transaction
 * @returns how many sessions ended.
 */
export async function signOut(db: Db, userId: string, except: string | null = null): Promise<number> {
  await lockUser(db, userId)
  await dropOneTimeTokens(db, userId, CHANGES)
  await dropWanted(db, userId)
  await withdrawCodes(db, userId)
  await dropIssuedCodes(db, userId)
  return deleteSessions(db, userId, except === null ? {} : { except })
}
