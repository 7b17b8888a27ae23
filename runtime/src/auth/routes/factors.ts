/** `/factors`: the second factors of the person who is signed in. */
import { lockPerson, personOf } from '../access.ts'
import { type Context, nowOf, within } from '../context.ts'
import { credentialChanged } from '../credentials.ts'
import { ChallengeBody, challenge } from '../factors/challenge.ts'
import { dropFactor } from '../factors/drop.ts'
import { Enrollment, enroll, isVerified } from '../factors/enroll.ts'
import { Aal2NeededForCodes, Aal2NeededToUnenroll } from '../factors/errors.ts'
import { factorOf } from '../factors/find.ts'
import { createRecoveryCodes } from '../factors/recovery-codes.ts'
import { VerifyBody, verifyFactor } from '../factors/verify.ts'
import { type AuthAnswer, type AuthRequest, addressOf, bodyOf, ok } from '../request.ts'
import { insertAudit } from '../store/audit.ts'
import { replaceRecoveryCodes } from '../store/factors.ts'
import { listFactors } from '../store/identities.ts'

export async function postFactor(context: Context, request: AuthRequest): Promise<AuthAnswer> {
  const body = bodyOf(request, Enrollment)
  const person = await personOf(context, await context.sql(), request)
  return ok(await enroll(context, person, { body, request }))
}

export async function postChallenge(context: Context, request: AuthRequest): Promise<AuthAnswer> {
  const body = bodyOf(request, ChallengeBody)
  const person = await personOf(context, await context.sql(), request)
  return ok(await challenge(context, person, { body, request }))
}

export async function postFactorVerify(context: Context, request: AuthRequest): Promise<AuthAnswer> {
  const body = bodyOf(request, VerifyBody)
  const person = await personOf(context, await context.sql(), request)
  return ok(await verifyFactor(context, person, { body, request }))
}

export async function deleteOwnFactor(context: Context, request: AuthRequest): Promise<AuthAnswer> {
  return within(context, async (tx) => {
    const { user, session } = await lockPerson(context, tx, request)
    const factor = await factorOf(tx, { id: request.params[0], userId: user.id })
    if (isVerified(factor) && session.aal !== 'aal2') throw Aal2NeededToUnenroll()
    const [at, ip] = [nowOf(context), addressOf(request)]
    await dropFactor(tx, factor, { at, by: session.id })
    const traits = { factor_id: factor.id, factor_status: factor.status, session_id: session.id }
    await insertAudit(tx, { action: 'factor_unenrolled', actor: user, at, ip, traits })
    return ok({ id: factor.id })
  })
}

/** In place of all there were. Shown now and never again. */
export async function postRecoveryCodes(context: Context, request: AuthRequest): Promise<AuthAnswer> {
  const { codes, hashes } = createRecoveryCodes()
  return within(context, async (tx) => {
    const { user, session } = await lockPerson(context, tx, request)
    const isProtected = (await listFactors(tx, user.id)).some(isVerified)
    if (!isProtected || session.aal !== 'aal2') throw Aal2NeededForCodes()
    const [at, ip] = [nowOf(context), addressOf(request)]
    await replaceRecoveryCodes(tx, user.id, { hashes, at })
    await credentialChanged(tx, { userId: user.id, by: session.id })
    await insertAudit(tx, { action: 'recovery_codes_generated', actor: user, at, ip })
    return ok({ codes })
  })
}
