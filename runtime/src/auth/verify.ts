/**
 * Proof comes back: by code with the address it was sent to, or by the digest that stands in a link. Each counts once, and a
 * code only for so many guesses.
 */
import { settleEmailChange, settlePhoneChange } from './address-changes.ts'
import { type Context, nowOf, within } from './context.ts'
import { LinkExpired, OtpExpired, UserOfProofBanned } from './errors.ts'
import { bareOf, forget, isNobodys } from './forget.ts'
import { PKCE_MARK } from './letters.ts'
import { keepOwnIdentity } from './own-identity.ts'
import { type AuthRequest, addressOf } from './request.ts'
import { digestOtp } from './secrets.ts'
import { isBanned } from './sign-in.ts'
import { type Contact, findByContact } from './sign-up.ts'
import { insertAudit } from './store/audit.ts'
import { listIdentities } from './store/identities.ts'
import { countMiss, findOneTimeTokenByHash, listOneTimeTokens } from './store/one-time-tokens.ts'
import type { Db, OneTimeKind, OneTimeRow, UserRow } from './store/rows.ts'
import { lockUser, type UserChange, updateUser } from './store/users.ts'
import { unlockProven } from './unlock.ts'

export type VerifyType =
  | 'signup'
  | 'invite'
  | 'magiclink'
  | 'recovery'
  | 'email_change'
  | 'email'
  | 'sms'
  | 'phone_change'

export const VERIFY_TYPES = [
  ...(['signup', 'invite', 'magiclink', 'recovery'] as const),
  ...(['email_change', 'email', 'sms', 'phone_change'] as const),
]

const KINDS: Readonly<Record<VerifyType, readonly OneTimeKind[]>> = {
  signup: ['confirmation_token'],
  invite: ['confirmation_token'],
  magiclink: ['recovery_token', 'confirmation_token'],
  recovery: ['recovery_token'],
  email_change: ['email_change_token_current', 'email_change_token_new'],
  email: ['confirmation_token', 'recovery_token'],
  sms: ['confirmation_token'],
  phone_change: ['phone_change_token'],
}

/** Wrong guesses of one code. */
export const ATTEMPTS_MAX = 5

export type Proof = { type: VerifyType } & ({ hash: string } | { contact: Contact; code: string })

export type Verified =
  | { user: UserRow; isPkce: boolean; kind: OneTimeKind }
  /** Of a double confirmation the other half is still out. */
  | { user: UserRow; isPkce: boolean; isHalf: true }

/** @throws OtpExpired, LinkExpired, UserOfProofBanned */
export async function verify(context: Context, proof: Proof, request: AuthRequest): Promise<Verified> {
  const found = await within(context, (tx) => take(context, tx, proof))
  // Outside: a wrong guess that was counted must stay so.
  if (found === undefined) throw 'hash' in proof ? LinkExpired() : OtpExpired()
  const verified = await within(context, async (tx): Promise<Verified> => {
    const user = await lockUser(tx, found.user_id)
    if (!user) throw 'hash' in proof ? LinkExpired() : OtpExpired()
    if (isBanned(user, nowOf(context))) throw UserOfProofBanned()
    const isPkce = found.token_hash.startsWith(PKCE_MARK)
    const settled = await settle(context, tx, { user, row: found, type: proof.type, request })
    return { ...settled, isPkce }
  })
  if (!('isHalf' in verified)) await unlockProven(context, verified.user, request)
  return verified
}

/** The row that the proof is of, taken from the table. */
async function take(context: Context, db: Db, proof: Proof): Promise<OneTimeRow | undefined> {
  const kinds = KINDS[proof.type]
  if ('hash' in proof) {
    const row = await findOneTimeTokenByHash(db, proof.hash, kinds)
    return row && (await spend(context, db, row))
  }
  const user = await userOfProof(db, proof)
  if (!user) return undefined
  const digest = digestOtp('email' in proof.contact ? proof.contact.email : proof.contact.phone, proof.code)
  const rows = await listOneTimeTokens(db, user.id, kinds)
  const row = rows.find(({ token_hash: hash }) => hash === digest || hash === `${PKCE_MARK}${digest}`)
  if (row) return spend(context, db, row)
  await countMiss(
    db,
    rows.map(({ id }) => id),
    ATTEMPTS_MAX,
  )
  return undefined
}

