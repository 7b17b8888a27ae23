/** A new second factor: unverified, until its first answer. */
import { z } from 'zod'
import { lockPerson, type Person } from '../access.ts'
import { type Context, nowOf, siteUrlOf, within } from '../context.ts'
import { ValidationFailed } from '../errors.ts'
import { parsePhone } from '../identifiers.ts'
import { type AuthRequest, addressOf, optionalText } from '../request.ts'
import { insertAudit } from '../store/audit.ts'
import { deleteUnverifiedFactors, insertFactor, makeFactorId } from '../store/factors.ts'
import { listFactors } from '../store/identities.ts'
import type { Db, FactorRow } from '../store/rows.ts'
import {
  Aal2NeededToEnroll,
  EnrollNotEnabled,
  FactorNameTaken,
  type FactorType,
  PhoneFactorExists,
  TooManyFactors,
} from './errors.ts'
import { qrCodeSvg } from './qr-code.ts'
import { seal } from './sealed.ts'
import { createTotpSecret, totpUri } from './totp.ts'

export const Enrollment = z.object({
  ...{ factor_type: optionalText, friendly_name: optionalText, issuer: optionalText, phone: optionalText },
})
export type Enrollment = z.infer<typeof Enrollment>

type Order = { body: Enrollment; request: AuthRequest }

/** What nobody verified for so long is forgotten: an enrolment that was begun and left. */
const STALE_MS = 300_000
const NAME_LENGTH_MAX = 200

const isFactorType = (type: string | undefined): type is FactorType =>
  type === 'totp' || type === 'phone' || type === 'webauthn'

/** @throws EnrollNotEnabled, TooManyFactors, FactorNameTaken, PhoneFactorExists, Aal2NeededToEnroll */
export async function enroll(context: Context, person: Person, { body, request }: Order) {
  const { factor_type: type, friendly_name: name = '' } = body
  if (!isFactorType(type)) throw ValidationFailed('factor_type needs to be totp, phone, or webauthn')
  if (name.length > NAME_LENGTH_MAX)
    throw ValidationFailed(`friendly_name must be ${NAME_LENGTH_MAX} characters or less`)
  if (!context.project.settings().mfa[type].enroll) throw EnrollNotEnabled[type]()
  const id = makeFactorId()
  const phone = type === 'phone' ? phoneOf(body) : null
  const secret = type === 'totp' ? createTotpSecret() : null
  await within(context, async (tx) => {
    await makeRoom(context, tx, { person: await lockPerson(context, tx, request), name, phone })
    const at = nowOf(context)
    const sealed = secret === null ? null : seal(secret, { project: context.project, id })
    await insertFactor(tx, { id, userId: person.user.id, type, name, secret: sealed, phone, at })
    const traits = { factor_id: id, factor_type: type }
    const entry = { actor: person.user, at, ip: addressOf(request), traits }
    await insertAudit(tx, { action: 'factor_in_progress', ...entry })
  })
  const common = { id, type, friendly_name: name }
  if (phone !== null) return { ...common, phone: body.phone }
  if (secret === null) return common
  return { ...common, totp: await totpView(context, { person, secret, issuer: body.issuer }) }
}

function phoneOf({ phone }: Enrollment): string {
  if (phone === undefined) throw ValidationFailed('Phone number required to enroll Phone factor')
  return parsePhone(phone)
}

/** Locked: two enrolments at once must not both be the last that fits. */
type Newcomer = { person: Person; name: string; phone: string | null }

async function makeRoom(context: Context, db: Db, { person, name, phone }: Newcomer): Promise<void> {
  const { user, session } = person
  const { maxEnrolledFactors, challengeExpiryS } = context.project.settings().mfa
  const staleMs = Math.max(STALE_MS, challengeExpiryS * 1000)
  await deleteUnverifiedFactors(db, user.id, { before: new Date(context.clock.now() - staleMs) })
  if (phone !== null) await deleteUnverifiedFactors(db, user.id, { type: 'phone', phone })
  const factors = await listFactors(db, user.id)
  if (phone !== null && factors.some((factor) => factor.phone === phone)) throw PhoneFactorExists()
  // GoTrue takes two factors without a name for a conflict; nobody who gave no name could mend that.
  const isNamed = name.trim() !== ''
  if (isNamed && factors.some(({ friendly_name: taken }) => taken === name)) throw FactorNameTaken(name)
  if (factors.length >= maxEnrolledFactors) throw TooManyFactors()
  // Else a stolen password would be enough to add a factor of the thief's.
  if (factors.some(isVerified) && session.aal !== 'aal2') throw Aal2NeededToEnroll()
}

export const isVerified = ({ status }: FactorRow): boolean => status === 'verified'

type Totp = { person: Person; secret: string; issuer: string | undefined }

async function totpView(context: Context, { person: { user }, secret, issuer }: Totp) {
  const account = user.email || user.phone || user.id
  const uri = totpUri({ secret, issuer: issuer ?? new URL(siteUrlOf(context)).host, account })
  return { qr_code: await qrCodeSvg(uri), secret, uri }
}
