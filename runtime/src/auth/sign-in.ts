/** Begins sessions and goes on with them: rows first, tokens last. */
import { randomUUID } from 'node:crypto'
import type { TransactionSql } from 'postgres'
import { type Context, nowOf, within } from './context.ts'
import {
  InvalidCredentials,
  RefreshConflict,
  RefreshSessionGone,
  RefreshTokenNotFound,
  RefreshTokenUsed,
  SessionExpired,
  UserBanned,
  UserNotFound,
} from './errors.ts'
import { type AuthRequest, addressOf, userAgentOf } from './request.ts'
import {
  makeRefreshToken,
  nextRefreshToken,
  raisedRefreshToken,
  refreshTokenForms,
  storedRefreshToken,
} from './secrets.ts'
import { type SessionView, sessionView } from './session-view.ts'
import { insertAudit } from './store/audit.ts'
import { listFactors, listIdentities } from './store/identities.ts'
import { rotate } from './store/rotation.ts'
import type { Db, IdentityRow, RefreshTokenRow, SessionRow, UserRow } from './store/rows.ts'
import {
  addAmr,
  deleteSessions,
  findRefreshToken,
  findSession,
  insertRefreshToken,
  insertSession,
  listAmr,
  listLaterRefreshTokens,
  lockRefresh,
  type NewSession,
  revokeRefreshToken,
  touchSession,
} from './store/sessions.ts'
import { findUser, lockUser, updateUser } from './store/users.ts'
import {
  type Claimed,
  claimedOutside,
  claimsAsked,
  clientOf,
  type Method,
  type Subject,
  type TokenMethod,
} from './token-claims.ts'
import { signAccessToken } from './tokens.ts'
import { userView } from './user-view.ts'

export type { Method } from './token-claims.ts'

const secondsOf = (time: Date): number => Math.floor(time.getTime() / 1000)

export function isBanned({ banned_until }: UserRow, now: Date): boolean {
  return banned_until !== null && banned_until > now
}

export type SignIn = {
  user: UserRow
  method: Method
  request: AuthRequest
  /** When it ends, whatever its tokens say. */
  notAfter?: Date | null
  /** Whether what it was signed in with is still there; asked where time went by since, with the user locked. */
  stillHolds?: (db: Db, userId: string) => Promise<boolean>
}

/**
 * A session, once it is settled whose. Where an endpoint is asked for the claims of the token, what was settled is kept
 * whatever it answers, and the session begins after it: no connection waits for the answer.
 * @throws UserBanned
 */
export async function sessionAfter(
  context: Context,
  signIn: Omit<SignIn, 'user'>,
  settle: (tx: TransactionSql) => Promise<UserRow>,
): Promise<SessionView> {
  if (context.hooks.isOutside('customAccessToken'))
    return startSession(context, { user: await within(context, settle), ...signIn })
  return within(context, async (tx) => beginSession(context, tx, { user: await settle(tx), ...signIn }))
}

/** Whether somebody signs in to it in another way than before. */
export const isOtherwise = (now: UserRow, before: UserRow): boolean =>
  now.encrypted_password !== before.encrypted_password ||
  now.email !== before.email ||
  now.phone !== before.phone

/**
 * Of a user that was settled before, and is judged again once it is locked: a ban holds, and what does not sign in any
 * more begins nothing. A sign-out alone keeps nobody out who would be back in with the same proof.
 * @throws UserBanned, UserNotFound, InvalidCredentials, SessionExpired
 */
export async function startSession(context: Context, signIn: SignIn): Promise<SessionView> {
  const { user, stillHolds } = signIn
  if (isBanned(user, nowOf(context))) throw UserBanned()
  const claimed = await claimedForSignIn(context, signIn)
  return within(context, async (tx) => {
    const now = await lockUser(tx, user.id)
    if (!now) throw UserNotFound()
    // Whoever changed it meanwhile ended all sessions: this one must not come after that.
    if (isOtherwise(now, user)) throw InvalidCredentials()
    if (stillHolds && !(await stillHolds(tx, user.id))) throw InvalidCredentials()
    return beginSession(context, tx, { ...signIn, user: now, ...(claimed && { claimed }) })
  })
}

