/** Codes by message, as letters are by mail. */
import { type Context, nowOf, within } from './context.ts'
import { OverSmsRate, UserNotFound } from './errors.ts'
import { isNobodys } from './forget.ts'
import { callApart } from './hook-calls.ts'
import { digestOtp, makeOtp } from './secrets.ts'
import { dropOneTimeToken, putOneTimeToken } from './store/one-time-tokens.ts'
import type { Db, OneTimeKind, UserRow } from './store/rows.ts'
import { lockUser, type UserChange, updateUser } from './store/users.ts'
import { viewOfUser } from './users.ts'

export type CodeOrder = {
  user: UserRow
  to: string
  kind: Extract<OneTimeKind, 'confirmation_token' | 'phone_change_token' | 'reauthentication_token'>
  channel?: string | undefined
  /** Of whoever asks to be let in, who need not be who signed up: it proves the number alone. */
  contests?: boolean
}
export type Code = CodeOrder & { otp: string; isTest: boolean }

const SENT: Readonly<Record<CodeOrder['kind'], keyof UserChange & `${string}_at`>> = {
  confirmation_token: 'confirmation_sent_at',
  phone_change_token: 'phone_change_sent_at',
  reauthentication_token: 'reauthentication_sent_at',
}

/** @throws OverSmsRate when the last one is too young; UserNotFound when the user was deleted meanwhile. */
export async function writeCode(context: Context, db: Db, order: CodeOrder): Promise<Code> {
  const { user, to, kind } = order
  const { phone } = context.project.settings()
  const at = nowOf(context)
  const sentAt = user[SENT[kind] as keyof UserRow] as Date | null
  const leftMs = sentAt === null ? 0 : sentAt.getTime() + phone.maxFrequencyS * 1000 - at.getTime()
  if (leftMs > 0) throw OverSmsRate(Math.ceil(leftMs / 1000))
  const test = phone.testOtp[to]
  const otp = test ?? makeOtp(phone.otpLength)
  // Before what was sent earlier, as who voids it.
  const now = await lockUser(db, user.id)
  if (!now) throw UserNotFound()
  await putOneTimeToken(db, { userId: user.id, kind, hash: digestOtp(to, otp), relatesTo: to, at })
  const contested = order.contests && isNobodys(now) ? { sign_up_contested: true } : {}
  await updateUser(db, user.id, { [SENT[kind]]: at, ...contested, updated_at: at })
  return { ...order, otp, isTest: test !== undefined }
}

export type Message = {
  userId: string
  /** Without the plus. */
  to: string
  otp: string
  text: string
  channel: 'sms' | 'whatsapp'
  /** As the hook is told: `sms` or `mfa`. */
  type: 'sms' | 'mfa'
}

/**
 * By the project's hook where it has one: then no provider is needed.
 * @returns the provider's id of the message. @throws OverSmsRate, and what the provider or the hook says.
 */
export async function deliver(
  context: Context,
  message: Message,
  signal: AbortSignal,
): Promise<string | null> {
  const limit = await context.rates.message('sms')
  if (!limit.allowed) throw OverSmsRate(limit.retryAfterS)
  const { otp, to, userId, text, channel, type } = message
  if (!context.hooks.has('sendSms')) {
    return (await context.sms.send({ to: `+${to}`, text, channel, otp }, signal)).messageId
  }
  const view = { ...(await viewOfUser(context, userId)) }
  const input = { user: view, sms: { otp, sms_type: type, phone: to } }
  await context.hooks.ask('sendSms', input, { signal, call: callApart(context) })
  return null
}

/** @returns the provider's id of the message. @throws what the provider says; then it may be asked for again at once. */
export async function sendCode(context: Context, code: Code, signal: AbortSignal): Promise<string | null> {
  const { otp, kind, user, to, isTest } = code
  // Numbers of the settings have their code from there: nothing is sent.
  if (isTest) return null
  const text = context.project.settings().phone.template.replaceAll(/\{\{\s*\.Code\s*\}\}/g, otp)
  const channel = code.channel === 'whatsapp' ? 'whatsapp' : 'sms'
  try {
    return await deliver(context, { userId: user.id, to, otp, text, channel, type: 'sms' }, signal)
  } catch (error) {
    await within(context, async (tx) => {
      await lockUser(tx, user.id)
      // A later one is in somebody's hands already: that one stays, and with it when it was sent.
      if (!(await dropOneTimeToken(tx, { userId: user.id, hash: digestOtp(to, otp) }))) return
      await updateUser(tx, user.id, { [SENT[kind]]: null, updated_at: nowOf(context) })
    })
    throw error
  }
}
