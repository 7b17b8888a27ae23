/** New users, and what becomes of an address that signs up again. */
import { randomUUID } from 'node:crypto'
import { type Context, nowOf } from './context.ts'
import { HookRefusal, UserAlreadyExists, WeakPassword } from './errors.ts'
import { forget, isNobodys } from './forget.ts'
import { askHook } from './hook-calls.ts'
import { isForeign, keepOwnIdentity } from './own-identity.ts'
import { PasswordCheckFailed } from './passwords/errors.ts'
import { findLeak } from './passwords/leaks.ts'
import { weaknesses } from './passwords/policy.ts'
import { type AuthRequest, addressOf } from './request.ts'
import { insertAudit } from './store/audit.ts'
import { insertIdentity, listIdentities } from './store/identities.ts'
import type { Db, Json, UserRow } from './store/rows.ts'
import {
  findUserByEmail,
  findUserByPhone,
  insertUser,
  lockIdentifier,
  lockUser,
  updateUser,
} from './store/users.ts'
import { userView } from './user-view.ts'

export type Contact = { email: string } | { phone: string }

export const providerOf = (contact: Contact): 'email' | 'phone' => ('email' in contact ? 'email' : 'phone')

/** @throws WeakPassword, PasswordCheckFailed */
export async function assertStrong(
  { project, logger }: Context,
  password: string,
  signal: AbortSignal,
): Promise<void> {
  const policy = project.settings().password
  const found = weaknesses(password, policy)
  if (found) throw WeakPassword(found.message, found.reasons)
  if (!policy.hibp.enabled) return
  const leaked = await findLeak(password, { url: policy.hibp.url, signal })
  if (leaked === 'unknown') {
    if (policy.hibp.failClosed) throw PasswordCheckFailed()
    logger.warn({}, 'whether a password is known from a leak could not be found out')
  } else if (leaked) throw WeakPassword(LEAKED, ['pwned'])
}

const LEAKED = 'The password is too weak. It is known from a leak: choose another one.'

export const findByContact = (db: Db, contact: Contact): Promise<UserRow | undefined> =>
  'email' in contact ? findUserByEmail(db, contact.email) : findUserByPhone(db, contact.phone)

export type SignUp = {
  contact: Contact
  /** And itself, to tell it from an earlier one. */
  password: { hash: string; text: string } | null
  data: Json
  request: AuthRequest
  /** The id of who was welcomed before: the hook is asked no second time. */
  welcomedId?: string
}

export type Welcomed = { welcomedId?: string }

/**
 * Asks an endpoint whether somebody new is wanted, before the transaction, which would hold its connection meanwhile. A
 * function of the database is asked in it. @throws HookRefusal
 */
export async function welcome(
  context: Context,
  { contact, data, request }: Pick<SignUp, 'contact' | 'data' | 'request'>,
): Promise<Welcomed> {
  if (!context.hooks.isOutside('beforeUserCreated')) return {}
  if (await findByContact(await context.sql(), contact)) return {}
  const id = randomUUID()
  await assertWelcome(context, { request, user: shownBefore(context, { id, contact, data }) })
  return { welcomedId: id }
}

/**
 * The user to be confirmed, or undefined when the contact is of one that was proven already. One that never was is
 * nobody's yet: nothing of an earlier sign-up remains. Where the two had different passwords, or one of them none, neither
 * will count, for whoever follows the letter cannot know which of both it is of.
 *
 * @throws UserAlreadyExists where the caller learns it anyway, as nothing has to be confirmed.
 */
export async function signUp(context: Context, db: Db, order: SignUp): Promise<UserRow | undefined> {
  const { contact, password, data, request } = order
  await lockIdentifier(db, 'email' in contact ? contact.email : contact.phone)
  const found = await findByContact(db, contact)
  // Whoever confirms it at the same moment has it: it is read again once nobody changes it.
  const known = found && (await lockUser(db, found.id))
  if (!known) return createUser(context, db, order)
  const isOpen = autoconfirms(context, contact)
  const identities = await listIdentities(db, known.id)
  // Where nothing has to be proven, who came by a provider would lose the account to whoever names the address.
  if (isOpen && (!isNobodys(known) || identities.some(isForeign))) throw UserAlreadyExists()
  const at = nowOf(context)
  if (!isNobodys(known)) {
    await insertAudit(db, { action: 'user_repeated_signup', actor: known, at, ip: addressOf(request) })
    return undefined
  }
  await forget(db, known, { at })
  const isContested =
    !(isOpen && password) && (known.sign_up_contested || (await isAnother(context, known, password)))
  const change = {
    ...{ encrypted_password: isContested ? null : (password?.hash ?? null) },
    ...{ sign_up_contested: isContested, raw_user_meta_data: metaOf(known.id, contact, data) },
    updated_at: at,
  }
  const user = (await updateUser(db, known.id, change)) ?? known
  // Of a user whom a provider brought there is none yet.
  return keepOwnIdentity(db, {
    user,
    provider: providerOf(contact),
    data: metaOf(user.id, contact, data),
    at,
  })
}

