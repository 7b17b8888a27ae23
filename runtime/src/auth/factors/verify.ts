/**
 * The answer to a challenge. It is judged and used up in one transaction, so that no answer counts twice and no wrong
 * one is forgotten; only then the session is raised.
 */
import { timingSafeEqual } from 'node:crypto'
import { z } from 'zod'
import { isUuid, type Person } from '../access.ts'
import { type Context, nowOf, within } from '../context.ts'
import { type AuthFailure, ValidationFailed } from '../errors.ts'
import { guardedAs } from '../guard.ts'
import { type AuthRequest, addressOf, optionalText } from '../request.ts'
import type { SessionView } from '../session-view.ts'
import { insertAudit } from '../store/audit.ts'
import {
  type ChallengeRow,
  closeChallenge,
  countWrongAnswer,
  deleteChallenge,
  lockChallenge,
} from '../store/challenges.ts'
import { keepCredential, takeRecoveryCode, updateFactor } from '../store/factors.ts'
import { listFactors } from '../store/identities.ts'
import type { Db, FactorRow } from '../store/rows.ts'
import { factorAccount } from '../unlock.ts'
import { askAttemptHook } from './attempt-hook.ts'
import { isVerified } from './enroll.ts'
import {
  Aal2NeededToEnroll,
  AddressMismatch,
  ChallengeExpired,
  ChallengeNotFound,
  VerificationFailed,
  VerifyNotEnabled,
} from './errors.ts'
import { challengeAddressOf, factorOf } from './find.ts'
import { claimedForRaise, type FactorMethod, raise } from './raise.ts'
import { recoveryCodeHash } from './recovery-codes.ts'
import { seal, unseal } from './sealed.ts'
import { verifyTotp } from './totp.ts'
import { checkAnswer } from './webauthn.ts'

export const VerifyBody = z.object({
  challenge_id: optionalText,
  code: optionalText,
  webauthn: z
    .object({
      type: z.enum(['create', 'request']),
      credential_response: z.record(z.string(), z.unknown()),
    })
    .nullish(),
})
type VerifyBody = z.infer<typeof VerifyBody>

type Order = { body: VerifyBody; request: AuthRequest }

/** Wrong answers to one challenge. */
export const ANSWERS_MAX = 5

const REFUSALS = {
  totp: 'Invalid TOTP code entered',
  phone: 'Invalid MFA Phone code entered',
  webauthn: 'The credential could not be verified',
}

/** @throws the failures of errors.ts. */
export async function verifyFactor(
  context: Context,
  person: Person,
  { body, request }: Order,
): Promise<SessionView> {
  const { user } = person
  const guard = { account: factorAccount(user.id), request, refusal: VerificationFailed.code }
  return guardedAs(context, guard, async () => {
    const judged = await within(context, (tx) => judge(context, tx, { person, body, request }))
    // Outside: a wrong answer that was counted must stay so.
    if ('failure' in judged) throw judged.failure
    const { factor, method } = judged
    await askAttemptHook(context, { user, factor, isValid: method !== undefined, request })
    if (method === undefined) throw VerificationFailed(REFUSALS[factor.factor_type])
    const claimed = await claimedForRaise(context, { person, method, request })
    return within(context, (tx) => raise(context, tx, { person, factor, method, request, claimed }))
  })
}

/** Without a method the answer was wrong. */
type Judged = { factor: FactorRow; method: FactorMethod | undefined } | { failure: AuthFailure }
type Judging = Order & { person: Person }

