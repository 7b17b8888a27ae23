/**
 * Which account somebody is whom a provider vouches for. An address joins two only where the provider has evidence of its
 * own for it; and an account that nobody ever confirmed is taken over whole, with nothing left of whoever made it.
 */
import { randomUUID } from 'node:crypto'
import { type Context, nowOf } from './context.ts'
import { credentialChanged } from './credentials.ts'
import {
  EmailNeedsVerification,
  EmailNotProvided,
  IdentityExists,
  SessionOfTokenGone,
  SignupDisabled,
  UserBanned,
  UserNotFound,
} from './errors.ts'
import { bareOf, forget, isNobodys } from './forget.ts'
import type { ProviderUser } from './providers/provider.ts'
import { type AuthRequest, addressOf } from './request.ts'
import { isBanned } from './sign-in.ts'
import { assertWelcome, type Welcomed } from './sign-up.ts'
import { SsoManaged } from './sso/errors.ts'
import { insertAudit } from './store/audit.ts'
import { findIdentity, insertIdentity, listIdentities, updateIdentity } from './store/identities.ts'
import type { Db, Json, UserRow } from './store/rows.ts'
import { findSession } from './store/sessions.ts'
import {
  findUserByEmail,
  insertUser,
  lockIdentifier,
  lockUser,
  type UserChange,
  updateUser,
} from './store/users.ts'

export type Vouched = Welcomed & {
  provider: string
  person: ProviderUser
  request: AuthRequest
  /** Without an address, too; the settings' word where it is not told. */
  emailOptional?: boolean
}

/** Asks an endpoint before the transaction, as `welcome` does for those who sign up by themselves. @throws HookRefusal */
export async function welcomeExternal(context: Context, vouched: Vouched): Promise<Welcomed> {
  if (!context.hooks.isOutside('beforeUserCreated')) return {}
  const { provider, person, request } = vouched
  const sql = await context.sql()
  if (await findIdentity(sql, { provider, providerId: person.sub })) return {}
  if (person.email !== null && (await findUserByEmail(sql, person.email.toLowerCase()))) return {}
  const id = randomUUID()
  await assertWelcome(context, { request, user: shownOf({ id, provider, person }) })
  return { welcomedId: id }
}

const shownOf = ({ id, provider, person }: Pick<Vouched, 'provider' | 'person'> & { id: string }): Json => ({
  ...{ id, email: person.email?.toLowerCase() ?? '', user_metadata: person.claims },
  app_metadata: { provider, providers: [provider] },
})

/** @throws EmailNeedsVerification, EmailNotProvided, SignupDisabled, UserBanned */
export async function accountOf(context: Context, db: Db, vouched: Vouched): Promise<UserRow> {
  const { provider, person } = vouched
  await lockIdentifier(db, `${provider} ${person.sub}`)
  const identity = await findIdentity(db, { provider, providerId: person.sub })
  const user = identity
    ? await returning(context, db, { ...vouched, userId: identity.user_id, identityId: identity.id })
    : await arriving(context, db, vouched)
  if (isBanned(user, nowOf(context))) throw UserBanned()
  if (!mayComeIn(context, user)) throw EmailNeedsVerification(provider)
  return user
}

/** It has an address, and nothing of it was ever proven. */
export const isUnproven = (user: UserRow): boolean => Boolean(user.email) && isNobodys(user)

export const mayComeIn = ({ project }: Context, user: UserRow): boolean => {
  const { autoconfirm, allowUnverifiedSignIns } = project.settings().email
  return !isUnproven(user) || autoconfirm || allowUnverifiedSignIns
}

/** By evidence of the provider's own. */
export const isVouchedFor = ({ email }: UserRow, person: ProviderUser): boolean =>
  person.emailVerified && person.email?.toLowerCase() === email

/** As `stillHolds` of a sign-in asks. */
export const isStillLinked =
  ({ provider, person }: Pick<Vouched, 'provider'> & { person: Pick<ProviderUser, 'sub'> }) =>
  async (db: Db, userId: string): Promise<boolean> =>
    (await findIdentity(db, { provider, providerId: person.sub }))?.user_id === userId

async function returning(
  context: Context,
  db: Db,
  { userId, identityId, provider, person }: Vouched & { userId: string; identityId: string },
): Promise<UserRow> {
  const at = nowOf(context)
  const user = await lockUser(db, userId)
  if (!user) throw UserNotFound()
  await updateIdentity(db, identityId, { data: person.claims, at })
  // The provider may have proven the address only now.
  if (isVouchedFor(user, person) && user.email_confirmed_at === null)
    return takeOver(context, db, { user, provider })
  const raw_user_meta_data = { ...user.raw_user_meta_data, ...person.claims }
  return (await updateUser(db, user.id, { raw_user_meta_data, updated_at: at })) ?? user
}

