/** `/admin/users`: what the holder of the service key may do with everybody. */
import { randomUUID } from 'node:crypto'
import { z } from 'zod'
import { isUuid } from '../access.ts'
import { type Context, nowOf, within } from '../context.ts'
import { signOut } from '../credentials.ts'
import { AuthFailure, EmailExists, IdExists, PhoneExists, UserNotFound, ValidationFailed } from '../errors.ts'
import { parseEmail, parsePhone } from '../identifiers.ts'
import { pageHeaders, pageOf } from '../paging.ts'
import { parseStoredHash } from '../passwords/stored-hash.ts'
import {
  type AuthAnswer,
  type AuthRequest,
  addressOf,
  bodyOf,
  ok,
  optionalData,
  optionalText,
} from '../request.ts'
import { assertStrong } from '../sign-up.ts'
import { softDeleted } from '../soft-delete.ts'
import { insertAudit } from '../store/audit.ts'
import { insertIdentity, listIdentities, updateIdentity } from '../store/identities.ts'
import { dropOneTimeTokens } from '../store/one-time-tokens.ts'
import type { Db, UserRow } from '../store/rows.ts'
import {
  deleteUser,
  findUser,
  findUserByEmail,
  findUserByPhone,
  insertUser,
  isSortable,
  listUsers,
  lockUser,
  type UserChange,
  updateUser,
} from '../store/users.ts'
import { viewOf, viewOfUser } from '../users.ts'

export async function getUsers(context: Context, request: AuthRequest): Promise<AuthAnswer> {
  const { query } = request
  const page = pageOf(query)
  const sql = await context.sql()
  const sort = sortOf(query.get('sort'))
  const { users, total } = await listUsers(sql, { ...page, filter: query.get('filter'), sort })
  const views = await Promise.all(users.map((user) => viewOf(sql, user)))
  const place = `${context.project.url()}/auth/v1/admin/users`
  return {
    ...ok({ users: views, aud: context.project.settings().jwt.audience }),
    headers: pageHeaders(place, page, total),
  }
}

function sortOf(text: string | null) {
  const named = (text ?? 'created_at desc').split(',').map((each) => {
    const [column = '', direction = 'asc'] = each.trim().split(/\s+/)
    if (!isSortable(column)) throw ValidationFailed(`users cannot be sorted by ${column}`)
    return { column, descending: direction.toLowerCase() === 'desc' }
  })
  return [...named, { column: 'id' as const, descending: false }]
}

/** @throws UserNotFound */
export const userOf = (db: Db, request: AuthRequest): Promise<UserRow> => namedUser(db, request, findUser)

/** Locked, where it is changed or anything of its is taken away. @throws UserNotFound */
export const lockUserOf = (db: Db, request: AuthRequest): Promise<UserRow> => namedUser(db, request, lockUser)

async function namedUser(db: Db, { params }: AuthRequest, read: typeof findUser): Promise<UserRow> {
  const [id] = params
  if (!isUuid(id)) throw new AuthFailure('validation_failed', 404, 'user_id must be an UUID')
  const user = await read(db, id)
  if (!user) throw UserNotFound()
  return user
}

export async function getAdminUser(context: Context, request: AuthRequest): Promise<AuthAnswer> {
  const sql = await context.sql()
  return ok(await viewOf(sql, await userOf(sql, request)))
}

const Given = z.object({
  ...{ id: optionalText, aud: optionalText, role: optionalText, email: optionalText, phone: optionalText },
  ...{ password: optionalText, password_hash: optionalText, ban_duration: optionalText },
  ...{ email_confirm: z.boolean().nullish(), phone_confirm: z.boolean().nullish() },
  ...{ user_metadata: optionalData, app_metadata: optionalData },
})
type Given = z.infer<typeof Given>

export async function postAdminUser(context: Context, request: AuthRequest): Promise<AuthAnswer> {
  const body = bodyOf(request, Given)
  const contact = await contactsOf(body)
  if (contact.email === undefined && contact.phone === undefined)
    throw ValidationFailed('Cannot create a user without either an email or phone')
  if (body.id !== undefined && !isUuid(body.id))
    throw ValidationFailed('ID must conform to the uuid v4 format')
  const passwordHash = await hashOf(context, body, request.signal)
  const user = await within(context, async (tx) => {
    await assertFree(tx, contact, undefined)
    return createUser(context, tx, { body, contact, passwordHash: passwordHash ?? null, request })
  }).catch(throwTaken)
  return ok(await viewOf(await context.sql(), user))
}