async function judge(context: Context, db: Db, { person, body, request }: Judging): Promise<Judged> {
  const { user } = person
  const factor = await factorOf(db, { id: request.params[0], userId: user.id })
  const { mfa } = context.project.settings()
  if (!mfa[factor.factor_type].verify) throw VerifyNotEnabled[factor.factor_type]()
  await assertNotParked(db, { person, factor })
  if (!isUuid(body.challenge_id)) throw ValidationFailed('challenge_id must be an UUID')
  assertAnswered(factor, body)
  const address = challengeAddressOf(request)
  const challenge = await lockChallenge(db, { id: body.challenge_id, factorId: factor.id, address })
  if (!challenge) throw ChallengeNotFound()
  if (challenge.verified_at !== null || !challenge.is_same_address) throw AddressMismatch()
  const at = nowOf(context)
  const ageMs = at.getTime() - challenge.created_at.getTime()
  if (ageMs > mfa.challengeExpiryS * 1000) {
    await deleteChallenge(db, challenge.id)
    return { failure: ChallengeExpired(challenge.id) }
  }
  if (challenge.attempts >= ANSWERS_MAX) throw ChallengeExpired(challenge.id)
  const method = await judgeAnswer(context, db, { factor, challenge, body })
  if (method === undefined) await countWrongAnswer(db, challenge.id)
  else await closeChallenge(db, challenge.id, at)
  const traits = {
    ...{ factor_id: factor.id, challenge_id: challenge.id, factor_type: factor.factor_type },
    is_valid: method !== undefined,
  }
  await insertAudit(db, { action: 'verification_attempted', actor: user, at, ip: addressOf(request), traits })
  return { factor, method }
}

/**
 * Whoever knew the password may have begun an enrolment before its owner had a factor. To verify it afterwards would be
 * a way past that factor.
 */
async function assertNotParked(
  db: Db,
  { person: { user, session }, factor }: { person: Person; factor: FactorRow },
): Promise<void> {
  if (isVerified(factor) || session.aal === 'aal2') return
  if ((await listFactors(db, user.id)).some(isVerified)) throw Aal2NeededToEnroll()
}

function assertAnswered({ factor_type: type }: FactorRow, { code, webauthn }: VerifyBody): void {
  if (type === 'webauthn' && !webauthn)
    throw ValidationFailed('webauthn is required: type and credential_response')
  if (type !== 'webauthn' && code === undefined) throw ValidationFailed('code is required')
}

type Answer = { factor: FactorRow; challenge: ChallengeRow; body: VerifyBody }

/** What was right is used up. @returns undefined when it is wrong. */
async function judgeAnswer(context: Context, db: Db, answer: Answer): Promise<FactorMethod | undefined> {
  const { factor, challenge, body } = answer
  const { project } = context
  const code = (body.code ?? '').trim()
  if (factor.factor_type === 'totp') return judgeCode(context, db, { factor, code })
  if (factor.factor_type === 'phone') {
    const sent = unseal(challenge.otp_code ?? '', { project, id: challenge.id })?.text ?? ''
    return sent !== '' && isSame(sent, code) ? 'mfa/phone' : undefined
  }
  if (!body.webauthn) return undefined
  const session = challenge.web_authn_session_data
  const checked = await checkAnswer(context, factor, { answer: body.webauthn, session })
  if ('refused' in checked) {
    context.logger.info({ err: checked.refused, factor: factor.id }, 'webauthn answer refused')
    return undefined
  }
  await keepCredential(db, factor.id, checked)
  return 'mfa/webauthn'
}

/** A code of the app, or one of those that stand in for the app once it is lost. */
async function judgeCode(
  context: Context,
  db: Db,
  { factor, code }: { factor: FactorRow; code: string },
): Promise<FactorMethod | undefined> {
  const place = { project: context.project, id: factor.id }
  const unsealed = unseal(factor.secret ?? '', place)
  if (unsealed === undefined)
    context.logger.error(
      { factor: factor.id },
      'a factor was sealed under a secret that is not known any more',
    )
  const secret = unsealed?.text ?? ''
  const step = verifyTotp({ secret, code, nowMs: context.clock.now(), lastStep: factor.last_totp_step })
  if (step !== null) {
    const renewed = unsealed?.isStale ? { secret: seal(secret, place) } : {}
    await updateFactor(db, factor.id, { ...renewed, last_totp_step: step, updated_at: nowOf(context) })
    return 'totp'
  }
  // A factor that was never verified is not lost.
  if (!isVerified(factor)) return undefined
  const isRecovery = await takeRecoveryCode(db, factor.user_id, recoveryCodeHash(code))
  return isRecovery ? 'mfa/recovery_code' : undefined
}

/** By their bytes: a code in other digits has as many characters, and more of those. */
function isSame(one: string, other: string): boolean {
  const [first, second] = [Buffer.from(one), Buffer.from(other)]
  return first.length === second.length && timingSafeEqual(first, second)
}
