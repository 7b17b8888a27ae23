/** Asks for a second factor. Phones get a code, browsers what an authenticator is to sign; apps have theirs already. */
import { z } from 'zod'
import type { Person } from '../access.ts'
import { type Context, nowOf, within } from '../context.ts'
import { OverSmsRate, ValidationFailed } from '../errors.ts'
import { type AuthRequest, addressOf, optionalText } from '../request.ts'
import { makeOtp } from '../secrets.ts'
import { deliver } from '../sms-codes.ts'
import { insertAudit } from '../store/audit.ts'
import {
  deleteChallenge,
  deleteOldChallenges,
  insertChallenge,
  makeChallengeId,
} from '../store/challenges.ts'
import { updateFactor } from '../store/factors.ts'
import type { Db, FactorRow, Json } from '../store/rows.ts'
import { VerifyNotEnabled } from './errors.ts'
import { challengeAddressOf, factorOf } from './find.ts'
import { seal } from './sealed.ts'
import { type CredentialOptions, credentialOptions } from './webauthn.ts'

export const ChallengeBody = z.object({ channel: optionalText })

type Order = { body: z.infer<typeof ChallengeBody>; request: AuthRequest }
type Asked = {
  id: string
  factor: FactorRow
  otp: string | undefined
  webauthn: CredentialOptions | undefined
}

/** @throws FactorNotFound, VerifyNotEnabled, OverSmsRate */
export async function challenge(context: Context, person: Person, { body, request }: Order) {
  const channel = channelOf(body.channel)
  const asked = await within(context, (tx) => ask(context, tx, { person, request }))
  const { id, factor, otp, webauthn } = asked
  if (otp !== undefined)
    await send(context, asked, { userId: person.user.id, channel, signal: request.signal })
  const { challengeExpiryS } = context.project.settings().mfa
  const expiresAt = Math.floor(context.clock.now() / 1000) + challengeExpiryS
  return { id, type: factor.factor_type, expires_at: expiresAt, ...(webauthn && { webauthn }) }
}

function channelOf(channel: string | undefined): 'sms' | 'whatsapp' {
  if (channel !== undefined && channel !== 'sms' && channel !== 'whatsapp')
    throw ValidationFailed(`${channel} is no channel: it must be sms or whatsapp`)
  return channel ?? 'sms'
}

async function ask(
  context: Context,
  db: Db,
  { person: { user }, request }: { person: Person; request: AuthRequest },
): Promise<Asked> {
  const factor = await factorOf(db, { id: request.params[0], userId: user.id })
  const { mfa, phone } = context.project.settings()
  if (!mfa[factor.factor_type].verify) throw VerifyNotEnabled[factor.factor_type]()
  if (factor.factor_type === 'phone') assertRested(context, factor)
  const [id, at] = [makeChallengeId(), nowOf(context)]
  await deleteOldChallenges(db, factor.id, new Date(at.getTime() - mfa.challengeExpiryS * 1000))
  const otp =
    factor.factor_type === 'phone'
      ? (phone.testOtp[factor.phone ?? ''] ?? makeOtp(phone.otpLength))
      : undefined
  const webauthn =
    factor.factor_type === 'webauthn' ? await credentialOptions(context, db, { user, factor }) : undefined
  await insertChallenge(db, {
    ...{ id, factorId: factor.id, address: challengeAddressOf(request), at },
    ...(otp !== undefined && { otp: seal(otp, { project: context.project, id }) }),
    ...(webauthn && { webauthn: sessionOf(webauthn) }),
  })
  await updateFactor(db, factor.id, { last_challenged_at: at, updated_at: at })
  const traits = { factor_id: factor.id, factor_status: factor.status }
  await insertAudit(db, { action: 'challenge_created', actor: user, at, ip: addressOf(request), traits })
  return { id, factor, otp, webauthn }
}

const sessionOf = ({ type, credential_options: { publicKey } }: CredentialOptions): Json => ({
  type,
  challenge: publicKey.challenge,
})

/** @throws OverSmsRate */
function assertRested(context: Context, { last_challenged_at: last }: FactorRow): void {
  const { maxFrequencyS } = context.project.settings().phone
  const leftMs = last === null ? 0 : last.getTime() + maxFrequencyS * 1000 - context.clock.now()
  if (leftMs > 0) throw OverSmsRate(Math.ceil(leftMs / 1000))
}

type Sending = { userId: string; channel: 'sms' | 'whatsapp'; signal: AbortSignal }

/** What could not be sent may be asked for again at once. */
async function send(context: Context, asked: Asked, { userId, channel, signal }: Sending): Promise<void> {
  const { id, factor, otp = '' } = asked
  const { mfa, phone } = context.project.settings()
  // Numbers of the settings have their code from there.
  if (phone.testOtp[factor.phone ?? ''] !== undefined) return
  const text = mfa.phone.template.replaceAll(/\{\{\s*\.Code\s*\}\}/g, otp)
  try {
    const message = { userId, to: factor.phone ?? '', otp, text, channel, type: 'mfa' as const }
    await deliver(context, message, signal)
  } catch (error) {
    await within(context, async (tx) => {
      await deleteChallenge(tx, id)
      const before = { last_challenged_at: factor.last_challenged_at, updated_at: nowOf(context) }
      await updateFactor(tx, factor.id, before)
    })
    throw error
  }
}