/** The claims of a session that is about to begin, where an endpoint is asked for them: before the transaction. */
export function claimedForSignIn(
  context: Context,
  { user, method, request, notAfter = null }: SignIn,
): Promise<Claimed | undefined> {
  const amr = [{ method, timestamp: secondsOf(nowOf(context)) }]
  const session = { id: randomUUID(), aal: 'aal1' as const, amr, notAfter }
  return claimedOutside(context, { user, session, method, request })
}

type Beginning = Omit<SignIn, 'stillHolds'> & {
  /** The application that the session is for. */
  client?: NewSession['client']
  /** Asked for before; else they are here. */
  claimed?: Claimed
}

/** @throws UserBanned, SessionExpired */
export async function beginSession(
  context: Context,
  db: Db,
  { user, method, request, client, claimed, notAfter = null }: Beginning,
): Promise<SessionView> {
  const at = nowOf(context)
  if (isBanned(user, at)) throw UserBanned()
  if (notAfter && notAfter <= at) throw SessionExpired('Session Expired')
  const { sessions } = context.project.settings()
  const ip = addressOf(request)
  const session = await insertSession(db, {
    ...(claimed && { id: claimed.sessionId }),
    ...{ userId: user.id, aal: 'aal1', at, ip, userAgent: userAgentOf(request), notAfter },
    ...(client && { client }),
  })
  // Those of applications stand apart: neither is a sign-in of the person's.
  if (sessions.singlePerUser && !client)
    await deleteSessions(db, user.id, { except: session.id, clientId: null })
  await addAmr(db, session.id, { method, at })
  const token = makeRefreshToken()
  await insertRefreshToken(db, {
    ...{ token: storedRefreshToken(token), userId: user.id, sessionId: session.id, parent: null, at },
  })
  const seen = client
    ? user
    : ((await updateUser(db, user.id, { last_sign_in_at: at, updated_at: at })) ?? user)
  const traits = { provider: method, ...(client && { client_id: client.id }) }
  await insertAudit(db, { action: 'login', actor: seen, at, ip, traits })
  const viewed = { user: seen, session, refreshToken: token, method, request }
  return viewOf(context, db, { ...viewed, ...(claimed && { claimed }) })
}

type Viewed = {
  user: UserRow
  session: SessionRow
  refreshToken: string
  method: TokenMethod
  request: AuthRequest
  /** Asked for before; else they are here. */
  claimed?: Claimed
}

/** The session as its client sees it, with a fresh access token. */
export async function viewOf(
  context: Context,
  db: Db,
  { user, session, refreshToken, method, request, claimed }: Viewed,
): Promise<SessionView> {
  const [identities, factors, amr] = await Promise.all([
    listIdentities(db, user.id),
    listFactors(db, user.id),
    listAmr(db, session.id),
  ])
  const subject = { user, session: subjectOf(session, amr, identities), method, request }
  const claims = claimed?.claims ?? (await claimsAsked(context, subject, db))
  const access = await signAccessToken(context, claims)
  return sessionView(access, refreshToken, userView(user, { identities, factors }))
}

type Told = Pick<SessionRow, 'id' | 'aal' | 'not_after' | 'oauth_client_id' | 'scopes'>

const subjectOf = (
  session: Told,
  amr: Awaited<ReturnType<typeof listAmr>>,
  identities: readonly IdentityRow[],
): Subject['session'] => ({
  ...{ id: session.id, aal: session.aal ?? 'aal1', notAfter: session.not_after, client: clientOf(session) },
  amr: amr.map((each) => ({ ...each, ...ssoProviderOf(each.method, identities) })),
})

/** Which identity provider it was, as policies of several companies' users ask for it. */
function ssoProviderOf(method: string, identities: readonly IdentityRow[]): { provider?: string } {
  const [identity, ...others] = identities.filter(({ provider }) => provider.startsWith('sso:'))
  if (method !== 'sso/saml' || !identity || others.length > 0) return {}
  return { provider: identity.provider.slice('sso:'.length) }
}

