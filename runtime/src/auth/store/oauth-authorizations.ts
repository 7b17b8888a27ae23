/** What applications ask for, from the request to the code that comes of it. Of codes only digests are kept. */
import { randomBytes, randomUUID } from 'node:crypto'
import type { Db } from './rows.ts'

export type AuthorizationRow = {
  id: string
  /** What the page that asks for consent knows it by. */
  authorization_id: string
  client_id: string
  /** Whose it is: of whoever looked at it first. */
  user_id: string | null
  redirect_uri: string
  scope: string
  state: string | null
  resource: string | null
  code_challenge: string | null
  nonce: string | null
  status: 'pending' | 'approved' | 'denied' | 'expired'
  /** What the code was spent on. */
  session_id: string | null
  created_at: Date
  expires_at: Date
}

export type NewAuthorization = {
  clientId: string
  redirectUri: string
  scope: string
  state: string | null
  resource: string | null
  nonce: string | null
  codeChallenge: string
  at: Date
  expiresAt: Date
}

/** A day longer than they count: a code that comes late is told from one that never was. */
const GRACE_MS = 24 * 3_600_000

export async function insertAuthorization(db: Db, made: NewAuthorization): Promise<AuthorizationRow> {
  const { at, expiresAt } = made
  // Of whomever they are, and so in nobody's order: what somebody else has in hand stays until the next time.
  await db`
    delete from auth.oauth_authorizations where id in (
      select id from auth.oauth_authorizations where expires_at < ${new Date(at.getTime() - GRACE_MS)}
      for update skip locked)`
  const [row] = await db<AuthorizationRow[]>`
    insert into auth.oauth_authorizations
      (id, authorization_id, client_id, redirect_uri, scope, state, resource, nonce, code_challenge,
       code_challenge_method, created_at, expires_at)
    values (${randomUUID()}, ${randomBytes(24).toString('base64url')}, ${made.clientId}, ${made.redirectUri},
      ${made.scope}, ${made.state}, ${made.resource}, ${made.nonce}, ${made.codeChallenge}, 's256', ${at}, ${expiresAt})
    returning *`
  if (!row) throw new Error('an insert returned no row')
  return row
}

/** Locked: of two answers to one question the first counts. */
export async function lockAuthorization(db: Db, id: string): Promise<AuthorizationRow | undefined> {
  const [row] = await db<AuthorizationRow[]>`
    select * from auth.oauth_authorizations where authorization_id = ${id} for update`
  return row
}

export async function claimAuthorization(db: Db, id: string, userId: string): Promise<void> {
  await db`update auth.oauth_authorizations set user_id = ${userId} where id = ${id}`
}

type Approval = { codeDigest: string; at: Date; expiresAt: Date }

export async function approveAuthorization(
  db: Db,
  id: string,
  { codeDigest, at, expiresAt }: Approval,
): Promise<void> {
  await db`
    update auth.oauth_authorizations
    set status = 'approved', authorization_code = ${codeDigest}, approved_at = ${at}, expires_at = ${expiresAt}
    where id = ${id}`
}

export async function closeAuthorization(db: Db, id: string, status: 'denied' | 'expired'): Promise<void> {
  await db`update auth.oauth_authorizations set status = ${status} where id = ${id}`
}

/** Locked: a code that comes twice at once is spent once. */
export async function lockCode(db: Db, codeDigest: string): Promise<AuthorizationRow | undefined> {
  const [row] = await db<AuthorizationRow[]>`
    select * from auth.oauth_authorizations
    where authorization_code = ${codeDigest} and status = 'approved' for update`
  return row
}

/** Not locked: whose a code is does not change. */
export async function userOfCode(db: Db, codeDigest: string): Promise<string | undefined> {
  const [row] = await db<{ user_id: string | null }[]>`
    select user_id from auth.oauth_authorizations where authorization_code = ${codeDigest}`
  return row?.user_id ?? undefined
}

/** Those of a user that nobody has spent yet. */
export async function withdrawCodes(db: Db, userId: string): Promise<void> {
  await db`
    update auth.oauth_authorizations set status = 'expired'
    where user_id = ${userId} and status = 'approved' and session_id is null`
}

export async function spendCode(db: Db, id: string, sessionId: string): Promise<void> {
  await db`update auth.oauth_authorizations set session_id = ${sessionId} where id = ${id}`
}

/** What is under way ends with the grant, or with the application. @param userId everybody's when absent. */
export async function dropAuthorizations(db: Db, clientId: string, userId?: string): Promise<void> {
  await db`
    delete from auth.oauth_authorizations
    where client_id = ${clientId} and (${userId === undefined} or user_id = ${userId ?? null}::uuid)`
}
