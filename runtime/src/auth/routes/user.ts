/** `/user`: the person who is signed in, as it is and as it wants to be. */
import { z } from 'zod'
import { bearerOf, lockPerson, personOf } from '../access.ts'
import { askForEmail, askForPhone, takesEmailAtOnce } from '../address-changes.ts'
import { type Context, nowOf, within } from '../context.ts'
import { credentialChanged } from '../credentials.ts'
import {
  AuthFailure,
  CurrentPasswordInvalid,
  CurrentPasswordRequired,
  InsufficientAal,
  ReauthenticationInvalid,
  ReauthenticationNeeded,
  SamePassword,
} from '../errors.ts'
import { type Challenge, parseChallenge } from '../flow.ts'
import { guardedAs } from '../guard.ts'
import { parseNewEmail, parsePhone } from '../identifiers.ts'
import { countLetter, type Letter, sendLetter, sendLetters, writeLetter } from '../letters.ts'
import { sendNotice } from '../notices.ts'
import {
  type AuthAnswer,
  type AuthRequest,
  addressOf,
  bodyOf,
  flowShape,
  ok,
  optionalData,
  optionalText,
} from '../request.ts'
import { redirectOf } from '../return-to.ts'
import { digestOtp } from '../secrets.ts'
import { assertStrong } from '../sign-up.ts'
import { type Code, sendCode, writeCode } from '../sms-codes.ts'
import { SsoManaged } from '../sso/errors.ts'
import { type AuditEntry, insertAudit } from '../store/audit.ts'
import { listFactors } from '../store/identities.ts'
import { countMiss, dropOneTimeTokens, listOneTimeTokens } from '../store/one-time-tokens.ts'
import type { Db, SessionRow, UserRow } from '../store/rows.ts'
import { lockUser, updateUser } from '../store/users.ts'
import { viewOf, viewOfUser } from '../users.ts'
import { ATTEMPTS_MAX } from '../verify.ts'

export async function getUser(context: Context, request: AuthRequest): Promise<AuthAnswer> {
  const sql = await context.sql()
  const { user } = await bearerOf(context, sql, request)
  return ok(await viewOf(sql, user))
}

const Change = z.object({
  ...{ email: optionalText, phone: optionalText, password: optionalText, channel: optionalText },
  ...{ current_password: optionalText, nonce: optionalText, data: optionalData },
  ...flowShape,
})
type Change = z.infer<typeof Change>

export async function putUser(context: Context, request: AuthRequest): Promise<AuthAnswer> {
  const body = bodyOf(request, Change)
  const { user, session } = await personOf(context, await context.sql(), request)
  const email = body.email === undefined ? undefined : parseNewEmail(body.email)
  const phone = body.phone === undefined ? undefined : parsePhone(body.phone)
  if (user.is_sso_user) assertOwn(user, { email, phone, body })
  await assertStrongEnough(context, { user, session, body })
  const passwordHash = await newPassword(context, { user, session, body }, request)
  const challenge = parseChallenge(body)
  const asked = await within(context, async (tx) => {
    // Whoever was shut out while the password was hashed changes nothing any more.
    const { user: locked } = await lockPerson(context, tx, request)
    const at = nowOf(context)
    if (body.data) {
      const raw_user_meta_data = merged(locked.raw_user_meta_data, body.data)
      await updateUser(tx, user.id, { raw_user_meta_data, updated_at: at })
    }
    if (passwordHash !== undefined)
      await changePassword(context, tx, { user, session, passwordHash, request })
    // After the password: what was wanted before goes with that.
    const wanted = { email, phone, channel: body.channel, challenge }
    const made = await askForBoth(context, tx, { user: locked, session, wanted, request })
    await insertAudit(tx, { action: 'user_modified', actor: user, at, ip: addressOf(request) })
    return made
  })
  if (passwordHash !== undefined) sendNotice(context, { kind: 'password_changed', user })
  if (asked.letters.length > 0 && user.email) await countLetter(context, 'email_change', user.email)
  await sendLetters(context, asked.letters, request.signal)
  if (asked.code) await sendCode(context, asked.code, request.signal)
  return ok(await viewOfUser(context, user.id))
}

type Wanting = {
  user: UserRow
  session: SessionRow
  wanted: {
    email: string | undefined
    phone: string | undefined
    channel: string | undefined
    challenge: Challenge | undefined
  }
  request: AuthRequest
}
type Asked = { letters: Letter[]; code?: Code }

async function askForBoth(context: Context, db: Db, wanting: Wanting): Promise<Asked> {
  const { user: before, session, wanted, request } = wanting
  const { email, phone, channel, challenge } = wanted
  const asked: Asked = { letters: [] }
  const asking = { by: session.id, request }
  const askEmail = async (user: UserRow) => {
    if (email === undefined || email === user.email) return
    const order = { ...asking, user, email, redirectTo: redirectOf(context, request), challenge }
    asked.letters = await askForEmail(context, db, order)
  }
  const askPhone = async (user: UserRow) => {
    if (phone === undefined || phone === user.phone) return
    const code = await askForPhone(context, db, { ...asking, user, phone, channel })
    if (code) asked.code = code
  }
  // What is taken at once comes first, as it takes back what is only wanted.
  const steps = takesEmailAtOnce(context, before) ? [askEmail, askPhone] : [askPhone, askEmail]
  for (const step of steps) await step((await lockUser(db, before.id)) ?? before)
  return asked
}

