/**
 * Which account somebody is whom an identity provider of single sign-on vouches for. Its addresses are its own word: they
 * open no account of anybody else, not even of another provider. A person is known by the provider's id for it, alone.
 */
import { randomUUID } from 'node:crypto'
import { type Context, nowOf } from '../context.ts'
import { SignupDisabled, UserBanned, UserNotFound } from '../errors.ts'
import { type AuthRequest, addressOf } from '../request.ts'
import { isBanned } from '../sign-in.ts'
import { assertWelcome, type Welcomed } from '../sign-up.ts'
import { insertAudit } from '../store/audit.ts'
import { findIdentity, insertIdentity, updateIdentity } from '../store/identities.ts'
import type { Db, IdentityRow, Json, UserRow } from '../store/rows.ts'
import { insertUser, lockIdentifier, lockUser, updateUser } from '../store/users.ts'

export type SsoPerson = Welcomed & {
  /** `sso:<id of the provider>` */
  provider: string
  sub: string
  email: string
  claims: Json
  request: AuthRequest
}

export const providerName = (id: string): string => `sso:${id}`

/** Asks an endpoint before the transaction, as `welcome` does for those who sign up by themselves. @throws HookRefusal */
export async function welcomeSso(context: Context, person: SsoPerson): Promise<Welcomed> {
  const { provider, sub, request } = person
  if (!context.hooks.isOutside('beforeUserCreated') || context.project.settings().disableSignup) return {}
  if (await findIdentity(await context.sql(), { provider, providerId: sub })) return {}
  const id = randomUUID()
  await assertWelcome(context, { request, user: shownOf(id, person) })
  return { welcomedId: id }
}

const appOf = ({ provider }: SsoPerson): Json => ({ provider, providers: [provider] })

const shownOf = (id: string, person: SsoPerson): Json => ({
  ...{ id, email: person.email.toLowerCase() },
  ...{ app_metadata: appOf(person), user_metadata: person.claims },
})

/** @throws SignupDisabled, UserBanned, UserNotFound */
export async function ssoAccountOf(context: Context, db: Db, person: SsoPerson): Promise<UserRow> {
  const { provider, sub } = person
  await lockIdentifier(db, `${provider} ${sub}`)
  const identity = await findIdentity(db, { provider, providerId: sub })
  const user = identity
    ? await returning(context, db, { identity, person })
    : await arriving(context, db, person)
  if (isBanned(user, nowOf(context))) throw UserBanned()
  return user
}

async function returning(
  context: Context,
  db: Db,
  { identity, person }: { identity: IdentityRow; person: SsoPerson },
): Promise<UserRow> {
  const at = nowOf(context)
  const user = await lockUser(db, identity.user_id)
  if (!user) throw UserNotFound()
  await updateIdentity(db, identity.id, { data: person.claims, at })
  const raw_user_meta_data = { ...user.raw_user_meta_data, ...person.claims }
  return (await updateUser(db, user.id, { raw_user_meta_data, updated_at: at })) ?? user
}

async function arriving(context: Context, db: Db, person: SsoPerson): Promise<UserRow> {
  const { provider, sub, claims, request, welcomedId } = person
  const settings = context.project.settings()
  if (settings.disableSignup) throw SignupDisabled()
  const [at, id, email] = [nowOf(context), welcomedId ?? randomUUID(), person.email.toLowerCase()]
  if (welcomedId === undefined) await assertWelcome(context, { db, request, user: shownOf(id, person) })
  const user = await insertUser(db, {
    ...{ id, email, aud: settings.jwt.audience, role: 'authenticated', is_sso_user: true },
    ...{
      email_confirmed_at: at,
      raw_app_meta_data: appOf(person),
      raw_user_meta_data: claims,
      created_at: at,
    },
  })
  request.newcomers.add(user.id)
  await insertIdentity(db, { userId: id, provider, providerId: sub, data: claims, at })
  const traits = { provider }
  await insertAudit(db, { action: 'user_signedup', actor: user, at, ip: addressOf(request), traits })
  return user
}