/** A change of address is proven by whoever has the new one: it is no user's yet. */
async function userOfProof(db: Db, { type, contact }: { type: VerifyType; contact: Contact }) {
  const known = await findByContact(db, contact)
  if (known || (type !== 'email_change' && type !== 'phone_change')) return known
  const [row] =
    'email' in contact
      ? await db<UserRow[]>`
          select * from auth.users where lower(email_change) = ${contact.email} and deleted_at is null limit 1`
      : await db<UserRow[]>`
          select * from auth.users where phone_change = ${contact.phone} and deleted_at is null limit 1`
  return row
}

async function spend(context: Context, db: Db, row: OneTimeRow): Promise<OneTimeRow | undefined> {
  const { email, phone } = context.project.settings()
  const lifetimeS = row.relates_to.includes('@') ? email.otpExpiryS : phone.otpExpiryS
  await db`delete from auth.one_time_tokens where id = ${row.id}`
  const age = context.clock.now() - row.created_at.getTime()
  return age > lifetimeS * 1000 ? undefined : row
}

type Settling = { user: UserRow; row: OneTimeRow; type: VerifyType; request: AuthRequest }
type Settled = { user: UserRow; kind: OneTimeKind } | { user: UserRow; isHalf: true }

async function settle(context: Context, db: Db, settling: Settling): Promise<Settled> {
  const { user, row } = settling
  switch (row.token_type) {
    case 'email_change_token_current':
    case 'email_change_token_new': {
      const changed = await settleEmailChange(context, db, settling)
      return changed ? { user: changed, kind: row.token_type } : { user, isHalf: true }
    }
    case 'phone_change_token':
      return { user: await settlePhoneChange(context, db, settling), kind: row.token_type }
    default: {
      const byPhone = !row.relates_to.includes('@')
      const confirmed = await confirm(context, db, { ...settling, byPhone })
      return { user: confirmed, kind: row.token_type }
    }
  }
}

/**
 * The contact is the user's from now on. What was there before, of whomever, counts on only where it is the sign-up itself
 * that is confirmed, and nobody else can have had a hand in it: else it is nobody's, and goes.
 */
async function confirm(
  context: Context,
  db: Db,
  { user, row, type, request, byPhone }: Settling & { byPhone: boolean },
): Promise<UserRow> {
  const isNew = byPhone ? user.phone_confirmed_at === null : user.email_confirmed_at === null
  if (!isNew) return user
  const at = nowOf(context)
  const isOwnSignUp = row.token_type === 'confirmation_token' && type !== 'invite' && user.invited_at === null
  const isOwned = !isNobodys(user) || (isOwnSignUp && !user.sign_up_contested)
  if (!isOwned) await forget(db, user, { at })
  const mark = byPhone ? 'phone_verified' : 'email_verified'
  const change: UserChange = {
    ...(byPhone ? { phone_confirmed_at: at } : { email_confirmed_at: at }),
    ...(isOwned ? {} : { encrypted_password: null }),
    raw_user_meta_data: { ...(isOwned ? user.raw_user_meta_data : bareOf(user)), [mark]: true },
    sign_up_contested: false,
    is_anonymous: false,
  }
  const changed = (await updateUser(db, user.id, { ...change, updated_at: at })) ?? user
  await markIdentity(db, { user: changed, byPhone, at })
  const action = user.invited_at === null ? 'user_signedup' : 'invite_accepted'
  await insertAudit(db, { action, actor: changed, at, ip: addressOf(request) })
  return changed
}

/** Of a user whom a provider brought there may be none for the address; one who has no other gets it. */
async function markIdentity(
  db: Db,
  { user, byPhone, at }: { user: UserRow; byPhone: boolean; at: Date },
): Promise<void> {
  const provider = byPhone ? 'phone' : 'email'
  const identities = await listIdentities(db, user.id)
  if (identities.length > 0 && !identities.some((each) => each.provider === provider)) return
  const data = { [provider]: user[provider], [`${provider}_verified`]: true }
  await keepOwnIdentity(db, { user, provider, data, at })
}
