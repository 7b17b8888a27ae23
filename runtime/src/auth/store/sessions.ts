/** Sessions, how each was signed in to, and their refresh tokens. */
import { randomUUID } from 'node:crypto'
import type { Aal, Db, RefreshTokenRow, SessionRow, UserRow } from './rows.ts'

export type NewSession = {
  id?: string
  userId: string
  aal: Aal
  at: Date
  userAgent: string | null
  ip: string | null
  notAfter: Date | null
  /** The application it is for, which knows it by this id beforehand. */
  client?: { id: string; scopes: string; sessionId: string }
}

export async function insertSession(db: Db, session: NewSession): Promise<SessionRow> {
  const { id, userId, aal, at, userAgent, ip, notAfter, client } = session
  const [row] = await db<SessionRow[]>`
    insert into auth.sessions
      (id, user_id, aal, created_at, updated_at, user_agent, ip, not_after, oauth_client_id, scopes)
    values (${id ?? client?.sessionId ?? randomUUID()}, ${userId}, ${aal}, ${at}, ${at}, ${userAgent}, ${ip}, ${notAfter},
      ${client?.id ?? null}, ${client?.scopes ?? null})
    returning *`
  if (!row) throw new Error('an insert returned no row')
  return row
}

export async function findSession(db: Db, id: string): Promise<SessionRow | undefined> {
  const [row] = await db<
    SessionRow[]
  >`select *, refreshed_at at time zone 'utc' as refreshed_at from auth.sessions where id = ${id}`
  return row
}

/** Locked: of two refreshes at once one waits for the other. */
export async function lockSession(db: Db, id: string): Promise<SessionRow | undefined> {
  const [row] = await db<
    SessionRow[]
  >`select *, refreshed_at at time zone 'utc' as refreshed_at from auth.sessions where id = ${id} for update`
  return row
}

const LISTED_MAX = 100

/** The newest first. */
export async function listSessions(db: Db, userId: string): Promise<SessionRow[]> {
  return db<SessionRow[]>`
    select *, refreshed_at at time zone 'utc' as refreshed_at from auth.sessions
    where user_id = ${userId} order by created_at desc limit ${LISTED_MAX}`
}

export async function touchSession(
  db: Db,
  id: string,
  { at, userAgent, ip }: { at: Date; userAgent: string | null; ip: string | null },
): Promise<void> {
  await db`
    update auth.sessions set refreshed_at = ${at.toISOString().slice(0, -1)}, updated_at = ${at}, user_agent = ${userAgent}, ip = ${ip}
    where id = ${id}`
}

export async function raiseSession(
  db: Db,
  id: string,
  { aal, factorId, at }: { aal: Aal; factorId: string; at: Date },
): Promise<void> {
  await db`update auth.sessions set aal = ${aal}, factor_id = ${factorId}, updated_at = ${at} where id = ${id}`
}

/** The factor that raised them is gone. */
export async function lowerSessions(db: Db, factorId: string, at: Date): Promise<void> {
  await db`update auth.sessions set aal = 'aal1', factor_id = null, updated_at = ${at} where factor_id = ${factorId}`
}

/** Those that were never raised. @param ofClients those of applications too: they can never be. */
export async function deleteWeakSessions(
  db: Db,
  userId: string,
  { except, ofClients }: { except: string; ofClients: boolean },
): Promise<void> {
  await db`
    delete from auth.sessions
    where user_id = ${userId} and id <> ${except} and coalesce(aal, 'aal1') = 'aal1'
      and (${ofClients} or oauth_client_id is null)`
}

type Which = {
  only?: string
  except?: string
  /** Of this application; null is the person's own, without those of applications. */
  clientId?: string | null
}

/** Their refresh tokens and claims go with them. */
export async function deleteSessions(db: Db, userId: string, which: Which = {}): Promise<number> {
  const { only = null, except = null, clientId } = which
  const gone = await db`
    delete from auth.sessions
    where user_id = ${userId}
      and (${only}::uuid is null or id = ${only}::uuid)
      and (${except}::uuid is null or id <> ${except}::uuid)
      and (${clientId === undefined} or oauth_client_id is not distinct from ${clientId ?? null}::uuid)`
  return gone.count
}

