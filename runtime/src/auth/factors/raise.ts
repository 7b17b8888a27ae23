/** A second factor was shown: the session is worth more from now on, and gets new tokens. */
import type { Person } from '../access.ts'
import { type Context, nowOf } from '../context.ts'
import { credentialChanged } from '../credentials.ts'
import { SessionOfTokenGone } from '../errors.ts'
import type { AuthRequest } from '../request.ts'
import { makeRefreshToken, raisedRefreshToken, storedRefreshToken } from '../secrets.ts'
import type { SessionView } from '../session-view.ts'
import { viewOf } from '../sign-in.ts'
import { deleteUnverifiedFactors, updateFactor } from '../store/factors.ts'
import type { Db, FactorRow } from '../store/rows.ts'
import {
  addAmr,
  deleteWeakSessions,
  findActiveRefreshToken,
  insertRefreshToken,
  listAmr,
  lockSession,
  raiseSession,
  revokeRefreshToken,
} from '../store/sessions.ts'
import { lockUser } from '../store/users.ts'
import { type Claimed, claimedOutside } from '../token-claims.ts'

/** As GoTrue writes them into `amr`. */
export type FactorMethod = 'totp' | 'mfa/phone' | 'mfa/webauthn' | 'mfa/recovery_code'

type Raise = { person: Person; factor: FactorRow; method: FactorMethod; request: AuthRequest }

/** The claims of the raised session, where an endpoint is asked for them: before the transaction. */
export async function claimedForRaise(
  context: Context,
  { person: { user, session }, method, request }: Omit<Raise, 'factor'>,
): Promise<Claimed | undefined> {
  if (!context.hooks.isOutside('customAccessToken')) return undefined
  const before = await listAmr(await context.sql(), session.id)
  const now = { method, timestamp: Math.floor(context.clock.now() / 1000) }
  const amr = [now, ...before.filter((each) => each.method !== method)]
  const raised = { id: session.id, aal: 'aal2' as const, amr, notAfter: session.not_after }
  return claimedOutside(context, { user, session: raised, method, request })
}

/** @throws SessionOfTokenGone: it was ended meanwhile. */
export async function raise(
  context: Context,
  db: Db,
  { person: { user, session }, factor, method, request, claimed }: Raise & { claimed: Claimed | undefined },
): Promise<SessionView> {
  const at = nowOf(context)
  await lockUser(db, user.id)
  const locked = await lockSession(db, session.id)
  if (!locked) throw SessionOfTokenGone()
  if (factor.status !== 'verified') await updateFactor(db, factor.id, { status: 'verified', updated_at: at })
  await raiseSession(db, session.id, { aal: 'aal2', factorId: factor.id, at })
  await addAmr(db, session.id, { method, at })
  // Whoever is in without the factor that there is now, is out; and enrolments that were begun beside it are void. A new
  // factor, and a recovery code that is used up, change what the user signs in with: then everybody else is. Applications
  // are out only then: else each sign-in would disconnect them.
  const isChange = factor.status !== 'verified' || method === 'mfa/recovery_code'
  if (isChange) await credentialChanged(db, { userId: user.id, by: session.id })
  else await deleteWeakSessions(db, user.id, { except: session.id, ofClients: false })
  await deleteUnverifiedFactors(db, user.id, { type: factor.factor_type })
  const raised = { ...locked, aal: 'aal2' as const }
  return viewOf(context, db, {
    user,
    session: raised,
    refreshToken: await freshToken(context, db, { person: { user, session }, at }),
    ...{ method, request, ...(claimed && { claimed }) },
  })
}

/**
 * The token of before is used up, as by a refresh. Another tab may be refreshing with it right now: within the reuse
 * interval it gets this one, which therefore follows from it.
 */
async function freshToken(
  { project }: Context,
  db: Db,
  { person: { user, session }, at }: { person: Person; at: Date },
): Promise<string> {
  const before = await findActiveRefreshToken(db, session.id)
  if (before) await revokeRefreshToken(db, before.id, at)
  const token = before ? raisedRefreshToken(before.token, project.jwtSecret()) : makeRefreshToken()
  await insertRefreshToken(db, {
    ...{ token: storedRefreshToken(token), userId: user.id, sessionId: session.id },
    ...{ parent: before?.token ?? null, at },
  })
  return token
}