/** Whether this may be somebody else than who was there before: they do not know the same password, if any. */
async function isAnother(
  { passwords }: Context,
  { encrypted_password: hash }: UserRow,
  password: SignUp['password'],
): Promise<boolean> {
  if (hash === null || password === null) return (hash === null) !== (password === null)
  return !(await passwords.verify(password.text, hash)).ok
}

export const autoconfirms = ({ project }: Context, contact: Contact): boolean => {
  const { email, phone } = project.settings()
  return 'email' in contact ? email.autoconfirm : phone.autoconfirm
}

const metaOf = (id: string, contact: Contact, data: Json): Json => ({
  ...data,
  ...{ sub: id, ...contact, email_verified: false, phone_verified: false },
})

async function createUser(context: Context, db: Db, order: SignUp): Promise<UserRow> {
  const { contact, password, data, request, welcomedId } = order
  const { jwt } = context.project.settings()
  const at = nowOf(context)
  const id = welcomedId ?? randomUUID()
  const provider = providerOf(contact)
  if (welcomedId === undefined)
    await assertWelcome(context, { db, request, user: shownBefore(context, { id, contact, data }) })
  const user = await insertUser(db, {
    ...{
      id,
      ...contact,
      encrypted_password: password?.hash ?? null,
      aud: jwt.audience,
      role: jwt.defaultRole,
    },
    raw_app_meta_data: { provider, providers: [provider] },
    raw_user_meta_data: metaOf(id, contact, data),
    created_at: at,
  })
  request.newcomers.add(user.id)
  await insertOwnIdentity(context, db, { user, contact, data })
  await insertAudit(db, {
    ...{ action: 'user_signedup', actor: user, at, ip: addressOf(request), traits: { provider } },
  })
  return user
}

/** The user that is about to be made, as the hook sees it. */
export function shownBefore(
  context: Context,
  { id, contact, data }: { id: string; contact: Contact; data: Json },
): Json {
  return { ...disguised(context, contact, metaOf(id, contact, data)), id }
}

/** @throws HookRefused when the project does not want this one. */
export async function assertWelcome(
  context: Context,
  { db, request, user }: { db?: Db; request: AuthRequest; user: Json },
): Promise<void> {
  const input = { user }
  const said = await askHook(context, 'beforeUserCreated', { ...(db && { db }), request, input })
  if (said?.decision === 'reject') throw HookRefusal(said.message || 'The user is not wanted here.')
}

async function insertOwnIdentity(
  context: Context,
  db: Db,
  { user, contact, data }: { user: UserRow; contact: Contact; data: Json },
): Promise<void> {
  const provider = providerOf(contact)
  await insertIdentity(db, {
    ...{ userId: user.id, provider, providerId: user.id, data: metaOf(user.id, contact, data) },
    at: nowOf(context),
  })
}

/** What a stranger sees who signs up with somebody else's address: a user like any other, of no use. */
export function disguised(context: Context, contact: Contact, data: Json) {
  const at = nowOf(context)
  const provider = providerOf(contact)
  const { jwt } = context.project.settings()
  const blank = {
    ...{ encrypted_password: null, email_confirmed_at: null, invited_at: null, recovery_sent_at: null },
    ...{ email_change: null, email_change_sent_at: null, email_change_confirm_status: 0, confirmed_at: null },
    ...{ phone_confirmed_at: null, phone_change: null, phone_change_sent_at: null, banned_until: null },
    ...{ reauthentication_sent_at: null, last_sign_in_at: null, is_sso_user: false, is_anonymous: false },
    sign_up_contested: false,
    ...{ deleted_at: null, email: null, phone: null },
  }
  const user: UserRow = {
    ...blank,
    ...{ id: randomUUID(), aud: jwt.audience, role: jwt.defaultRole, ...contact, confirmation_sent_at: at },
    raw_app_meta_data: { provider, providers: [provider] },
    raw_user_meta_data: data,
    ...{ created_at: at, updated_at: at },
  }
  return userView(user, { identities: [], factors: [] })
}