type Contacts = { email: string | undefined; phone: string | undefined }

const contactsOf = ({ email, phone }: Given): Contacts => ({
  email: email === undefined ? undefined : parseEmail(email),
  phone: phone === undefined ? undefined : parsePhone(phone),
})

async function assertFree(db: Db, { email, phone }: Contacts, id: string | undefined): Promise<void> {
  const [byEmail, byPhone] = [
    email === undefined ? undefined : await findUserByEmail(db, email),
    phone === undefined ? undefined : await findUserByPhone(db, phone),
  ]
  if (byEmail && byEmail.id !== id) throw EmailExists()
  if (byPhone && byPhone.id !== id) throw PhoneExists()
}

const UNIQUE_VIOLATION = '23505'
const TAKEN = new Map([
  ['users_pkey', IdExists],
  ['users_phone_key', PhoneExists],
  ['users_email_partial_key', EmailExists],
])

/** Of two at once both find it free: the database lets one of them have it. */
function throwTaken(error: unknown): never {
  const { code, constraint_name: name } = error as { code?: unknown; constraint_name?: unknown }
  const taken = code === UNIQUE_VIOLATION && typeof name === 'string' ? TAKEN.get(name) : undefined
  throw taken?.().because(error) ?? error
}

/** @throws ValidationFailed for both at once, or a hash that no sign-in could verify. */
async function hashOf(
  context: Context,
  { password, password_hash: hash }: Given,
  signal: AbortSignal,
): Promise<string | undefined> {
  if (password !== undefined && hash !== undefined)
    throw ValidationFailed('Only a password or a password hash should be provided')
  if (hash !== undefined) {
    try {
      parseStoredHash(hash)
    } catch {
      throw ValidationFailed('password_hash is none of argon2id, bcrypt, scrypt or Firebase scrypt')
    }
    return hash
  }
  if (password === undefined) return undefined
  await assertStrong(context, password, signal)
  return context.passwords.hash(password)
}

type NewUser = { body: Given; contact: Contacts; passwordHash: string | null; request: AuthRequest }

async function createUser(context: Context, db: Db, order: NewUser): Promise<UserRow> {
  const { body, contact, passwordHash, request } = order
  const at = nowOf(context)
  const { jwt } = context.project.settings()
  const providers = [...(contact.email ? ['email'] : []), ...(contact.phone ? ['phone'] : [])]
  const user = await insertUser(db, {
    ...{ id: body.id ?? randomUUID(), aud: body.aud ?? jwt.audience, role: body.role ?? jwt.defaultRole },
    ...{ email: contact.email ?? null, phone: contact.phone ?? null, encrypted_password: passwordHash },
    ...(contact.email && body.email_confirm ? { email_confirmed_at: at } : {}),
    ...(contact.phone && body.phone_confirm ? { phone_confirmed_at: at } : {}),
    raw_app_meta_data: { provider: providers[0] ?? 'email', providers, ...body.app_metadata },
    raw_user_meta_data: { ...body.user_metadata },
    ...banOf(body, at),
    created_at: at,
  })
  await keepIdentities(db, { user, contact, body, at })
  await insertAudit(db, {
    ...{ action: 'user_signedup', at, ip: addressOf(request) },
    actor: { ...user, viaAdmin: true },
  })
  return user
}

type Kept = { user: UserRow; contact: Contacts; body: Given; at: Date }

async function keepIdentities(db: Db, { user, contact, body, at }: Kept): Promise<void> {
  const known = await listIdentities(db, user.id)
  for (const provider of ['email', 'phone'] as const) {
    const value = contact[provider]
    if (value === undefined) continue
    const confirm = provider === 'email' ? body.email_confirm : body.phone_confirm
    const verified =
      confirm ?? (provider === 'email' ? user.email_confirmed_at : user.phone_confirmed_at) !== null
    const data = { sub: user.id, [provider]: value, [`${provider}_verified`]: verified === true }
    const there = known.find((each) => each.provider === provider)
    if (there) await updateIdentity(db, there.id, { data, at })
    else await insertIdentity(db, { userId: user.id, provider, providerId: user.id, data, at })
  }
}

