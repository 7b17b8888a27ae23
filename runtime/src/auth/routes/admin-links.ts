/** `/admin/generate_link`, `/invite` and `/admin/audit`. */
import { z } from 'zod'
import { apiUrlOf, type Context, nowOf, within } from '../context.ts'
import { EmailExists, UserNotFound, ValidationFailed } from '../errors.ts'
import { parseEmail } from '../identifiers.ts'
import { type Letter, type LetterOrder, type LinkType, sendLetter, writeLetter } from '../letters.ts'
import { pageHeaders } from '../paging.ts'
import {
  type AuthAnswer,
  type AuthRequest,
  addressOf,
  bodyOf,
  ok,
  optionalData,
  optionalText,
} from '../request.ts'
import { redirectOf } from '../return-to.ts'
import { assertStrong, type SignUp, signUp, type Welcomed, welcome } from '../sign-up.ts'
import { type AuditMember, type AuditQuery, insertAudit, listAudit } from '../store/audit.ts'
import { dropOneTimeTokens } from '../store/one-time-tokens.ts'
import type { Db, UserRow } from '../store/rows.ts'
import { findUserByEmail, lockUser, updateUser } from '../store/users.ts'
import { viewOfUser } from '../users.ts'

const Invite = z.object({ email: optionalText, data: optionalData })

export async function postInvite(context: Context, request: AuthRequest): Promise<AuthAnswer> {
  const body = bodyOf(request, Invite)
  const email = parseEmail(body.email ?? '')
  const data = body.data ?? {}
  const welcomed = await welcome(context, { contact: { email }, data, request })
  const letter = await within(context, async (tx) => {
    const user = await invited(context, tx, { email, data, request, ...welcomed })
    const redirectTo = redirectOf(context, request)
    return writeLetter(context, tx, { type: 'invite', user, to: email, redirectTo, ignoresFrequency: true })
  })
  await sendLetter(context, letter, request.signal)
  return ok(await viewOfUser(context, letter.order.user.id))
}

type Invited = Welcomed & { email: string; data: Record<string, unknown>; request: AuthRequest }

/** @throws EmailExists when the address is confirmed already. */
async function invited(context: Context, db: Db, { email, ...asked }: Invited): Promise<UserRow> {
  const { request } = asked
  const known = await findUserByEmail(db, email)
  if (known?.email_confirmed_at) throw EmailExists()
  const user = await signUp(context, db, { contact: { email }, password: null, ...asked })
  if (!user) throw EmailExists()
  const at = nowOf(context)
  const entry = { at, ip: addressOf(request), actor: { ...user, viaAdmin: true } }
  await insertAudit(db, { action: 'user_invited', ...entry })
  return (await updateUser(db, user.id, { invited_at: at, updated_at: at })) ?? user
}

const TYPES = [
  ...(['signup', 'invite', 'magiclink', 'recovery'] as const),
  ...(['email_change_current', 'email_change_new'] as const),
]
const Generate = z.object({
  type: z.enum(TYPES),
  ...{ email: optionalText, new_email: optionalText, password: optionalText, data: optionalData },
  redirect_to: optionalText,
})
type Generate = z.infer<typeof Generate>

/** Who is not there yet is made on the way. */
const MAKING: readonly Generate['type'][] = ['signup', 'invite', 'magiclink']

/** The letter is not sent: whoever asks does that. */
export async function postGenerateLink(context: Context, request: AuthRequest): Promise<AuthAnswer> {
  const body = bodyOf(request, Generate)
  const email = parseEmail(body.email ?? '')
  const password = body.type === 'signup' ? await passwordOf(context, body, request.signal) : null
  const redirectTo = redirectOf(context, request, body.redirect_to)
  const asked = { data: body.data ?? {}, request }
  const isMaking = MAKING.includes(body.type)
  const welcomed = isMaking ? await welcome(context, { contact: { email }, ...asked }) : {}
  const letter = await within(context, async (tx): Promise<Letter> => {
    const order = await orderOf(context, tx, { body, email, password, ...asked, ...welcomed })
    return writeLetter(context, tx, { ...order, redirectTo, ignoresFrequency: true })
  })
  const { link, otp, hash, order } = letter
  return ok({
    ...(await viewOfUser(context, order.user.id)),
    ...{ action_link: link, email_otp: otp, hashed_token: hash, redirect_to: redirectTo },
    verification_type: body.type,
  })
}