/** A member that is null goes. */
const merged = (before: object | null, data: object): Record<string, unknown> =>
  Object.fromEntries(Object.entries({ ...before, ...data }).filter(([, value]) => value !== null))

type Wanted = { email: string | undefined; phone: string | undefined; body: Change }

/** What an identity provider says of somebody is the provider's to change. @throws SsoManaged */
function assertOwn(user: UserRow, { email, phone, body }: Wanted): void {
  const isOther = (email ?? user.email) !== user.email || (phone ?? user.phone) !== user.phone
  if (isOther || body.password !== undefined || body.nonce !== undefined) throw SsoManaged()
}

type Judged = { user: UserRow; session: SessionRow; body: Change }

/** Whoever has a second factor shows it before what signs in changes. @throws InsufficientAal */
async function assertStrongEnough(context: Context, { user, session, body }: Judged): Promise<void> {
  if (body.email === undefined && body.phone === undefined && body.password === undefined) return
  const factors = await listFactors(await context.sql(), user.id)
  if (factors.some(({ status }) => status === 'verified') && session.aal !== 'aal2') throw InsufficientAal()
}

const RECENT_MS = 24 * 3_600_000

/** @returns the hash of the new one; undefined when it stays. */
async function newPassword(
  context: Context,
  { user, session, body }: Judged,
  request: AuthRequest,
): Promise<string | undefined> {
  const { password, current_password: current, nonce } = body
  if (password === undefined) return undefined
  const { requireReauthentication, requireCurrent } = context.project.settings().password
  const stored = user.encrypted_password
  if (requireCurrent && stored) {
    if (current === undefined) throw CurrentPasswordRequired()
    await assertCurrent(context, { user, current, stored, request })
  }
  const isOld = context.clock.now() - session.created_at.getTime() > RECENT_MS
  if (requireReauthentication && isOld) {
    if (nonce === undefined) throw ReauthenticationNeeded()
    await spendNonce(context, user, nonce)
  }
  await assertStrong(context, password, request.signal)
  if (stored && (await context.passwords.verify(password, stored)).ok) throw SamePassword()
  return context.passwords.hash(password)
}

type Current = { user: UserRow; current: string; stored: string; request: AuthRequest }

/** Guesses count as those at a sign-in. @throws CurrentPasswordInvalid */
async function assertCurrent(context: Context, { user, current, stored, request }: Current): Promise<void> {
  const account = user.email || user.phone || user.id
  await guardedAs(context, { account, request, refusal: CurrentPasswordInvalid.code }, async () => {
    if (!(await context.passwords.verify(current, stored)).ok) throw CurrentPasswordInvalid()
  })
}

/** @throws ReauthenticationInvalid */
async function spendNonce(context: Context, user: UserRow, nonce: string): Promise<void> {
  const fits = await within(context, async (tx) => {
    const rows = await listOneTimeTokens(tx, user.id, ['reauthentication_token'])
    const digests = [user.email, user.phone].flatMap((to) => (to ? digestOtp(to, nonce) : []))
    const row = rows.find(({ token_hash: hash }) => digests.includes(hash))
    const { otpExpiryS } = context.project.settings().email
    if (row) await dropOneTimeTokens(tx, user.id, ['reauthentication_token'])
    else
      await countMiss(
        tx,
        rows.map(({ id }) => id),
        ATTEMPTS_MAX,
      )
    return row !== undefined && context.clock.now() - row.created_at.getTime() <= otpExpiryS * 1000
  })
  if (!fits) throw ReauthenticationInvalid()
}

type NewPassword = { user: UserRow; session: SessionRow; passwordHash: string; request: AuthRequest }

async function changePassword(context: Context, db: Db, order: NewPassword): Promise<void> {
  const { user, session, passwordHash, request } = order
  const at = nowOf(context)
  await updateUser(db, user.id, { encrypted_password: passwordHash, updated_at: at })
  await credentialChanged(db, { userId: user.id, by: session.id })
  await insertAudit(db, { action: 'user_updated_password', actor: user, at, ip: addressOf(request) })
}

export async function getReauthenticate(context: Context, request: AuthRequest): Promise<AuthAnswer> {
  const { user } = await personOf(context, await context.sql(), request)
  const { email, phone } = user
  const asked: AuditEntry = {
    ...{ action: 'user_reauthenticate_requested', actor: user, at: nowOf(context), ip: addressOf(request) },
  }
  if (email && user.email_confirmed_at) {
    const order = {
      type: 'reauthentication' as const,
      user,
      to: email,
      redirectTo: redirectOf(context, request),
    }
    const letter = await within(context, async (tx) => {
      await insertAudit(tx, asked)
      return writeLetter(context, tx, order)
    })
    await sendLetter(context, letter, request.signal)
    return ok({})
  }
  if (phone && user.phone_confirmed_at) {
    const order = { user, to: phone, kind: 'reauthentication_token' as const }
    const code = await within(context, async (tx) => {
      await insertAudit(tx, asked)
      return writeCode(context, tx, order)
    })
    return ok({ message_id: await sendCode(context, code, request.signal) })
  }
  if (email) throw new AuthFailure('email_not_confirmed', 422, 'Please verify your email first.')
  throw new AuthFailure('phone_not_confirmed', 422, 'Please verify your phone first.')
}
