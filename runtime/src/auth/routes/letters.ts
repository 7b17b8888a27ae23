/** `POST /otp`, `/magiclink`, `/recover`, `/resend`: something is sent, and nobody learns whether there is somebody. */
import { z } from 'zod'
import { writeChangeLetters } from '../address-changes.ts'
import { type Context, nowOf, within } from '../context.ts'
import {
  EmailProviderDisabled,
  OtpDisabled,
  PhoneProviderDisabled,
  SignupDisabled,
  ValidationFailed,
} from '../errors.ts'
import { parseChallenge } from '../flow.ts'
import { isNobodys } from '../forget.ts'
import { assertHuman } from '../guard.ts'
import { parseEmail, parsePhone } from '../identifiers.ts'
import { assertLetterDue, type LinkType, orNoLetter, sendLater, writeLetter } from '../letters.ts'
import { isForeign } from '../own-identity.ts'
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
import { autoconfirms, findByContact, signUp, welcome } from '../sign-up.ts'
import { type Code, sendCode, writeCode } from '../sms-codes.ts'
import { insertAudit } from '../store/audit.ts'
import { listIdentities } from '../store/identities.ts'
import type { Db, UserRow } from '../store/rows.ts'
import { findUserByEmail, lockUser } from '../store/users.ts'

const Otp = z.object({
  ...{ email: optionalText, phone: optionalText, channel: optionalText, data: optionalData },
  create_user: z.boolean().nullish(),
  ...flowShape,
})
type Otp = z.infer<typeof Otp>

export async function postOtp(context: Context, request: AuthRequest): Promise<AuthAnswer> {
  const body = bodyOf(request, Otp)
  await assertHuman(context, request, body.gotrue_meta_security)
  if (body.email !== undefined && body.phone !== undefined)
    throw ValidationFailed('Only an email address or phone number should be provided')
  if (body.email !== undefined) return sendMagicLink(context, request, body)
  if (body.phone !== undefined) return sendSmsCode(context, request, body)
  throw ValidationFailed('One of email or phone must be set')
}

export async function postMagicLink(context: Context, request: AuthRequest): Promise<AuthAnswer> {
  const body = bodyOf(request, Otp)
  await assertHuman(context, request, body.gotrue_meta_security)
  return sendMagicLink(context, request, body)
}

/** A user that is new to us gets the letter of a sign-up: the same link, other words. */
async function sendMagicLink(context: Context, request: AuthRequest, body: Otp): Promise<AuthAnswer> {
  const settings = context.project.settings()
  if (!settings.email.enabled || !settings.email.magicLink) throw EmailProviderDisabled()
  const email = parseEmail(body.email ?? '')
  const challenge = parseChallenge(body)
  const redirectTo = redirectOf(context, request)
  const isOpen = body.create_user !== false && !settings.disableSignup
  const asked = { contact: { email }, data: body.data ?? {}, request }
  // Whoever learns that there is nobody is kept from no letter.
  if (!isOpen && !(await findUserByEmail(await context.sql(), email))) throw notOpen(body)
  const welcomed = isOpen ? await welcome(context, asked) : {}
  await assertLetterDue(context, 'recovery', email)
  const letter = await within(context, async (tx) => {
    const known = await findUserByEmail(tx, email)
    if (!known && !isOpen) throw notOpen(body)
    const order = { ...asked, ...welcomed, password: null }
    const isStill = await isStillSignUp(tx, known)
    const user = known && !isStill ? known : await signUp(context, tx, order)
    if (!user) return undefined
    const isNew = (!known || isStill) && user.email_confirmed_at === null && !autoconfirms(context, { email })
    const type: LinkType = isNew ? 'signup' : 'magiclink'
    await insertAudit(tx, {
      ...{ action: 'user_recovery_requested', actor: user, at: nowOf(context), ip: addressOf(request) },
    })
    return writeLetter(context, tx, { type, user, to: email, redirectTo, challenge })
  }).catch(orNoLetter)
  if (letter) sendLater(context, [letter])
  return ok({})
}

const notOpen = ({ create_user: wanted }: Otp) => (wanted === false ? OtpDisabled() : SignupDisabled())

/**
 * One that nobody ever confirmed, and into which nobody has another way, is asked for anew; what has a password or a
 * provider's identity may be somebody else's, and stays until the proof.
 */
async function isStillSignUp(db: Db, known: UserRow | undefined): Promise<boolean> {
  if (!known || !isNobodys(known) || known.encrypted_password !== null || known.sign_up_contested)
    return false
  return !(await listIdentities(db, known.id)).some(isForeign)
}

