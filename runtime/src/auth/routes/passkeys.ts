/** `/passkeys`: making them, signing in with them, and looking after one's own. */
import { z } from 'zod'
import { isUuid, lockPerson, personOf } from '../access.ts'
import { type Context, nowOf, within } from '../context.ts'
import { credentialChanged } from '../credentials.ts'
import { ValidationFailed } from '../errors.ts'
import { assertHuman } from '../guard.ts'
import {
  type AuthAnswer,
  type AuthRequest,
  addressOf,
  bodyOf,
  flowShape,
  noContent,
  ok,
  optionalText,
} from '../request.ts'
import { insertAudit } from '../store/audit.ts'
import { deletePasskey, listPasskeys, type PasskeyRow, renamePasskey } from '../store/passkeys.ts'
import { PasskeyNotFound } from '../webauthn/errors.ts'
import {
  type Answer,
  assertMayManage,
  assertPasskeysOn,
  beginAuthentication,
  beginRegistration,
  register,
  signIn,
} from '../webauthn/passkeys.ts'

const NAME_LENGTH_MAX = 120

const Answered = z.object({ challenge_id: optionalText, credential: z.record(z.string(), z.unknown()) })

function answerOf(request: AuthRequest): Answer {
  const { challenge_id: challengeId, credential } = bodyOf(request, Answered)
  return { challengeId, credential }
}

export async function postRegistrationOptions(context: Context, request: AuthRequest): Promise<AuthAnswer> {
  assertPasskeysOn(context)
  return ok(await beginRegistration(context, await personOf(context, await context.sql(), request)))
}

export async function postRegistrationVerify(context: Context, request: AuthRequest): Promise<AuthAnswer> {
  assertPasskeysOn(context)
  const person = await personOf(context, await context.sql(), request)
  const made = await register(context, { person, answer: answerOf(request), request })
  const { backup_eligible, backed_up, transports } = made
  return ok({ ...passkeyView(made), backup_eligible, backed_up, transports })
}

export async function postAuthenticationOptions(context: Context, request: AuthRequest): Promise<AuthAnswer> {
  assertPasskeysOn(context)
  const { gotrue_meta_security: security } = bodyOf(request, z.object(flowShape))
  await assertHuman(context, request, security)
  return ok(await beginAuthentication(context))
}

export async function postAuthenticationVerify(context: Context, request: AuthRequest): Promise<AuthAnswer> {
  assertPasskeysOn(context)
  return ok(await signIn(context, { answer: answerOf(request), request }))
}

export const passkeyView = ({ id, friendly_name, created_at, last_used_at }: PasskeyRow) => ({
  id,
  ...(friendly_name === '' ? {} : { friendly_name }),
  created_at,
  ...(last_used_at === null ? {} : { last_used_at }),
})

export async function getPasskeys(context: Context, request: AuthRequest): Promise<AuthAnswer> {
  assertPasskeysOn(context)
  const sql = await context.sql()
  const { user } = await personOf(context, sql, request)
  return ok((await listPasskeys(sql, user.id)).map(passkeyView))
}

/** @throws PasskeyNotFound */
export function passkeyIdOf(id: string | undefined): string {
  if (!isUuid(id)) throw PasskeyNotFound()
  return id
}

export async function patchPasskey(context: Context, request: AuthRequest): Promise<AuthAnswer> {
  assertPasskeysOn(context)
  const id = passkeyIdOf(request.params[0])
  const { friendly_name: name } = bodyOf(request, z.object({ friendly_name: optionalText }))
  if (name === undefined) throw ValidationFailed('friendly_name is required')
  if (name.length > NAME_LENGTH_MAX)
    throw ValidationFailed(`friendly_name must be ${NAME_LENGTH_MAX} characters or less`)
  return within(context, async (tx) => {
    const { user } = await personOf(context, tx, request)
    const at = nowOf(context)
    const renamed = await renamePasskey(tx, { id, userId: user.id }, { name, at })
    if (!renamed) throw PasskeyNotFound()
    const entry = { actor: user, at, ip: addressOf(request), traits: { passkey_id: id } }
    await insertAudit(tx, { action: 'passkey_updated', ...entry })
    return ok(passkeyView(renamed))
  })
}

export async function deleteOwnPasskey(context: Context, request: AuthRequest): Promise<AuthAnswer> {
  assertPasskeysOn(context)
  const id = passkeyIdOf(request.params[0])
  return within(context, async (tx) => {
    const person = await lockPerson(context, tx, request)
    await assertMayManage(tx, person)
    const { user, session } = person
    if (!(await deletePasskey(tx, { id, userId: user.id }))) throw PasskeyNotFound()
    await credentialChanged(tx, { userId: user.id, by: session.id })
    const entry = { actor: user, at: nowOf(context), ip: addressOf(request), traits: { passkey_id: id } }
    await insertAudit(tx, { action: 'passkey_deleted', ...entry })
    return noContent
  })
}
