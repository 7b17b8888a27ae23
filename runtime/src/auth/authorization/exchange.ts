/**
 * A code for a session. It is spent in the transaction in which the session begins: of those who come with it one gets in,
 * and whoever comes after ends that session.
 */
import { randomUUID } from 'node:crypto'
import type { TransactionSql } from 'postgres'
import { type Context, nowOf, within } from '../context.ts'
import { type AuthRequest, addressOf } from '../request.ts'
import type { SessionView } from '../session-view.ts'
import { beginSession, isBanned } from '../sign-in.ts'
import { insertAudit } from '../store/audit.ts'
import {
  type AuthorizationRow,
  closeAuthorization,
  lockCode,
  spendCode,
  userOfCode,
} from '../store/oauth-authorizations.ts'
import type { Db, UserRow } from '../store/rows.ts'
import { deleteSessions } from '../store/sessions.ts'
import { lockUser } from '../store/users.ts'
import { type Claimed, claimedOutside } from '../token-claims.ts'
import { digestCode, fitsChallenge } from './code.ts'
import { OAuthRefusal, oauthRefusal } from './errors.ts'

export type Shown = {
  code: string
  /** Of the application that shows it. */
  clientId: string
  form: ReadonlyMap<string, string>
  request: AuthRequest
}

type Good = { user: UserRow; authorization: AuthorizationRow }
export type Exchanged = Good & { view: SessionView }

const METHOD = 'oauth_provider/authorization_code'

/**
 * Where an endpoint is asked for the claims, the code is judged before and once more after: no connection waits for the
 * answer, and an endpoint that fails costs nobody the code.
 * @throws OAuthRefusal, and what the project's hook says
 */
export async function exchangeCode(context: Context, shown: Shown): Promise<Exchanged> {
  if (!context.hooks.isOutside('customAccessToken'))
    return settled(context, async (tx) => {
      const judged = await judge(context, tx, shown)
      return judged instanceof OAuthRefusal ? judged : begin(context, tx, { ...judged, shown })
    })
  const before = await settled(context, (tx) => judge(context, tx, shown))
  const claimed = await claimedFor(context, before, shown)
  return settled(context, async (tx) => {
    const judged = await judge(context, tx, shown)
    if (judged instanceof OAuthRefusal) return judged
    return begin(context, tx, { ...judged, shown, claimed })
  })
}

/** What a refusal ends stays ended: it is thrown after the transaction. */
async function settled<Result>(
  context: Context,
  work: (tx: TransactionSql) => Promise<Result | OAuthRefusal>,
): Promise<Result> {
  const outcome = await within(context, work)
  if (outcome instanceof OAuthRefusal) throw outcome
  return outcome
}

/**
 * Its user and the code are locked from here on, in the order of everybody who changes users: a credential that changes
 * before takes the code along, and one that changes after ends the session.
 */
async function judge(context: Context, db: Db, shown: Shown): Promise<Good | OAuthRefusal> {
  const { clientId, form, request } = shown
  const code = digestCode(shown.code)
  const userId = await userOfCode(db, code)
  const user = userId === undefined ? undefined : await lockUser(db, userId)
  const authorization = await lockCode(db, code)
  if (authorization?.client_id !== clientId) return oauthRefusal('invalid_grant', 'Invalid code')
  if (authorization.session_id !== null) return replayed(context, db, { authorization, user, request })
  const refusal = refuse(context, { authorization, user, form })
  if (refusal === undefined && user !== undefined) return { user, authorization }
  await closeAuthorization(db, authorization.id, 'expired')
  return refusal ?? oauthRefusal('invalid_grant', 'Invalid code')
}

type Judging = { authorization: AuthorizationRow; user: UserRow | undefined; form: Shown['form'] }

/** Whatever is wrong with it, the code is spent by that: nobody tries twice. A grant that was revoked took it along. */
function refuse(context: Context, { authorization, user, form }: Judging): OAuthRefusal | undefined {
  const { redirect_uri: redirectUri, resource, code_challenge: challenge } = authorization
  const no = (why: string) => oauthRefusal('invalid_grant', why)
  if (authorization.expires_at <= nowOf(context)) return no('The code has expired')
  // OAuth 2.1 leaves it out; who gives it gives the same.
  if ((form.get('redirect_uri') ?? redirectUri) !== redirectUri) return no('redirect_uri is another')
  if ((form.get('resource') ?? resource) !== resource) return no('resource is another')
  if (!fitsChallenge(form.get('code_verifier'), challenge)) return no('code_verifier does not fit')
  const isThere = user !== undefined && !isBanned(user, nowOf(context))
  return isThere ? undefined : no('The user is not there')
}

/** Of two who have a code one has stolen it: what came of it ends (RFC 6749, 4.1.2). */
async function replayed(
  context: Context,
  db: Db,
  { authorization, user, request }: Omit<Judging, 'form'> & { request: AuthRequest },
): Promise<OAuthRefusal> {
  const { session_id: sessionId, client_id: clientId } = authorization
  if (user && sessionId !== null) {
    await deleteSessions(db, user.id, { only: sessionId })
    const traits = { client_id: clientId, reason: 'code_used_twice' }
    const entry = { actor: user, at: nowOf(context), ip: addressOf(request), traits }
    await insertAudit(db, { action: 'token_revoked', ...entry })
  }
  return oauthRefusal('invalid_grant', 'Invalid code')
}

/** Of a session that is not there yet: it begins under this id. */
function claimedFor(
  context: Context,
  { user, authorization }: Good,
  { request }: Shown,
): Promise<Claimed | undefined> {
  const amr = [{ method: METHOD, timestamp: Math.floor(context.clock.now() / 1000) }]
  const client = { id: authorization.client_id, scopes: authorization.scope }
  const session = { id: randomUUID(), aal: 'aal1' as const, amr, notAfter: null, client }
  return claimedOutside(context, { user, session, method: METHOD, request })
}

type Beginning = Good & { shown: Shown; claimed?: Claimed | undefined }

async function begin(
  context: Context,
  db: Db,
  { user, authorization, shown: { request }, claimed }: Beginning,
): Promise<Exchanged> {
  const sessionId = claimed?.sessionId ?? randomUUID()
  const client = { id: authorization.client_id, scopes: authorization.scope, sessionId }
  const begun = { user, method: METHOD, request, client } as const
  const view = await beginSession(context, db, { ...begun, ...(claimed && { claimed }) })
  await spendCode(db, authorization.id, sessionId)
  return { user, authorization, view }
}
