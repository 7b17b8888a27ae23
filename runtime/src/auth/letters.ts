/**
 * What is sent to a person and comes back as proof: a code and a link with its digest. The row is written first and the
 * letter sent after, so that no connection waits for a mail server; a letter that was not sent takes its row back.
 */
import type { AuthSettings } from '@cascata/shared/auth-settings'
import { apiUrlOf, type Context, nowOf, siteUrlOf, within } from './context.ts'
import { AuthFailure, OverEmailRate, UserNotFound } from './errors.ts'
import { beginFlow, type Challenge } from './flow.ts'
import { isNobodys } from './forget.ts'
import { callApart } from './hook-calls.ts'
import type { Mail, MailKind } from './mail/mailer.ts'
import type { LetterRate, RateDecision } from './rates/rate-limits.ts'
import { digestOtp, makeOtp } from './secrets.ts'
import { dropOneTimeToken, putOneTimeToken } from './store/one-time-tokens.ts'
import type { Db, OneTimeKind, UserRow } from './store/rows.ts'
import { lockUser, type UserChange, updateUser } from './store/users.ts'
import { viewOfUser } from './users.ts'

/** As `type` of `/verify` has them. */
export type LinkType = 'signup' | 'invite' | 'magiclink' | 'recovery' | 'email_change' | 'reauthentication'

type Form = { mail: MailKind; token: OneTimeKind; sentAt: keyof UserChange & `${string}_at` }

const FORMS: Readonly<Record<LinkType, Form>> = {
  signup: { mail: 'confirmation', token: 'confirmation_token', sentAt: 'confirmation_sent_at' },
  invite: { mail: 'invite', token: 'confirmation_token', sentAt: 'confirmation_sent_at' },
  magiclink: { mail: 'magic_link', token: 'recovery_token', sentAt: 'recovery_sent_at' },
  recovery: { mail: 'recovery', token: 'recovery_token', sentAt: 'recovery_sent_at' },
  email_change: { mail: 'email_change', token: 'email_change_token_new', sentAt: 'email_change_sent_at' },
  reauthentication: {
    ...{ mail: 'reauthentication', token: 'reauthentication_token', sentAt: 'reauthentication_sent_at' },
  },
}

/** A PKCE link is marked, so that whoever follows it gets a code and not a session. */
export const PKCE_MARK = 'pkce_'

export type LetterOrder = {
  type: LinkType
  user: UserRow
  /** The address it goes to, and the code is bound to. */
  to: string
  redirectTo: string
  challenge?: Challenge | undefined
  /** Of an email change: which half. */
  token?: OneTimeKind
  /** Administrators and resends choose themselves how often. */
  ignoresFrequency?: boolean
}

export type Letter = {
  mail: Mail
  order: LetterOrder
  otp: string
  hash: string
  link: string
}

/** @throws OverEmailRate when the last one is too young; UserNotFound when the user was deleted meanwhile. */
export async function writeLetter(context: Context, db: Db, order: LetterOrder): Promise<Letter> {
  const { type, user, to, redirectTo, challenge } = order
  const { email } = context.project.settings()
  const at = nowOf(context)
  const form = FORMS[type]
  if (!order.ignoresFrequency) assertNotTooSoon(context, user[form.sentAt as keyof UserRow] as Date | null)
  const otp = makeOtp(email.otpLength)
  const hash = `${challenge ? PKCE_MARK : ''}${digestOtp(to, otp)}`
  const token = order.token ?? form.token
  // Before what was sent earlier, as who voids it.
  const now = await lockUser(db, user.id)
  if (!now) throw UserNotFound()
  if (challenge)
    await beginFlow(context, db, { challenge, userId: user.id, provider: 'email', method: flowMethod(type) })
  await putOneTimeToken(db, { userId: user.id, kind: token, hash, relatesTo: to, at })
  // Whoever asks to be let in need not be who signed up: whichever letter comes back, it proves the address alone.
  const isContested = (type === 'magiclink' || type === 'recovery') && isNobodys(now)
  const contested = isContested ? { sign_up_contested: true } : {}
  await updateUser(db, user.id, { [form.sentAt]: at, ...contested, updated_at: at })
  const link = linkTo(context, { hash, type, redirectTo })
  return { order, otp, hash, link, mail: mailOf(context, order, { otp, hash, link }) }
}

export const flowMethod = (type: LinkType): string => (type === 'signup' ? 'email/signup' : type)

function linkTo(
  { project }: Context,
  { hash, type, redirectTo }: { hash: string; type: LinkType; redirectTo: string },
): string {
  const query = new URLSearchParams({ token: hash, type, redirect_to: redirectTo })
  const { urlPaths } = project.settings().mailer
  return `${project.url()}${urlPaths[PATHS[type]]}?${query}`
}

type LinkPath = keyof AuthSettings['mailer']['urlPaths']

/** As GoTrue has it, a magic link is one of recovery. */
const PATHS: Readonly<Record<LinkType, LinkPath>> = {
  ...({ signup: 'confirmation', invite: 'invite', magiclink: 'recovery' } as const),
  ...({ recovery: 'recovery', email_change: 'email_change', reauthentication: 'confirmation' } as const),
}

