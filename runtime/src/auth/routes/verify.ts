/** `/verify`: by POST for apps, by GET for whoever follows a link in a letter. */
import { Problem } from '@cascata/shared/problem'
import { z } from 'zod'
import { type Context, nowOf, within } from '../context.ts'
import { LinkExpired, ValidationFailed } from '../errors.ts'
import { parseEmail, parsePhone } from '../identifiers.ts'
import { flowMethod } from '../letters.ts'
import { errorLocation, sessionLocation, withQuery } from '../locations.ts'
import { type AuthAnswer, type AuthRequest, bodyOf, ok, optionalText, redirect } from '../request.ts'
import { redirectOf } from '../return-to.ts'
import { isOtherwise, type Method, startSession } from '../sign-in.ts'
import { findFlowOfUser, issueCode } from '../store/flow-states.ts'
import type { UserRow } from '../store/rows.ts'
import { lockUser } from '../store/users.ts'
import { type Proof, VERIFY_TYPES, type Verified, type VerifyType, verify } from '../verify.ts'

const Type = z.enum(VERIFY_TYPES)
const Verify = z.object({
  type: Type,
  ...{ token: optionalText, token_hash: optionalText, email: optionalText, phone: optionalText },
  redirect_to: optionalText,
})

const HALF_DONE = 'Confirmation link accepted. Please proceed to confirm link sent to the other email'

export async function postVerify(context: Context, request: AuthRequest): Promise<AuthAnswer> {
  const verified = await verify(context, proofOf(bodyOf(request, Verify)), request)
  if ('isHalf' in verified) return ok({ msg: HALF_DONE, code: '200' })
  return ok(await sessionOf(context, request, verified))
}

/** @throws ValidationFailed */
function proofOf({ type, token, token_hash: hash, email, phone }: z.infer<typeof Verify>): Proof {
  if (hash !== undefined) {
    if (token !== undefined || email !== undefined || phone !== undefined)
      throw ValidationFailed('Only the token_hash and type should be provided')
    return { type, hash }
  }
  if (token === undefined) throw ValidationFailed('Verify requires a token or a token hash')
  if (email !== undefined && phone !== undefined)
    throw ValidationFailed('Only an email address or phone number should be provided on verify')
  const code = token.trim()
  if (email !== undefined) return { type, contact: { email: parseEmail(email) }, code }
  if (phone !== undefined) return { type, contact: { phone: parsePhone(phone) }, code }
  throw ValidationFailed('Only an email address or phone number should be provided on verify')
}

const METHODS: Readonly<Record<VerifyType, Method>> = {
  signup: 'otp',
  invite: 'invite',
  magiclink: 'otp',
  recovery: 'recovery',
  email_change: 'email_change',
  ...{ email: 'otp', sms: 'otp', phone_change: 'otp' },
}

const sessionOf = (context: Context, request: AuthRequest, { user }: { user: UserRow }) =>
  startSession(context, { user, method: 'otp', request })

export async function getVerify(context: Context, request: AuthRequest): Promise<AuthAnswer> {
  const location = redirectOf(context, request)
  const type = Type.safeParse(request.query.get('type'))
  const hash = request.query.get('token')
  if (!type.success || !hash) throw ValidationFailed('Verify requires a token and a type')
  try {
    const verified = await verify(context, { type: type.data, hash }, request)
    return redirect(await nextOf(context, request, { verified, type: type.data, location }))
  } catch (error) {
    // Whoever follows a link sees a page of the app, never JSON.
    if (error instanceof Problem) return redirect(errorLocation(location, error))
    throw error
  }
}

type Following = { verified: Verified; type: VerifyType; location: string }

async function nextOf(
  context: Context,
  request: AuthRequest,
  { verified, type, location }: Following,
): Promise<string> {
  if ('isHalf' in verified) return `${location}#${new URLSearchParams({ message: HALF_DONE, sb: '' })}`
  const { user, isPkce } = verified
  if (isPkce) {
    const code = await within(context, async (tx) => {
      const method = flowMethod(type as 'signup')
      const now = await lockUser(tx, user.id)
      // Whoever changed it since the letter came back has voided letters and codes: this one must not come after that.
      if (!now || isOtherwise(now, user)) throw LinkExpired()
      const flow = await findFlowOfUser(tx, user.id, method)
      if (!flow) return undefined
      await issueCode(tx, flow.id, { userId: user.id, at: nowOf(context) })
      return flow.auth_code
    })
    if (code !== undefined) return withQuery(location, { code })
  }
  const session = await startSession(context, { user, method: METHODS[type], request })
  return sessionLocation(location, session, { type })
}