export type Refresh = {
  token: string
  /** Of the application that the session must be of; null is the person's own. */
  clientId: string | null
  /** From what was granted to what this access token is to be good for. */
  narrow?: (scopes: string | null) => string | null
}

type Renewed = { view: SessionView; scopes: string | null }
type Refreshed = Renewed | { refusal: Error }

/**
 * A refresh token for the next one. A token that was used already is fine within the reuse interval, for an answer may
 * be lost: then the same successor is given again. Later it is a sign of theft, and the whole session ends.
 */
export async function refreshSession(
  context: Context,
  { token, clientId, narrow = (scopes) => scopes }: Refresh,
  request: AuthRequest,
): Promise<Renewed> {
  const forms = refreshTokenForms(token)
  if (forms.length === 0) throw RefreshTokenNotFound()
  const rotated = clientId === null && (await rotatedAtOnce(context, { token, forms, request }))
  if (rotated) return { view: rotated, scopes: null }
  const claimed = await claimedForRefresh(context, { forms, clientId, narrow }, request)
  // A refusal that ends a session must be kept: it is thrown after the transaction, not in it.
  const outcome = await within<Refreshed>(context, async (tx) => {
    const { found, session, user } = await lockRefresh(tx, forms)
    if (!found?.session_id) throw RefreshTokenNotFound()
    if (!session) throw RefreshSessionGone()
    // An application shows who it is, too; and nobody else's token is its to spend.
    if (session.oauth_client_id !== clientId) throw RefreshTokenNotFound()
    const scopes = narrow(session.scopes)
    if (!user) throw RefreshTokenNotFound()
    if (isBanned(user, nowOf(context))) throw UserBanned()
    const expired = expiryOf(context, session)
    if (expired) return { refusal: expired }
    // Raised or lowered while the claims were asked for: they are of another session than this one is now.
    if (claimed && claimed.aal !== (session.aal ?? 'aal1')) throw RefreshConflict()
    const next = await successorOf(context, tx, { row: found, token, session })
    if ('refusal' in next) {
      if (next.isTheft) await endStolen(context, tx, { user, session, request })
      return next
    }
    const [at, ip] = [nowOf(context), addressOf(request)]
    const touched = { at, userAgent: userAgentOf(request), ip }
    await insertAudit(tx, { action: 'token_refreshed', actor: user, at, ip })
    const viewed = {
      ...{ user, session: { ...session, scopes }, refreshToken: next.token, request },
      method: 'token_refresh' as const,
    }
    const [, view] = await Promise.all([
      touchSession(tx, session.id, touched),
      viewOf(context, tx, { ...viewed, ...(claimed && { claimed }) }),
    ])
    return { view, scopes }
  })
  if ('refusal' in outcome) throw outcome.refusal
  return outcome
}

type Stolen = { user: UserRow; session: SessionRow; request: AuthRequest }

async function endStolen(context: Context, db: Db, { user, session, request }: Stolen): Promise<void> {
  await deleteSessions(db, user.id, { only: session.id })
  await insertAudit(db, {
    ...{ action: 'token_revoked', actor: user, at: nowOf(context), ip: addressOf(request) },
  })
}

type Asked = { token: string; forms: readonly string[]; request: AuthRequest }

/** Where nobody is asked for claims and the token is good. @returns undefined where it takes a closer look. */
async function rotatedAtOnce(
  context: Context,
  { token, forms, request }: Asked,
): Promise<SessionView | undefined> {
  const { refreshRotation, timeboxS, inactivityS } = context.project.settings().sessions
  if (!refreshRotation || context.hooks.has('customAccessToken')) return undefined
  const at = nowOf(context)
  const before = (seconds: number | null) =>
    seconds === null ? null : new Date(at.getTime() - seconds * 1000)
  const next = nextRefreshToken(token, context.project.jwtSecret())
  const rotated = await rotate(await context.sql(), {
    ...{ forms, next: storedRefreshToken(next), at, userAgent: userAgentOf(request), ip: addressOf(request) },
    ...{ begunAfter: before(timeboxS), usedAfter: before(inactivityS) },
  })
  if (!rotated) return undefined
  const { user, session: row, amr, ...parts } = rotated
  const session = subjectOf(row, amr, parts.identities)
  const claims = await claimsAsked(context, { user, session, method: 'token_refresh', request })
  return sessionView(await signAccessToken(context, claims), next, userView(user, parts))
}

