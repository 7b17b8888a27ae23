/**
 * Somebody whom a provider vouches for, but not for the address: the address is asked itself, by letter. The user is there
 * from then on, with nothing proven and joined to nobody; so it is written before the sign-in is refused.
 */
import { type Context, nowOf, within } from './context.ts'
import { EmailNeedsVerification, ProofAskedFor, UserBanned } from './errors.ts'
import { createExternal, isUnproven, isVouchedFor, mayComeIn, type Vouched } from './external.ts'
import { isTooSoon, type Letter, sendLetter, writeLetter } from './letters.ts'
import { isBanned } from './sign-in.ts'
import { findIdentity } from './store/identities.ts'
import type { Db, UserRow } from './store/rows.ts'
import { findUserByEmail, lockIdentifier, lockUser } from './store/users.ts'

/**
 * Before the sign-in itself, and in a transaction of its own.
 * @throws ProofAskedFor; EmailNeedsVerification where nobody is asked; SignupDisabled, UserBanned, OverEmailRate
 */
export async function askForProof(context: Context, vouched: Vouched, redirectTo: string): Promise<void> {
  const { provider, request } = vouched
  // Then nobody has to prove anything.
  if (context.project.settings().email.autoconfirm) return
  const asked = await within(context, async (tx): Promise<{ user: UserRow; letter?: Letter } | undefined> => {
    const user = await unprovenOf(context, tx, vouched)
    if (!user?.email) return undefined
    if (isTooSoon(context, user.confirmation_sent_at)) return { user }
    const order = { type: 'signup' as const, user, to: user.email, redirectTo }
    return { user, letter: await writeLetter(context, tx, order) }
  })
  if (!asked) return
  if (asked.letter) await sendLetter(context, asked.letter, request.signal)
  if (!mayComeIn(context, asked.user)) throw ProofAskedFor(provider)
}

/** @returns undefined where there is nothing to prove, or the sign-in itself proves it. */
async function unprovenOf(context: Context, db: Db, vouched: Vouched): Promise<UserRow | undefined> {
  const { provider, person } = vouched
  await lockIdentifier(db, `${provider} ${person.sub}`)
  const identity = await findIdentity(db, { provider, providerId: person.sub })
  if (!identity) return newcomerOf(context, db, vouched)
  const user = await lockUser(db, identity.user_id)
  if (!user || !isUnproven(user) || isVouchedFor(user, person)) return undefined
  if (isBanned(user, nowOf(context))) throw UserBanned()
  return user
}

async function newcomerOf(context: Context, db: Db, vouched: Vouched): Promise<UserRow | undefined> {
  const { provider, person } = vouched
  const email = person.email?.toLowerCase() ?? null
  if (email === null || person.emailVerified) return undefined
  await lockIdentifier(db, email)
  // Whose it is there is not for this provider to say.
  if (await findUserByEmail(db, email)) throw EmailNeedsVerification(provider)
  return createExternal(context, db, { ...vouched, email })
}
