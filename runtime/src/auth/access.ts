/** Who may come in where: the bearer's own claims, checked against the rows they speak of. */
import { type Context, issuerOf, nowOf } from './context.ts'
import {
  BadJwt,
  NoAuthorization,
  NotAdmin,
  NotForClients,
  SessionOfTokenGone,
  UserOfTokenBanned,
  UserOfTokenGone,
} from './errors.ts'
import type { AuthRequest } from './request.ts'
import { isBanned } from './sign-in.ts'
import type { Db, SessionRow, UserRow } from './store/rows.ts'
import { findSession } from './store/sessions.ts'
import { findUser, lockUser } from './store/users.ts'

/** `user`: a person's token; `admin`: a role that may do everything; `open`: not even a key. */
export type Access = 'open' | 'key' | 'user' | 'admin'

/** A person who is signed in. */
export type Person = { user: UserRow; session: SessionRow }

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i

export const isUuid = (text: unknown): text is string => typeof text === 'string' && UUID.test(text)

/** @throws NoAuthorization, NotAdmin */
export function assertAdmin({ project }: Context, { session }: AuthRequest): void {
  if (!project.settings().jwt.adminRoles.includes(session.role))
    throw session.anonymous ? NoAuthorization() : NotAdmin()
  if (session.claims.client_id !== undefined) throw NotAdmin()
}

/**
 * The person itself. An application that acts for it signs nobody in, changes no credential and grants nothing further;
 * GoTrue lets it.
 *
 * @throws what `bearerOf` throws, NotForClients
 */
export async function personOf(context: Context, db: Db, request: AuthRequest): Promise<Person> {
  return itself(await bearerOf(context, db, request))
}

/**
 * The person itself, locked until the transaction ends: no sign-out comes between what it asks for and what it gets. One
 * that came before is seen, for the session is read after the lock.
 */
export async function lockPerson(context: Context, db: Db, request: AuthRequest): Promise<Person> {
  return itself(await lockBearer(context, db, request))
}

/** @throws NotForClients */
function itself(person: Person): Person {
  if (person.session.oauth_client_id !== null) throw NotForClients()
  return person
}

/**
 * The person, or an application that acts for it: `session.oauth_client_id` tells.
 *
 * @throws NoAuthorization, BadJwt, UserOfTokenGone, SessionOfTokenGone, UserOfTokenBanned
 */
export function bearerOf(context: Context, db: Db, request: AuthRequest): Promise<Person> {
  return bearerBy(context, request, { db, userOf: findUser })
}

/** As `lockPerson`, or an application that acts for the person. */
export function lockBearer(context: Context, db: Db, request: AuthRequest): Promise<Person> {
  return bearerBy(context, request, { db, userOf: lockUser })
}

type Reading = { db: Db; userOf: typeof findUser }

async function bearerBy(context: Context, request: AuthRequest, { db, userOf }: Reading): Promise<Person> {
  if (request.headers.authorization === undefined) throw NoAuthorization()
  const { sub, session_id: sessionId, iss, exp, aud } = request.session.claims
  if (!isUuid(sub)) throw BadJwt('missing sub claim')
  // Who holds the secret may sign what the REST API takes; a person's session is made here alone.
  if (iss !== issuerOf(context)) throw BadJwt('the issuer is not this project')
  if (typeof exp !== 'number') throw BadJwt('missing exp claim')
  const user = await userOf(db, sub)
  if (!user) throw UserOfTokenGone()
  // A hook may name several.
  const audiences: unknown[] = [aud].flat()
  if (!audiences.includes(user.aud || context.project.settings().jwt.audience))
    throw BadJwt('the audience is another')
  const session = isUuid(sessionId) ? await findSession(db, sessionId) : undefined
  if (session?.user_id !== user.id) throw SessionOfTokenGone()
  if (isBanned(user, nowOf(context))) throw UserOfTokenBanned()
  return { user, session }
}