async function sendSmsCode(context: Context, request: AuthRequest, body: Otp): Promise<AuthAnswer> {
  const settings = context.project.settings()
  if (!settings.phone.enabled) throw PhoneProviderDisabled()
  const phone = parsePhone(body.phone ?? '')
  const isOpen = body.create_user !== false && !settings.disableSignup
  const asked = { contact: { phone }, data: body.data ?? {}, request }
  const welcomed = isOpen ? await welcome(context, asked) : {}
  const code = await within(context, async (tx): Promise<Code | undefined> => {
    const known = await findByContact(tx, { phone })
    if (!known && body.create_user === false) throw OtpDisabled()
    if (!known && settings.disableSignup) throw SignupDisabled()
    const order = { ...asked, ...welcomed, password: null }
    const isStill = await isStillSignUp(tx, known)
    const user = known && !isStill ? known : await signUp(context, tx, order)
    const kind = 'confirmation_token' as const
    const contests = known !== undefined && !isStill
    return user && writeCode(context, tx, { user, to: phone, kind, channel: body.channel, contests })
  })
  return ok({ message_id: code ? await sendCode(context, code, request.signal) : null })
}

const Recover = z.object({ email: optionalText, ...flowShape })

export async function postRecover(context: Context, request: AuthRequest): Promise<AuthAnswer> {
  const body = bodyOf(request, Recover)
  await assertHuman(context, request, body.gotrue_meta_security)
  if (body.email === undefined) throw ValidationFailed('Password recovery requires an email')
  const email = parseEmail(body.email)
  const challenge = parseChallenge(body)
  const redirectTo = redirectOf(context, request)
  await assertLetterDue(context, 'recovery', email)
  const letter = await within(context, async (tx) => {
    const user = await findUserByEmail(tx, email)
    if (!user) return undefined
    await insertAudit(tx, {
      ...{ action: 'user_recovery_requested', actor: user, at: nowOf(context), ip: addressOf(request) },
    })
    return writeLetter(context, tx, { type: 'recovery', user, to: email, redirectTo, challenge })
  }).catch(orNoLetter)
  if (letter) sendLater(context, [letter])
  return ok({})
}

const RESENT = ['signup', 'email_change', 'sms', 'phone_change'] as const
const Resend = z.object({ type: z.enum(RESENT), email: optionalText, phone: optionalText, ...flowShape })

export async function postResend(context: Context, request: AuthRequest): Promise<AuthAnswer> {
  const body = bodyOf(request, Resend)
  await assertHuman(context, request, body.gotrue_meta_security)
  const byMail = body.type === 'signup' || body.type === 'email_change'
  if (byMail && body.email === undefined) throw ValidationFailed('Type provided requires an email address')
  if (!byMail && body.phone === undefined) throw ValidationFailed('Type provided requires a phone number')
  return byMail
    ? resendLetter(context, request, { type: body.type as 'signup' | 'email_change', body })
    : resendCode(context, request, { type: body.type as 'sms' | 'phone_change', body })
}

type Again<Type> = { type: Type; body: z.infer<typeof Resend> }

async function resendLetter(
  context: Context,
  request: AuthRequest,
  { type, body }: Again<'signup' | 'email_change'>,
): Promise<AuthAnswer> {
  const email = parseEmail(body.email ?? '')
  const challenge = parseChallenge(body)
  const redirectTo = redirectOf(context, request)
  await assertLetterDue(context, type === 'signup' ? 'confirmation' : type, email)
  const letters = await within(context, async (tx) => {
    const found = await findUserByEmail(tx, email)
    const user = found && (await lockUser(tx, found.id))
    if (!user) return []
    const common = { user, redirectTo, challenge }
    if (type === 'email_change')
      return user.email_change ? writeChangeLetters(context, tx, { ...common, email: user.email_change }) : []
    if (user.email_confirmed_at !== null) return []
    const action = 'user_confirmation_requested'
    await insertAudit(tx, { action, actor: user, at: nowOf(context), ip: addressOf(request) })
    return [await writeLetter(context, tx, { ...common, type, to: email })]
  }).catch(orNoLetter)
  if (letters) sendLater(context, letters)
  return ok({})
}

async function resendCode(
  context: Context,
  request: AuthRequest,
  { type, body }: Again<'sms' | 'phone_change'>,
): Promise<AuthAnswer> {
  const phone = parsePhone(body.phone ?? '')
  const code = await within(context, async (tx): Promise<Code | undefined> => {
    const user = await findByContact(tx, { phone })
    const isDue = (each: UserRow) =>
      type === 'sms' ? each.phone_confirmed_at === null : Boolean(each.phone_change)
    if (!user || !isDue(user)) return undefined
    return type === 'sms'
      ? writeCode(context, tx, { user, to: phone, kind: 'confirmation_token' })
      : writeCode(context, tx, { user, to: user.phone_change ?? phone, kind: 'phone_change_token' })
  })
  return ok({ message_id: code ? await sendCode(context, code, request.signal) : null })
}