function mailOf(
  context: Context,
  { type, user, to, redirectTo }: LetterOrder,
  { otp, hash, link }: { otp: string; hash: string; link: string },
): Mail {
  return {
    kind: FORMS[type].mail,
    to,
    variables: {
      ...{ SiteURL: siteUrlOf(context), ConfirmationURL: link, Token: otp, TokenHash: hash },
      ...{
        RedirectTo: redirectTo,
        Email: user.email ?? '',
        NewEmail: user.email_change ?? '',
        SendingTo: to,
      },
      Data: { ...user.raw_user_meta_data },
    },
  }
}

const leftMs = ({ project, clock }: Context, sentAt: Date | null): number =>
  sentAt === null ? 0 : sentAt.getTime() + project.settings().email.maxFrequencyS * 1000 - clock.now()

/** Whether a letter was sent so recently that the next is refused. */
export const isTooSoon = (context: Context, sentAt: Date | null): boolean => leftMs(context, sentAt) > 0

function assertNotTooSoon(context: Context, sentAt: Date | null): void {
  if (isTooSoon(context, sentAt)) throw OverEmailRate(Math.ceil(leftMs(context, sentAt) / 1000))
}

/** @throws what the mailer says; then its user may give the order again at once, and a stranger in its time. */
export async function sendLetter(context: Context, letter: Letter, signal: AbortSignal): Promise<void> {
  await sendOrTakeBack(context, [letter], signal)
}

/**
 * Those of one change, to the new address first: a mail server gets each by itself, a hook both in one call, as GoTrue
 * has it. @throws as sendLetter
 */
export async function sendLetters(
  context: Context,
  letters: readonly Letter[],
  signal: AbortSignal,
): Promise<void> {
  if (context.hooks.has('sendEmail')) return sendOrTakeBack(context, letters, signal)
  for (const letter of letters) await sendLetter(context, letter, signal)
}

async function sendOrTakeBack(
  context: Context,
  letters: readonly Letter[],
  signal: AbortSignal,
): Promise<void> {
  if (letters.length === 0) return
  try {
    await deliver(context, letters, signal)
  } catch (error) {
    for (const letter of letters) await takeBack(context, letter)
    throw error
  }
}

/** A later one of its kind is in somebody's hands already: that one stays, and with it when it was sent. */
async function takeBack(context: Context, { order: { user, type }, hash }: Letter): Promise<void> {
  await within(context, async (tx) => {
    await lockUser(tx, user.id)
    if (!(await dropOneTimeToken(tx, { userId: user.id, hash }))) return
    await updateUser(tx, user.id, { [FORMS[type].sentAt]: null, updated_at: nowOf(context) })
  })
}

/** By the project's hook where it has one: then no mail server is needed. */
async function deliver(context: Context, letters: readonly Letter[], signal: AbortSignal): Promise<void> {
  const [letter, toCurrent] = letters
  if (!letter) return
  const limit = await context.rates.message('email')
  if (!limit.allowed) throw OverEmailRate(limit.retryAfterS)
  if (!context.hooks.has('sendEmail')) return context.mailer.send(letter.mail, signal)
  const { order, mail } = letter
  const input = {
    user: { ...(await viewOfUser(context, order.user.id)) },
    email_data: {
      ...tokensOf(letter, toCurrent),
      ...{ redirect_to: mail.variables.RedirectTo, email_action_type: order.type },
      ...{ site_url: apiUrlOf(context), old_email: order.user.email ?? '' },
    },
  }
  await context.hooks.ask('sendEmail', input, { signal, call: callApart(context) })
}

/**
 * Where both addresses must agree to a change, GoTrue crosses the names: `token` goes with `token_hash_new` to the current
 * address, `token_new` with `token_hash` to the new one.
 */
function tokensOf(letter: Letter, toCurrent: Letter | undefined) {
  if (!toCurrent) return { token: letter.otp, token_hash: letter.hash, token_new: '', token_hash_new: '' }
  return {
    ...{ token: toCurrent.otp, token_hash_new: toCurrent.hash },
    ...{ token_new: letter.otp, token_hash: letter.hash },
  }
}

const SEND_MS_MAX = 30_000

/**
 * Of a letter that somebody asks for who is not signed in. Counted by the address that was typed: counted by the user, the
 * second question would tell who has one. @throws OverEmailRate
 */
export async function assertLetterDue(context: Context, kind: LetterRate, to: string): Promise<void> {
  const decision = await countLetter(context, kind, to)
  if (!decision.allowed) throw OverEmailRate(decision.retryAfterS)
}

/** Of who is signed in the user's row decides; a stranger who asks for it again has to wait all the same. */
export const countLetter = (
  { rates, project }: Context,
  kind: LetterRate,
  to: string,
): Promise<RateDecision> => rates.letter(kind, to, project.settings().email.maxFrequencyS)

/** The one that was sent moments ago stands, where another way led to it: and that there is one is told to no stranger. */
export function orNoLetter(error: unknown): undefined {
  if (error instanceof AuthFailure && error.code === OverEmailRate.code) return undefined
  throw error
}

/** Where waiting would tell a stranger that there is somebody to write to. */
export function sendLater(context: Context, letters: readonly Letter[]): void {
  sendLetters(context, letters, AbortSignal.timeout(SEND_MS_MAX)).catch((err: unknown) =>
    context.logger.error({ err, kind: letters[0]?.mail.kind }, 'mail not sent'),
  )
}
