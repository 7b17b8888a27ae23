/** `POST /token`: a password, a refresh token, a code or an ID token for a session. */
import { z } from 'zod'
import { type Context, within } from '../context.ts'
import { signOut } from '../credentials.ts'
import {
  EmailNotConfirmed,
  EmailProviderDisabled,
  HookRefusal,
  InvalidCredentials,
  PhoneNotConfirmed,
  PhoneProviderDisabled,
  ValidationFailed,
} from '../errors.ts'
import { exchangeCode } from '../flow.ts'
import { assertHuman, assertWithinRate, guarded } from '../guard.ts'
import { askHook } from '../hook-calls.ts'
import { signInWithIdToken } from '../id-token.ts'
import { parseEmail, parsePhone } from '../identifiers.ts'
import { type AuthAnswer, type AuthRequest, bodyOf, flowShape, ok, optionalText } from '../request.ts'
import { refreshSession, startSession } from '../sign-in.ts'
import { type Contact, findByContact } from '../sign-up.ts'
import type { UserRow } from '../store/rows.ts'
import { lockUser, updateUser } from '../store/users.ts'

type Grant = (context: Context, request: AuthRequest) => Promise<AuthAnswer>

const GRANTS: Readonly<Record<string, Grant>> = {
  password: byPassword,
  refresh_token: byRefreshToken,
  pkce: byCode,
  id_token: async (context, request) => ok(await signInWithIdToken(context, request)),
  web3: async (context, request) =>
    ok(await (await import('../web3/sign-in.ts')).signInWithWeb3(context, request)),
}

export async function postToken(context: Context, request: AuthRequest): Promise<AuthAnswer> {
  const type = request.query.get('grant_type') ?? ''
  const grant = Object.hasOwn(GRANTS, type) ? GRANTS[type] : undefined
  if (!grant) throw ValidationFailed(`grant_type must be one of ${Object.keys(GRANTS).join(', ')}`)
  return grant(context, request)
}

const Password = z.object({ email: optionalText, phone: optionalText, password: optionalText, ...flowShape })

async function byPassword(context: Context, request: AuthRequest): Promise<AuthAnswer> {
  await assertWithinRate(context, request, 'signIn')
  const { email, phone, password, gotrue_meta_security: security } = bodyOf(request, Password)
  await assertHuman(context, request, security)
  const contact = contactOf(context, { email, phone })
  if (password === undefined) throw ValidationFailed('A password is required to sign in.')
  const user = await guarded(context, { contact, request }, () =>
    checked(context, { contact, password, request }),
  )
  assertConfirmed(context, user, contact)
  return ok(await startSession(context, { user, method: 'password', request }))
}

function contactOf(
  { project }: Context,
  { email, phone }: Partial<Record<'email' | 'phone', string | undefined>>,
): Contact {
  const settings = project.settings()
  if (email !== undefined && phone !== undefined)
    throw ValidationFailed('Only an email address or phone number should be provided on login.')
  if (email !== undefined) {
    if (!settings.email.enabled) throw EmailProviderDisabled()
    return { email: parseEmail(email) }
  }
  if (phone === undefined) throw ValidationFailed('missing email or phone')
  if (!settings.phone.enabled) throw PhoneProviderDisabled()
  return { phone: parsePhone(phone) }
}

/**
 * The same time and the same words whether there is nobody, nobody with a password, or another password.
 * @throws InvalidCredentials
 */
async function checked(
  context: Context,
  { contact, password, request }: { contact: Contact; password: string; request: AuthRequest },
): Promise<UserRow> {
  const sql = await context.sql()
  const user = await findByContact(sql, contact)
  if (!user?.encrypted_password) {
    await context.passwords.pretend(password)
    throw InvalidCredentials()
  }
  const { ok: fits, stale } = await context.passwords.verify(password, user.encrypted_password)
  const input = { user_id: user.id, valid: fits }
  const said = await askHook(context, 'passwordVerificationAttempt', { request, input })
  if (said?.should_logout_user) await within(context, (tx) => signOut(tx, user.id))
  if (said?.decision === 'reject') throw HookRefusal(said.message || 'The attempt was refused.')
  if (!fits) throw InvalidCredentials()
  if (!stale) return user
  // Hashed as others did it, or as we once did: now that the password is here, as we do today.
  return rehashed(context, user, password)
}

/** Only in place of what was verified: one that was set meanwhile is another. @throws InvalidCredentials */
async function rehashed(context: Context, user: UserRow, password: string): Promise<UserRow> {
  const encrypted_password = await context.passwords.hash(password)
  const found = await within(context, async (tx) => {
    const now = await lockUser(tx, user.id)
    if (now?.encrypted_password !== user.encrypted_password) return now
    return updateUser(tx, user.id, { encrypted_password, updated_at: now.updated_at })
  })
  if (found?.encrypted_password === encrypted_password) return found
  // Of two sign-ins at once the other may have hashed it as well.
  if (!found?.encrypted_password) throw InvalidCredentials()
  if (!(await context.passwords.verify(password, found.encrypted_password)).ok) throw InvalidCredentials()
  return found
}

/** @throws EmailNotConfirmed, PhoneNotConfirmed: only to who knows the password. */
function assertConfirmed({ project }: Context, user: UserRow, contact: Contact): void {
  if ('phone' in contact) {
    if (user.phone_confirmed_at === null) throw PhoneNotConfirmed()
  } else if (user.email_confirmed_at === null && !project.settings().email.allowUnverifiedSignIns) {
    throw EmailNotConfirmed()
  }
}

async function byRefreshToken(context: Context, request: AuthRequest): Promise<AuthAnswer> {
  await assertWithinRate(context, request, 'refresh')
  const { refresh_token: token } = bodyOf(request, z.object({ refresh_token: optionalText }))
  if (token === undefined) throw ValidationFailed('refresh_token required')
  return ok((await refreshSession(context, { token, clientId: null }, request)).view)
}

const Code = z.object({ auth_code: optionalText, code_verifier: optionalText })

async function byCode(context: Context, request: AuthRequest): Promise<AuthAnswer> {
  const { auth_code: code, code_verifier: verifier } = bodyOf(request, Code)
  if (code === undefined || verifier === undefined)
    throw ValidationFailed('invalid request: both auth code and code verifier should be non-empty')
  return ok(await exchangeCode(context, { code, verifier }, request))
}
