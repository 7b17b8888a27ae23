/** PKCE: who began a sign-in ends it, with the verifier that nobody else has. */
import { timingSafeEqual } from 'node:crypto'
import { type Context, nowOf, within } from './context.ts'
import {
  AuthFailure,
  BadCodeVerifier,
  FlowStateExpired,
  FlowStateNotFound,
  SessionExpired,
  UserBanned,
  UserNotFound,
  ValidationFailed,
} from './errors.ts'
import type { AuthRequest } from './request.ts'
import { s256 } from './secrets.ts'
import type { SessionView } from './session-view.ts'
import { beginSession, claimedForSignIn, isBanned, type Method, type SignIn } from './sign-in.ts'
import { dropFlow, findFlowByCode, insertFlow, lockFlow } from './store/flow-states.ts'
import type { Db, FlowRow, UserRow } from './store/rows.ts'
import { lockUser } from './store/users.ts'
import type { Claimed } from './token-claims.ts'

export type Challenge = { challenge: string; method: 's256' | 'plain' }

const CHALLENGE = /^[A-Za-z0-9._~-]{43,128}$/
const FLOW_LIFETIME_MS = 5 * 60_000
/** The verifier of a flow that began in a mail may come as late as the mail itself. */
const MAIL_FLOW_LIFETIME_MS = 24 * 3_600_000

/** @throws ValidationFailed when only one half is there, or neither as RFC 7636 has it. */
export function parseChallenge(body: {
  code_challenge?: string | undefined
  code_challenge_method?: string | undefined
}): Challenge | undefined {
  const { code_challenge: challenge, code_challenge_method: given } = body
  if (challenge === undefined && given === undefined) return undefined
  if (challenge === undefined || given === undefined)
    throw ValidationFailed('PKCE flow requires code_challenge_method and code_challenge')
  const method = given.toLowerCase()
  if (method !== 's256' && method !== 'plain')
    throw ValidationFailed('code_challenge_method must be s256 or plain')
  if (!CHALLENGE.test(challenge))
    throw ValidationFailed('code challenge has to be between 43 and 128 characters of A-Z, a-z, 0-9, -._~')
  return { challenge, method }
}

export function beginFlow(
  context: Context,
  db: Db,
  flow: { challenge: Challenge; userId: string | null; provider: string; method: string },
): Promise<FlowRow> {
  const { challenge, userId, provider, method } = flow
  return insertFlow(db, {
    ...{ userId, method, providerType: provider, at: nowOf(context) },
    ...{ challenge: challenge.challenge, challengeMethod: challenge.method },
  })
}

type Shown = { code: string; verifier: string }
type Good = { flow: FlowRow; user: UserRow }

/**
 * A code for a session, spent in the transaction in which that begins: a sign-out finds one or the other. Where an
 * endpoint is asked for the claims, the code is judged before and once more after: no connection waits for the answer,
 * and a hook that fails costs nobody the code.
 */
export async function exchangeCode(
  context: Context,
  shown: Shown,
  request: AuthRequest,
): Promise<SessionView> {
  const claimed = await claimedBefore(context, shown, request)
  const { flow, view } = await settled(context, async (tx) => {
    const judged = await judge(context, tx, shown)
    if (judged instanceof AuthFailure) return judged
    await dropFlow(tx, judged.flow.id)
    const signIn = { ...signInOf(judged, request), ...(claimed && { claimed }) }
    return { flow: judged.flow, view: await beginSession(context, tx, signIn) }
  })
  const { provider_access_token: access, provider_refresh_token: refresh } = flow
  return {
    ...view,
    ...(access === null ? {} : { provider_token: access }),
    ...(refresh === null ? {} : { provider_refresh_token: refresh }),
  }
}

async function claimedBefore(
  context: Context,
  shown: Shown,
  request: AuthRequest,
): Promise<Claimed | undefined> {
  if (!context.hooks.isOutside('customAccessToken')) return undefined
  const judged = await settled(context, (tx) => judge(context, tx, shown))
  return claimedForSignIn(context, signInOf(judged, request))
}

const signInOf = ({ flow, user }: Good, request: AuthRequest): SignIn => ({
  ...{ user, method: methodOf(flow), request, notAfter: flow.session_not_after },
})

/** What a refusal spends stays spent: it is thrown after the transaction. */
async function settled<Result>(
  context: Context,
  work: (tx: Db) => Promise<Result | AuthFailure>,
): Promise<Result> {
  const outcome = await within(context, work)
  if (outcome instanceof AuthFailure) throw outcome
  return outcome
}

/** Its user and the flow are locked from here on, in the order of everybody who ends what a user has. */
async function judge(context: Context, db: Db, { code, verifier }: Shown): Promise<Good | AuthFailure> {
  const found = await findFlowByCode(db, code)
  if (!found) return FlowStateNotFound()
  const user = found.user_id === null ? undefined : await lockUser(db, found.user_id)
  const flow = await lockFlow(db, found.id)
  if (!flow) return FlowStateNotFound()
  const refusal = refuse(context, { flow, user, verifier })
  if (refusal === undefined && user !== undefined) return { flow, user }
  await dropFlow(db, flow.id)
  return refusal ?? UserNotFound()
}

type Judging = { flow: FlowRow; user: UserRow | undefined; verifier: string }

/** Whatever is wrong with it, the code is spent by that: nobody guesses twice. */
function refuse(context: Context, { flow, user, verifier }: Judging): AuthFailure | undefined {
  const { user_id: userId, auth_code_issued_at: issuedAt, session_not_after: notAfter } = flow
  const now = nowOf(context)
  if (userId === null) return FlowStateNotFound()
  const isLate = issuedAt === null || now.getTime() - issuedAt.getTime() > FLOW_LIFETIME_MS
  if (isLate || isStale(context, flow)) return FlowStateExpired()
  if (!fits(flow, verifier)) return BadCodeVerifier()
  if (user?.id !== userId) return UserNotFound()
  if (isBanned(user, now)) return UserBanned()
  return notAfter && notAfter <= now ? SessionExpired('Session Expired') : undefined
}

const isStale = ({ clock }: Context, { created_at }: FlowRow): boolean =>
  clock.now() - created_at.getTime() > MAIL_FLOW_LIFETIME_MS

const methodOf = ({ authentication_method: method }: FlowRow): Method => method as Method

function fits({ code_challenge, code_challenge_method }: FlowRow, verifier: string): boolean {
  if (code_challenge === null) return false
  const shown = Buffer.from(code_challenge_method === 's256' ? s256(verifier) : verifier)
  const wanted = Buffer.from(code_challenge)
  return shown.length === wanted.length && timingSafeEqual(shown, wanted)
}