/** Where an endpoint is asked: nothing is written yet, so that one that fails costs nobody the token. */
async function claimedForRefresh(
  context: Context,
  { forms, clientId, narrow }: Required<Omit<Refresh, 'token'>> & { forms: readonly string[] },
  request: AuthRequest,
): Promise<Claimed | undefined> {
  if (!context.hooks.isOutside('customAccessToken')) return undefined
  const sql = await context.sql()
  const found = await findRefreshToken(sql, forms)
  const session = found?.session_id ? await findSession(sql, found.session_id) : undefined
  const user = session && (await findUser(sql, session.user_id))
  // What is refused anyway is refused in the transaction.
  if (!user || session.oauth_client_id !== clientId) return undefined
  if (isBanned(user, nowOf(context)) || expiryOf(context, session)) return undefined
  const [amr, identities] = await Promise.all([listAmr(sql, session.id), listIdentities(sql, user.id)])
  const subject = subjectOf({ ...session, scopes: narrow(session.scopes) }, amr, identities)
  return claimedOutside(context, { user, session: subject, method: 'token_refresh', request })
}

type Presented = { row: RefreshTokenRow; token: string; session: SessionRow }

type Successor = { token: string } | { refusal: Error; isTheft: boolean }

async function successorOf(context: Context, db: Db, { row, token, session }: Presented): Promise<Successor> {
  const { sessions } = context.project.settings()
  const at = nowOf(context)
  if (!row.revoked) {
    // What a public application holds is rotated whatever the settings are (OAuth 2.1, 4.3.1).
    if (!sessions.refreshRotation && session.oauth_client_id === null) return { token }
    const next = nextRefreshToken(token, context.project.jwtSecret())
    const successor = {
      ...{ token: storedRefreshToken(next), userId: session.user_id, sessionId: session.id },
      ...{ parent: row.token, at },
    }
    await Promise.all([revokeRefreshToken(db, row.id, at), insertRefreshToken(db, successor)])
    return { token: next }
  }
  const isRecent = at.getTime() - row.updated_at.getTime() <= sessions.refreshReuseIntervalS * 1000
  const current = isRecent ? await currentAfter(context, db, { row, token }) : undefined
  return current === undefined ? { refusal: RefreshTokenUsed(), isTheft: !isRecent } : { token: current }
}

/** The token of the session that is good now, which came of that one by refreshes and by a second factor. */
async function currentAfter(
  context: Context,
  db: Db,
  { row, token }: Omit<Presented, 'session'>,
): Promise<string | undefined> {
  const secret = context.project.jwtSecret()
  let [next, stored] = [token, row.token]
  for (const later of await listLaterRefreshTokens(db, row, REUSE_STEPS_MAX)) {
    const made = [nextRefreshToken(next, secret), raisedRefreshToken(stored, secret)]
    const found = made.find((each) => storedRefreshToken(each) === later.token)
    if (found === undefined) continue
    if (!later.revoked) return found
    ;[next, stored] = [found, later.token]
  }
  return undefined
}

/** So many refreshes may lie between a lost answer and its repetition. */
const REUSE_STEPS_MAX = 20

function expiryOf(context: Context, session: SessionRow): Error | undefined {
  const { timeboxS, inactivityS } = context.project.settings().sessions
  const now = context.clock.now()
  const age = now - session.created_at.getTime()
  if (session.not_after && session.not_after.getTime() < now) return SessionExpired('Session Expired')
  if (timeboxS !== null && age > timeboxS * 1000) return SessionExpired('Session Expired')
  const used = session.refreshed_at ?? session.created_at
  if (inactivityS !== null && now - used.getTime() > inactivityS * 1000)
    return SessionExpired('Session Expired (Inactivity)')
  return undefined
}