/** Whosever they are: the application is gone. */
export async function deleteSessionsOfClient(db: Db, clientId: string): Promise<void> {
  await db`delete from auth.sessions where oauth_client_id = ${clientId}`
}

export type Amr = { method: string; timestamp: number }

export async function addAmr(
  db: Db,
  sessionId: string,
  { method, at }: { method: string; at: Date },
): Promise<void> {
  await db`
    insert into auth.mfa_amr_claims (id, session_id, authentication_method, created_at, updated_at)
    values (${randomUUID()}, ${sessionId}, ${method}, ${at}, ${at})
    on conflict (session_id, authentication_method) do update set updated_at = excluded.updated_at`
}

/** Latest first, as the claim has them. */
export async function listAmr(db: Db, sessionId: string): Promise<Amr[]> {
  return db<Amr[]>`
    select authentication_method as method, extract(epoch from updated_at)::int as timestamp
    from auth.mfa_amr_claims where session_id = ${sessionId} order by updated_at desc`
}

type NewRefreshToken = { token: string; userId: string; sessionId: string; parent: string | null; at: Date }

export async function insertRefreshToken(db: Db, made: NewRefreshToken): Promise<void> {
  const { token, userId, sessionId, parent, at } = made
  await db`
    insert into auth.refresh_tokens (token, user_id, session_id, parent, revoked, created_at, updated_at)
    values (${token}, ${userId}, ${sessionId}, ${parent}, false, ${at}, ${at})`
}

/** @param stored as it stands in the table: a digest of ours, or the text itself of one that came with a dump. */
export async function findRefreshToken(
  db: Db,
  stored: readonly string[],
): Promise<RefreshTokenRow | undefined> {
  const [row] = await db<RefreshTokenRow[]>`
    select * from auth.refresh_tokens where token in ${db(stored)} limit 1`
  return row
}

export type RefreshRows = {
  found: RefreshTokenRow | undefined
  session: SessionRow | undefined
  user: UserRow | undefined
}

/**
 * A refresh token with its session and user, who are locked: of two refreshes at once one waits for the other. The user
 * first, as by everybody, for a session may end here, and with it the code that it came of. Sent as one piece, and
 * answered in turn: what is read after the lock is what the other has left.
 */
export async function lockRefresh(db: Db, stored: readonly string[]): Promise<RefreshRows> {
  const sessionId = db`(select session_id from auth.refresh_tokens where token in ${db(stored)} limit 1)`
  const [[user], [session], [found]] = await Promise.all([
    db<UserRow[]>`
      select * from auth.users
      where id = (select user_id from auth.sessions where id = ${sessionId}) and deleted_at is null for update`,
    db<SessionRow[]>`
      select *, refreshed_at at time zone 'utc' as refreshed_at from auth.sessions
      where id = ${sessionId} for update`,
    db<RefreshTokenRow[]>`select * from auth.refresh_tokens where token in ${db(stored)} limit 1`,
  ])
  return { found, session, user }
}

export async function findActiveRefreshToken(
  db: Db,
  sessionId: string,
): Promise<RefreshTokenRow | undefined> {
  const [row] = await db<RefreshTokenRow[]>`
    select * from auth.refresh_tokens where session_id = ${sessionId} and not revoked order by id desc limit 1`
  return row
}

/** Those that came after it, the oldest first. */
export async function listLaterRefreshTokens(
  db: Db,
  { session_id: sessionId, id }: Pick<RefreshTokenRow, 'session_id' | 'id'>,
  limit: number,
): Promise<RefreshTokenRow[]> {
  return db<RefreshTokenRow[]>`
    select * from auth.refresh_tokens where session_id = ${sessionId} and id > ${id} order by id limit ${limit}`
}

export async function revokeRefreshToken(db: Db, id: string, at: Date): Promise<void> {
  await db`update auth.refresh_tokens set revoked = true, updated_at = ${at} where id = ${id}`
}
