/**
 * Proof comes back: by code with the address it was sent to, or by the digest that stands in a link. Each counts once, and a
 * code only for so many guesses.
 */
import { type Context, nowOf, within } from './context.ts'
import { credentialChanged } from './credentials.ts'
import { EmailExists, LinkExpired, OtpExpired, PhoneExists, UserOfProofBanned } from './errors.ts'
import { PKCE_MARK } from './letters.ts'
import { type AuthRequest, addressOf } from './request.ts'
import { digestOtp } from './secrets.ts'
import { isBanned } from './sign-in.ts'
import { bareOf, type Contact, findByContact, forget } from './sign-up.ts'
import { insertAudit } from './store/audit.ts'
import { listIdentities, updateIdentity } from './store/identities.ts'
import {
  countMiss,
  dropOneTimeTokens,
  findOneTimeTokenByHash,
  listOneTimeTokens,
} from './store/one-time-tokens.ts'
import type { Db, OneTimeKind, OneTimeRow, UserRow } from './store/rows.ts'
import { findUserByEmail, findUserByPhone, lockUser, type UserChange, updateUser } from './store/users.ts'
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
    case 'email_change_token_new':
      return settleEmailChange(context, db, settling)
    case 'phone_change_token':
      return { user: await settlePhoneChange(context, db, user), kind: row.token_type }
    default: {
      const byPhone = !row.relates_to.includes('@')
      const confirmed = await confirm(context, db, { ...settling, byPhone })
      return { user: confirmed, kind: row.token_type }
    }
  }
}

/**
 * The contact is the user's from now on. A password that was set before, by whoever, counts on only where it is the
 * sign-up itself that is confirmed: else what came before the proof is nobody's, and goes.
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
  const wasElsewhere = user.email_confirmed_at !== null || user.phone_confirmed_at !== null
  const isOwned = isOwnSignUp || wasElsewhere
  if (!isOwned) await forget(db, user.id)
  const mark = byPhone ? 'phone_verified' : 'email_verified'
  const change: UserChange = {
    ...(byPhone ? { phone_confirmed_at: at } : { email_confirmed_at: at }),
    ...(isOwned ? {} : { encrypted_password: null }),
    raw_user_meta_data: {
      ...(isOwned && !user.sign_up_contested ? user.raw_user_meta_data : bareOf(user)),
      [mark]: true,
    },
    sign_up_contested: false,
    is_anonymous: false,
  }
  const changed = (await updateUser(db, user.id, { ...change, updated_at: at })) ?? user
  for (const { id, provider } of await listIdentities(db, user.id))
    if (provider === (byPhone ? 'phone' : 'email'))
      await updateIdentity(db, id, { data: { [mark]: true }, at })
  const action = user.invited_at === null ? 'user_signedup' : 'invite_accepted'
  await insertAudit(db, { action, actor: changed, at, ip: addressOf(request) })
  return changed
}

async function settleEmailChange(
  context: Context,
  db: Db,
  { user, row, request }: Settling,
): Promise<Settled> {
  const email = user.email_change
  if (!email) throw LinkExpired()
  const at = nowOf(context)
  const isDouble = context.project.settings().email.secureChange && user.email !== null && user.email !== ''
  if (isDouble && (user.email_change_confirm_status ?? 0) === 0) {
    const half = { email_change_confirm_status: 1, updated_at: at }
    return { user: (await updateUser(db, user.id, half)) ?? user, isHalf: true }
  }
  const other = await findUserByEmail(db, email)
  if (other && other.id !== user.id) throw EmailExists()
  const changed = await updateUser(db, user.id, {
    ...{
      email,
      email_change: '',
      email_change_confirm_status: 0,
      email_confirmed_at: at,
      is_anonymous: false,
    },
    raw_user_meta_data: { ...user.raw_user_meta_data, email, email_verified: true },
    updated_at: at,
  })
  await dropOneTimeTokens(db, user.id, ['email_change_token_current', 'email_change_token_new'])
  await credentialChanged(db, { userId: user.id, by: null })
  await keepOwnIdentity(db, { user, provider: 'email', data: { email, email_verified: true }, at })
  await insertAudit(db, { action: 'user_modified', actor: user, at, ip: addressOf(request) })
  return { user: changed ?? user, kind: row.token_type }
}

async function settlePhoneChange(context: Context, db: Db, user: UserRow): Promise<UserRow> {
  const phone = user.phone_change
  if (!phone) throw OtpExpired()
  const other = await findUserByPhone(db, phone)
  if (other && other.id !== user.id) throw PhoneExists()
  const at = nowOf(context)
  const changed = await updateUser(db, user.id, {
    ...{ phone, phone_change: '', phone_confirmed_at: at, is_anonymous: false, updated_at: at },
  })
  await credentialChanged(db, { userId: user.id, by: null })
  await keepOwnIdentity(db, { user, provider: 'phone', data: { phone, phone_verified: true }, at })
  return changed ?? user
}

type OwnIdentity = { user: UserRow; provider: 'email' | 'phone'; data: Record<string, unknown>; at: Date }

async function keepOwnIdentity(db: Db, { user, provider, data, at }: OwnIdentity): Promise<void> {
  const own = (await listIdentities(db, user.id)).find((each) => each.provider === provider)
  if (own) return updateIdentity(db, own.id, { data, at })
  const identity = { sub: user.id, ...data }
  await db`
    insert into auth.identities (user_id, provider, provider_id, identity_data, last_sign_in_at, created_at, updated_at)
    values (${user.id}, ${provider}, ${user.id}, ${db.json(identity as never)}, ${at}, ${at}, ${at})`
  const providers = (user.raw_app_meta_data?.providers as string[] | undefined) ?? []
  const app = { ...user.raw_app_meta_data, provider, providers: [...new Set([...providers, provider])] }
  await updateUser(db, user.id, { raw_app_meta_data: app, updated_at: at })
}
