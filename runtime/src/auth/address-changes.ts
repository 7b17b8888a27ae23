/**
 * A new address or number of somebody who is there already. Until it is proven it is only wanted: it goes with whatever
 * else changes (`credentials.ts`), for whoever wanted it may be whom the change shuts out.
 */
import { type Context, nowOf } from './context.ts'
import { credentialChanged } from './credentials.ts'
import {
  EmailExists,
  EmailNotProven,
  LinkExpired,
  OtpExpired,
  PhoneExists,
  PhoneNotProven,
} from './errors.ts'
import type { Challenge } from './flow.ts'
import { isNobodys } from './forget.ts'
import { type Letter, writeLetter } from './letters.ts'
import { keepOwnIdentity } from './own-identity.ts'
import { type AuthRequest, addressOf } from './request.ts'
import { type Code, writeCode } from './sms-codes.ts'
import { insertAudit } from './store/audit.ts'
import { dropOneTimeTokens } from './store/one-time-tokens.ts'
import type { Db, OneTimeKind, OneTimeRow, UserRow } from './store/rows.ts'
import { findUserByEmail, findUserByPhone, updateUser } from './store/users.ts'

export type ChangeKind = Extract<OneTimeKind, `email_change_token_${string}`>

/**
 * Which half of a double confirmation is proven, in `email_change_confirm_status`. GoTrue counts halves: whoever has one
 * mailbox could prove it twice.
 */
const HALVES: Readonly<Record<ChangeKind, number>> = {
  email_change_token_new: 1,
  email_change_token_current: 2,
}
const BOTH = 3
const KINDS = Object.keys(HALVES) as ChangeKind[]

const isDoubleFor = ({ project }: Context, user: UserRow): boolean =>
  project.settings().email.secureChange && user.email !== null && user.email !== ''

/** Nothing has to be proven by who has no address yet, where the settings say so: it is like signing up. */
export const takesEmailAtOnce = ({ project }: Context, user: UserRow): boolean =>
  project.settings().email.autoconfirm && user.is_anonymous

type Wanted = { user: UserRow; redirectTo: string; challenge: Challenge | undefined }
type Asking = { user: UserRow; by: string; request: AuthRequest }

/** @throws EmailExists, PhoneNotProven, OverEmailRate */
export async function askForEmail(
  context: Context,
  db: Db,
  { email, by, request, ...wanted }: Wanted & Asking & { email: string },
): Promise<Letter[]> {
  const { user } = wanted
  await assertEmailFree(db, user, email)
  // Whoever holds the new one would own the account, and the number be theirs to keep from its owner.
  if (user.phone && isNobodys(user)) throw PhoneNotProven()
  if (takesEmailAtOnce(context, user)) {
    await takeEmail(context, db, { user, email, by, request })
    return []
  }
  return writeChangeLetters(context, db, { ...wanted, email })
}

/** To all who have to agree; what was proven before counts no more. @param db a transaction that has the user locked. */
export async function writeChangeLetters(
  context: Context,
  db: Db,
  { user, email, redirectTo, challenge }: Wanted & { email: string },
): Promise<Letter[]> {
  const pending = { email_change: email, email_change_confirm_status: 0, updated_at: nowOf(context) }
  const changing = (await updateUser(db, user.id, pending)) ?? user
  await dropOneTimeTokens(db, user.id, KINDS)
  const common = { type: 'email_change' as const, user: changing, redirectTo, challenge }
  const letters = [await writeLetter(context, db, { ...common, to: email, token: 'email_change_token_new' })]
  if (user.email && isDoubleFor(context, user)) {
    const current = { ...common, to: user.email, token: 'email_change_token_current' as const }
    letters.push(await writeLetter(context, db, { ...current, ignoresFrequency: true }))
  }
  return letters
}

type Settling = { user: UserRow; row: OneTimeRow; request: AuthRequest }