async function passwordOf(
  context: Context,
  { password }: Generate,
  signal: AbortSignal,
): Promise<NonNullable<SignUp['password']>> {
  if (password === undefined) throw ValidationFailed('Signup requires a valid password')
  await assertStrong(context, password, signal)
  return { text: password, hash: await context.passwords.hash(password) }
}

type Ordering = Invited & { body: Generate; password: SignUp['password'] }
type Order = Pick<LetterOrder, 'type' | 'user' | 'to' | 'token'>

async function orderOf(context: Context, db: Db, { body, password, ...asked }: Ordering): Promise<Order> {
  const { email } = asked
  const signedUp = () => signUp(context, db, { contact: { email }, password, ...asked })
  switch (body.type) {
    case 'invite':
      return { type: 'invite', user: await invited(context, db, asked), to: email }
    case 'signup': {
      const user = await signedUp()
      if (!user) throw EmailExists()
      return { type: 'signup', user, to: email }
    }
    case 'magiclink':
    case 'recovery': {
      const known = await findUserByEmail(db, email)
      if (!known && body.type === 'recovery') throw UserNotFound()
      const made = known ?? (await signedUp())
      if (!made) throw UserNotFound()
      return { type: body.type as LinkType, user: made, to: email }
    }
    case 'email_change_current':
    case 'email_change_new':
      return changeOrder(context, db, { body, email })
  }
}

async function changeOrder(
  context: Context,
  db: Db,
  { body, email }: { body: Generate; email: string },
): Promise<Order> {
  const found = await findUserByEmail(db, email)
  const user = found && (await lockUser(db, found.id))
  if (!user) throw UserNotFound()
  const wanted = parseEmail(body.new_email ?? '')
  const other = await findUserByEmail(db, wanted)
  if (other && other.id !== user.id) throw EmailExists()
  const isOther = user.email_change !== wanted
  // Letters of an earlier one confirm nothing of this.
  if (isOther) await dropOneTimeTokens(db, user.id, ['email_change_token_current', 'email_change_token_new'])
  const change = { email_change: wanted, ...(isOther ? { email_change_confirm_status: 0 } : {}) }
  const changing = (await updateUser(db, user.id, { ...change, updated_at: nowOf(context) })) ?? user
  return body.type === 'email_change_current'
    ? { type: 'email_change', user: changing, to: email, token: 'email_change_token_current' }
    : { type: 'email_change', user: changing, to: wanted, token: 'email_change_token_new' }
}

const PER_PAGE = 50

/** As GoTrue takes them: `author:ada@`, `action:login`, `type:token`. */
const AUDIT_SCOPES = new Map<string, readonly AuditMember[]>([
  ['author', ['actor_username', 'actor_name']],
  ['action', ['action']],
  ['type', ['log_type']],
])

export async function getAudit(context: Context, request: AuthRequest): Promise<AuthAnswer> {
  const { query } = request
  const page = Math.max(1, Number(query.get('page') ?? 1) || 1)
  const perPage = Math.min(1_000, Math.max(1, Number(query.get('per_page') ?? PER_PAGE) || PER_PAGE))
  const wanted = wantedOf(query.get('query') ?? '')
  const { entries, total } = await listAudit(await context.sql(), { page, perPage, wanted })
  const place = `${apiUrlOf(context)}/admin/audit`
  return { ...ok(entries), headers: pageHeaders(place, { page, perPage }, total) }
}

/** @throws ValidationFailed */
function wantedOf(query: string): AuditQuery['wanted'] {
  if (query === '') return null
  const [, scope = '', text = ''] = /^([^:]*):(.*)$/s.exec(query) ?? []
  const members = AUDIT_SCOPES.get(scope)
  if (!members)
    throw ValidationFailed(`Invalid query scope: one of ${[...AUDIT_SCOPES.keys()].join(', ')} and :`)
  return { members, text }
}