async function arriving(context: Context, db: Db, vouched: Vouched): Promise<UserRow> {
  const { provider, person } = vouched
  const email = person.email?.toLowerCase() ?? null
  if (email === null) {
    const { external } = context.project.settings()
    const isOptional = vouched.emailOptional ?? external[provider]?.emailOptional
    if (!isOptional) throw EmailNotProvided(provider)
    return createExternal(context, db, { ...vouched, email })
  }
  await lockIdentifier(db, email)
  const found = await findUserByEmail(db, email)
  const known = found && (await lockUser(db, found.id))
  if (!known) return createExternal(context, db, { ...vouched, email })
  if (!person.emailVerified) throw EmailNeedsVerification(provider)
  const own =
    known.email_confirmed_at === null ? await takeOver(context, db, { user: known, provider: null }) : known
  return join(context, db, { user: own, vouched })
}

/** Until now somebody had only said it was theirs. */
async function takeOver(
  context: Context,
  db: Db,
  { user, provider }: { user: UserRow; provider: string | null },
): Promise<UserRow> {
  const at = nowOf(context)
  await db`delete from auth.identities where user_id = ${user.id} and provider = 'phone'`
  await forget(db, user, { at, keepProvider: provider })
  const proven = { email_verified: true }
  const own = (await listIdentities(db, user.id)).find((each) => each.provider === 'email')
  if (own) await updateIdentity(db, own.id, { data: proven, at })
  const change: UserChange = {
    ...{ encrypted_password: null, email_confirmed_at: at, is_anonymous: false },
    ...{ phone: null, phone_confirmed_at: null },
    ...{ sign_up_contested: false, raw_user_meta_data: { ...bareOf({ ...user, phone: null }), ...proven } },
  }
  return (await updateUser(db, user.id, { ...change, updated_at: at })) ?? user
}

/** One more identity of the same user. */
async function join(
  context: Context,
  db: Db,
  { user, vouched }: { user: UserRow; vouched: Vouched },
): Promise<UserRow> {
  const { provider, person, request } = vouched
  const at = nowOf(context)
  await insertIdentity(db, { userId: user.id, provider, providerId: person.sub, data: person.claims, at })
  await insertAudit(db, {
    action: 'identity_linked',
    actor: user,
    at,
    ip: addressOf(request),
    traits: { provider },
  })
  const before = (user.raw_app_meta_data?.providers as string[] | undefined) ?? []
  const providers = [...new Set([...before, provider])]
  const changed = await updateUser(db, user.id, {
    raw_app_meta_data: { ...user.raw_app_meta_data, provider: before[0] ?? provider, providers },
    raw_user_meta_data: { ...user.raw_user_meta_data, ...person.claims },
    updated_at: at,
  })
  return changed ?? user
}

/** A setting that asks nobody for proof is no evidence: whoever proves the address later must find it unproven. */
export async function createExternal(
  context: Context,
  db: Db,
  { provider, person, email, request, welcomedId }: Vouched & { email: string | null },
): Promise<UserRow> {
  const settings = context.project.settings()
  if (settings.disableSignup) throw SignupDisabled()
  const at = nowOf(context)
  const id = welcomedId ?? randomUUID()
  const app = { provider, providers: [provider] }
  if (welcomedId === undefined)
    await assertWelcome(context, { db, request, user: shownOf({ id, provider, person }) })
  const isProven = email !== null && person.emailVerified
  const user = await insertUser(db, {
    ...{ id, email, aud: settings.jwt.audience, role: settings.jwt.defaultRole },
    ...(isProven ? { email_confirmed_at: at } : {}),
    ...{ raw_app_meta_data: app, raw_user_meta_data: person.claims, created_at: at },
  })
  request.newcomers.add(user.id)
  await insertIdentity(db, { userId: id, provider, providerId: person.sub, data: person.claims, at })
  await insertAudit(db, {
    action: 'user_signedup',
    actor: user,
    at,
    ip: addressOf(request),
    traits: { provider },
  })
  return user
}

type Link = {
  userId: string
  /** The session in which it was asked for. */
  by: string | null
  vouched: Vouched
}

/**
 * Whoever is signed in adds it by hand. It ends with the session in which it was asked for: who was shut out meanwhile
 * gets no way back in. @throws IdentityExists, SessionOfTokenGone, SsoManaged
 */
export async function linkTo(context: Context, db: Db, { userId, by, vouched }: Link): Promise<UserRow> {
  const { provider, person } = vouched
  await lockIdentifier(db, `${provider} ${person.sub}`)
  if (await findIdentity(db, { provider, providerId: person.sub })) throw IdentityExists()
  const user = await lockUser(db, userId)
  if (!user) throw UserNotFound()
  const session = by === null ? undefined : await findSession(db, by)
  if (session?.user_id !== user.id) throw SessionOfTokenGone()
  if (user.is_sso_user) throw SsoManaged()
  const joined = await join(context, db, { user, vouched })
  await credentialChanged(db, { userId, by })
  const at = nowOf(context)
  if (!user.is_anonymous) return (await updateUser(db, user.id, { updated_at: at })) ?? joined
  const email = person.emailVerified ? (person.email?.toLowerCase() ?? null) : null
  const isFree = email !== null && !(await findUserByEmail(db, email))
  const change = { is_anonymous: false, ...(isFree ? { email, email_confirmed_at: at } : {}) }
  return (await updateUser(db, user.id, { ...change, updated_at: at })) ?? joined
}