/** @returns undefined where the other half is still out. @throws LinkExpired, EmailExists */
export async function settleEmailChange(
  context: Context,
  db: Db,
  { user, row, request }: Settling,
): Promise<UserRow | undefined> {
  const email = user.email_change
  const kind = KINDS.find((each) => each === row.token_type)
  const wasSentTo = kind === 'email_change_token_new' ? email : user.email
  // One of an earlier change, or to where it is not any more.
  if (!email || !kind || wasSentTo?.toLowerCase() !== row.relates_to.toLowerCase()) throw LinkExpired()
  const wanted = isDoubleFor(context, user) ? BOTH : HALVES.email_change_token_new
  const proven = (user.email_change_confirm_status ?? 0) | HALVES[kind]
  if ((proven & wanted) !== wanted) {
    await updateUser(db, user.id, { email_change_confirm_status: proven, updated_at: nowOf(context) })
    return undefined
  }
  return takeEmail(context, db, { user, email, by: null, request })
}

async function assertEmailFree(db: Db, user: UserRow, email: string): Promise<void> {
  const other = await findUserByEmail(db, email)
  if (other && other.id !== user.id) throw EmailExists()
}

type Taking = { user: UserRow; by: string | null; request: AuthRequest }

/** @param by the session in which it was settled; null where a new one follows. @throws EmailExists */
async function takeEmail(
  context: Context,
  db: Db,
  { user, email, by, request }: Taking & { email: string },
): Promise<UserRow> {
  await assertEmailFree(db, user, email)
  const at = nowOf(context)
  await credentialChanged(db, { userId: user.id, by })
  const told = { email, email_verified: true }
  const changed = await updateUser(db, user.id, {
    ...{ email, email_confirmed_at: at, is_anonymous: false, updated_at: at },
    raw_user_meta_data: { ...user.raw_user_meta_data, ...told },
  })
  await insertAudit(db, { action: 'user_modified', actor: user, at, ip: addressOf(request) })
  return keepOwnIdentity(db, { user: changed ?? user, provider: 'email', data: told, at })
}

/** @throws PhoneExists, EmailNotProven, OverSmsRate */
export async function askForPhone(
  context: Context,
  db: Db,
  { user, phone, channel, by }: Omit<Asking, 'request'> & { phone: string; channel: string | undefined },
): Promise<Code | undefined> {
  await assertPhoneFree(db, user, phone)
  if (user.email && isNobodys(user)) throw EmailNotProven()
  // As GoTrue has it, of permanent users too: such a project need have no way to send a code.
  if (context.project.settings().phone.autoconfirm) {
    await takePhone(context, db, { user, phone, by })
    return undefined
  }
  const changing =
    (await updateUser(db, user.id, { phone_change: phone, updated_at: nowOf(context) })) ?? user
  return writeCode(context, db, { user: changing, to: phone, kind: 'phone_change_token', channel })
}

/** @throws OtpExpired, PhoneExists */
export async function settlePhoneChange(
  context: Context,
  db: Db,
  { user, row }: Omit<Settling, 'request'>,
): Promise<UserRow> {
  const phone = user.phone_change
  // A number that is proven would make whoever has it the owner of an address that nobody has proven.
  const isClaim = Boolean(user.email) && isNobodys(user)
  if (!phone || phone !== row.relates_to || isClaim) throw OtpExpired()
  return takePhone(context, db, { user, phone, by: null })
}

async function assertPhoneFree(db: Db, user: UserRow, phone: string): Promise<void> {
  const other = await findUserByPhone(db, phone)
  if (other && other.id !== user.id) throw PhoneExists()
}

async function takePhone(
  context: Context,
  db: Db,
  { user, phone, by }: Omit<Taking, 'request'> & { phone: string },
): Promise<UserRow> {
  await assertPhoneFree(db, user, phone)
  const at = nowOf(context)
  await credentialChanged(db, { userId: user.id, by })
  const told = { phone, phone_verified: true }
  const changed = await updateUser(db, user.id, {
    ...{ phone, phone_confirmed_at: at, is_anonymous: false, updated_at: at },
    raw_user_meta_data: { ...user.raw_user_meta_data, ...told },
  })
  return keepOwnIdentity(db, { user: changed ?? user, provider: 'phone', data: told, at })
}
