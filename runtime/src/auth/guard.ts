/** Who tries too often has to wait: whether or not there is anybody by that name. */
import type { Context } from './context.ts'
import { AuthFailure, CaptchaFailed, InvalidCredentials } from './errors.ts'
import type { AddressRate } from './rates/rate-limits.ts'
import { type AuthRequest, addressOf } from './request.ts'
import type { Contact } from './sign-up.ts'

/** @param retryAfterS whole seconds. */
const Locked = (retryAfterS: number) =>
  new AuthFailure('over_request_rate_limit', 429, 'Too many attempts. Try again later.', {}, retryAfterS)

/** An attempt to prove who one is. A refusal of the proof counts; any other failure says nothing of the caller. */
export async function guarded<Result>(
  context: Context,
  { contact, request }: { contact: Contact; request: AuthRequest },
  attempt: () => Promise<Result>,
): Promise<Result> {
  const account = 'email' in contact ? contact.email : contact.phone
  return guardedAs(context, { account, request, refusal: InvalidCredentials.code }, attempt)
}

/** Who asks, where that tells one from another: a proxy's address would be that of everybody behind it. */
const clientAddress = ({ project }: Context, request: AuthRequest): string | null =>
  project.settings().rateLimits.trustedClientAddress ? addressOf(request) : null

/** @param refusal the code of a proof that was wrong. */
export async function guardedAs<Result>(
  context: Context,
  { account, request, refusal }: { account: string; request: AuthRequest; refusal: string },
  attempt: () => Promise<Result>,
): Promise<Result> {
  const begun = await context.lockout.begin({ account, address: clientAddress(context, request) })
  if (!begun.allowed) throw Locked(begun.retryAfterS)
  let outcome: 'success' | 'failure' | 'none' = 'none'
  try {
    const result = await attempt()
    outcome = 'success'
    return result
  } catch (error) {
    if (error instanceof AuthFailure && error.code === refusal) outcome = 'failure'
    throw error
  } finally {
    await begun.end(outcome)
  }
}
/** @throws over_request_rate_limit with how long to wait. */
export async function assertWithinRate(
  { rates }: Context,
  request: AuthRequest,
  kind: AddressRate,
): Promise<void> {
  const address = addressOf(request)
  if (address === null) return
  const decision = await rates.request(kind, address)
  if (!decision.allowed) throw Locked(decision.retryAfterS)
}

/** What a form's captcha is worth. Whoever holds the service key is no form. @throws CaptchaFailed */
export async function assertHuman(
  { project }: Context,
  request: AuthRequest,
  security: { captcha_token?: string | undefined } | undefined,
): Promise<void> {
  const { captcha } = project.settings()
  if (captcha === null || request.session.role === 'service_role') return
  const token = security?.captcha_token
  if (token === undefined) throw CaptchaFailed('no captcha response (captcha_token) found in request')
  const { verifyCaptcha } = await import('./captcha.ts')
  const asked = { token, address: addressOf(request) ?? undefined, signal: request.signal }
  const verdict = await verifyCaptcha(captcha, asked)
  if (verdict.passed) return
  throw CaptchaFailed(
    `captcha protection: request disallowed (${verdict.reasons.join(', ') || 'not solved'})`,
  )
}
