/** `POST /signup`: by e-mail, by phone, or as nobody in particular. */
import { randomUUID } from 'node:crypto'
import { z } from 'zod'
import { type Context, nowOf, within } from '../context.ts'
import {
  AnonymousDisabled,
  EmailSignupsDisabled,
  PhoneSignupsDisabled,
  SignupDisabled,
  UserAlreadyExists,
  ValidationFailed,
} from '../errors.ts'
import { parseChallenge } from '../flow.ts'
import { assertHuman, assertWithinRate } from '../guard.ts'
import { parseNewEmail, parsePhone } from '../identifiers.ts'
import { assertLetterDue, sendLetter, writeLetter } from '../letters.ts'
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
import { sessionAfter } from '../sign-in.ts'
import {
  assertStrong,
  assertWelcome,
  autoconfirms,
  type Contact,
  disguised,
  providerOf,
  signUp,
  welcome,
} from '../sign-up.ts'
import { sendCode, writeCode } from '../sms-codes.ts'
import { insertAudit } from '../store/audit.ts'
import { insertUser } from '../store/users.ts'
import { markConfirmed, viewOfUser } from '../users.ts'

const SignUp = z.object({
  ...{ email: optionalText, phone: optionalText, password: optionalText, channel: optionalText },
  data: optionalData,
  ...flowShape,
})

export async function postSignUp(context: Context, request: AuthRequest): Promise<AuthAnswer> {
  const body = bodyOf(request, SignUp)
  await assertHuman(context, request, body.gotrue_meta_security)
  const settings = context.project.settings()
  if (settings.disableSignup) throw SignupDisabled()
  if (body.email === undefined && body.phone === undefined) return signUpAnonymously(context, request, body)
  const contact = contactOf(context, body)
  if (body.password === undefined) throw ValidationFailed('Signup requires a valid password')
  await assertStrong(context, body.password, request.signal)
  const challenge = parseChallenge(body)
  // Before the transaction: hashing takes its time, and a row must not be locked meanwhile.
  const password = { text: body.password, hash: await context.passwords.hash(body.password) }
  const data = body.data ?? {}
  const order = { contact, password, data, request }
  const welcomed = await welcome(context, order)
  if (autoconfirms(context, contact)) {
    const session = await sessionAfter(context, { method: 'password', request }, async (tx) => {
      const user = await signUp(context, tx, { ...order, ...welcomed })
      if (!user) throw UserAlreadyExists()
      return markConfirmed(context, tx, user, contact)
    })
    return ok(session)
  }
  if ('email' in contact) await assertLetterDue(context, 'confirmation', contact.email)
  const made = await within(context, async (tx) => {
    const user = await signUp(context, tx, { ...order, ...welcomed })
    if (!user) return undefined
    const redirectTo = redirectOf(context, request)
    await insertAudit(tx, {
      ...{ action: 'user_confirmation_requested', actor: user, at: nowOf(context), ip: addressOf(request) },
      traits: { provider: providerOf(contact) },
    })
    const letter =
      'email' in contact
        ? await writeLetter(context, tx, {
            ...{ type: 'signup', user, to: contact.email, redirectTo, challenge },
            // Counted by the address already, for those that have somebody, too.
            ignoresFrequency: true,
          })
        : undefined
    const code =
      'phone' in contact
        ? await writeCode(context, tx, {
            user,
            to: contact.phone,
            kind: 'confirmation_token',
            channel: body.channel,
          })
        : undefined
    return { letter, code, userId: user.id }
  })
  if (!made) return ok(disguised(context, contact, data))
  if (made.letter) await sendLetter(context, made.letter, request.signal)
  if (made.code) await sendCode(context, made.code, request.signal)
  return ok(await viewOfUser(context, made.userId))
}

type Given = { email?: string | undefined; phone?: string | undefined }

function contactOf({ project }: Context, { email, phone }: Given): Contact {
  const settings = project.settings()
  if (email !== undefined && phone !== undefined)
    throw ValidationFailed('Only an email address or phone number should be provided on signup.')
  if (email !== undefined) {
    if (!settings.email.enabled) throw EmailSignupsDisabled()
    return { email: parseNewEmail(email) }
  }
  if (!settings.phone.enabled) throw PhoneSignupsDisabled()
  return { phone: parsePhone(phone ?? '') }
}

async function signUpAnonymously(
  context: Context,
  request: AuthRequest,
  { data = {} }: { data?: Record<string, unknown> | undefined },
): Promise<AuthAnswer> {
  const { anonymous, jwt } = context.project.settings()
  if (!anonymous.enabled) throw AnonymousDisabled()
  await assertWithinRate(context, request, 'anonymous')
  const made = {
    ...{ id: randomUUID(), aud: jwt.audience, role: jwt.defaultRole, is_anonymous: true },
    ...{ raw_user_meta_data: data, created_at: nowOf(context) },
  }
  const user = {
    ...{ id: made.id, aud: made.aud, role: made.role, email: '', phone: '', is_anonymous: true },
    ...{ app_metadata: {}, user_metadata: data },
  }
  const isOutside = context.hooks.isOutside('beforeUserCreated')
  if (isOutside) await assertWelcome(context, { request, user })
  const session = await sessionAfter(context, { method: 'anonymous', request }, async (tx) => {
    if (!isOutside) await assertWelcome(context, { db: tx, request, user })
    request.newcomers.add(made.id)
    return insertUser(tx, made)
  })
  return ok(session)
}