const HOUR_MS = 3_600_000
const UNITS: Readonly<Record<string, number>> = { h: HOUR_MS, m: 60_000, s: 1_000, ms: 1 }
/** Postgres keeps no later time that JavaScript could say. */
const BAN_MS_MAX = 1_000 * 365 * 24 * HOUR_MS

/** A duration as Go writes them: `24h`, `1h30m`; `none` lifts it. */
function banOf({ ban_duration: text }: Given, at: Date): { banned_until?: Date | null } {
  if (text === undefined) return {}
  if (text === 'none') return { banned_until: null }
  const parts = [...text.matchAll(/(\d+(?:\.\d+)?)(ms|h|m|s)/g)]
  if (parts.length === 0 || parts.map(([whole]) => whole).join('') !== text)
    throw ValidationFailed(`invalid format for ban duration: ${text} is neither none nor like 24h or 1h30m`)
  const ms = parts.reduce((sum, [, number, unit = '']) => sum + Number(number) * (UNITS[unit] ?? 0), 0)
  return { banned_until: new Date(at.getTime() + Math.min(ms, BAN_MS_MAX)) }
}

export async function putAdminUser(context: Context, request: AuthRequest): Promise<AuthAnswer> {
  const body = bodyOf(request, Given)
  const contact = await contactsOf(body)
  const passwordHash = await hashOf(context, body, request.signal)
  const changed = await within(context, async (tx) => {
    const user = await lockUserOf(tx, request)
    await assertFree(tx, contact, user.id)
    return changeUser(context, tx, { user, body, contact, passwordHash: passwordHash ?? null, request })
  }).catch(throwTaken)
  return ok(await viewOfUser(context, changed.id))
}

async function changeUser(
  context: Context,
  db: Db,
  { user, body, contact, passwordHash, request }: NewUser & { user: UserRow },
): Promise<UserRow> {
  const at = nowOf(context)
  const change: UserChange = {
    ...(contact.email === undefined ? {} : { email: contact.email }),
    ...(contact.phone === undefined ? {} : { phone: contact.phone }),
    ...(body.email_confirm ? { email_confirmed_at: user.email_confirmed_at ?? at } : {}),
    ...(body.phone_confirm ? { phone_confirmed_at: user.phone_confirmed_at ?? at } : {}),
    // Whose it is is said.
    ...(body.email_confirm || body.phone_confirm ? { sign_up_contested: false } : {}),
    ...(passwordHash === null ? {} : { encrypted_password: passwordHash }),
    ...(body.role === undefined ? {} : { role: body.role }),
    ...(body.aud === undefined ? {} : { aud: body.aud }),
    ...(body.user_metadata
      ? { raw_user_meta_data: { ...user.raw_user_meta_data, ...body.user_metadata } }
      : {}),
    ...(body.app_metadata ? { raw_app_meta_data: { ...user.raw_app_meta_data, ...body.app_metadata } } : {}),
    ...banOf(body, at),
  }
  const changed = (await updateUser(db, user.id, { ...change, updated_at: at })) ?? user
  await keepIdentities(db, { user: changed, contact, body, at })
  // Whoever is in with what does not hold any more is out.
  const isOther = changed.email !== user.email || changed.phone !== user.phone
  if (isOther || passwordHash !== null || (changed.banned_until && changed.banned_until > at)) {
    await signOut(db, user.id)
    await dropOneTimeTokens(db, user.id)
  }
  const entry = { at, ip: addressOf(request), actor: { ...user, viaAdmin: true } }
  await insertAudit(db, { action: 'user_modified', ...entry })
  return changed
}

const Deletion = z.object({ should_soft_delete: z.boolean().nullish() })

export async function deleteAdminUser(context: Context, request: AuthRequest): Promise<AuthAnswer> {
  const { should_soft_delete: soft } = bodyOf(request, Deletion)
  await within(context, async (tx) => {
    const user = await lockUserOf(tx, request)
    const entry = { at: nowOf(context), ip: addressOf(request), actor: { ...user, viaAdmin: true } }
    await insertAudit(tx, { action: 'user_deleted', ...entry })
    if (soft) await softDeleted(tx, user, nowOf(context))
    else await deleteUser(tx, user.id)
  })
  return ok({})
}
