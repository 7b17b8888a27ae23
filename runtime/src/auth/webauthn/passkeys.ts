/** Passkeys: made by who is signed in, and enough to sign in with. */
import type { AuthenticationResponseJSON, RegistrationResponseJSON } from '@simplewebauthn/server'
import { isUuid, lockPerson, type Person } from '../access.ts'
import { type Context, nowOf, within } from '../context.ts'
import { credentialChanged } from '../credentials.ts'
import { type AuthFailure, EmailNotConfirmed, PhoneNotConfirmed, ValidationFailed } from '../errors.ts'
import { isVerified } from '../factors/enroll.ts'
import { type AuthRequest, addressOf } from '../request.ts'
import type { SessionView } from '../session-view.ts'
import { sessionAfter } from '../sign-in.ts'
import { SsoManaged } from '../sso/errors.ts'
import { insertAudit } from '../store/audit.ts'
import { listFactors } from '../store/identities.ts'
import {
  type CeremonyKind,
  type CeremonyRow,
  insertCeremony,
  insertPasskey,
  listPasskeys,
  lockPasskey,
  type PasskeyRow,
  takeCeremony,
  usePasskey,
} from '../store/passkeys.ts'
import type { Db, Json, UserRow } from '../store/rows.ts'
import { lockUser } from '../store/users.ts'
import {
  assertionOptions,
  checkAssertion,
  checkRegistration,
  registrationOptions,
  type StoredCredential,
} from './ceremonies.ts'
import {
  Aal2NeededForPasskeys,
  PasskeyChallengeExpired,
  PasskeyChallengeNotFound,
  PasskeyRefused,
  PasskeysOff,
  PasskeyTaken,
  PasskeyUnknown,
  TooManyPasskeys,
} from './errors.ts'

/** A passkey is all that is shown: the authenticator makes sure of the person, too. */
const VERIFICATION = 'required'

export type Answer = { challengeId: string | undefined; credential: Json }

/** @throws PasskeysOff */
export function assertPasskeysOn({ project }: Context): void {
  if (!project.settings().passkeys.enabled) throw PasskeysOff()
}

/** Else a stolen password would do to leave a way in for later. @throws Aal2NeededForPasskeys */
export async function assertMayManage(db: Db, { user, session }: Person): Promise<void> {
  const isProtected = (await listFactors(db, user.id)).some(isVerified)
  if (isProtected && session.aal !== 'aal2') throw Aal2NeededForPasskeys()
}

const credentialOf = (row: PasskeyRow): StoredCredential => ({
  ...{ id: row.credential_id, publicKey: row.public_key },
  ...{ counter: Number(row.sign_count), transports: row.transports },
})

type Begun = { kind: CeremonyKind; userId: string | null; challenge: string }

async function begin(context: Context, db: Db, { kind, userId, challenge }: Begun) {
  const at = nowOf(context)
  const expiresAt = new Date(at.getTime() + context.project.settings().mfa.challengeExpiryS * 1000)
  const id = await insertCeremony(db, { kind, userId, session: { challenge }, at, expiresAt })
  return { challenge_id: id, expires_at: Math.floor(expiresAt.getTime() / 1000) }
}

/** Whoever leaves a company loses what its provider opened. @throws Aal2NeededForPasskeys, TooManyPasskeys, SsoManaged */
export async function beginRegistration(context: Context, person: Person) {
  if (person.user.is_sso_user) throw SsoManaged()
  const sql = await context.sql()
  await assertMayManage(sql, person)
  const known = await listPasskeys(sql, person.user.id)
  if (known.length >= context.project.settings().passkeys.max) throw TooManyPasskeys()
  const options = await registrationOptions(context, {
    ...{ user: person.user, exclude: known.map(credentialOf) },
    ...{ residentKey: 'required', userVerification: VERIFICATION },
  })
  const order = { kind: 'registration', userId: person.user.id, challenge: options.challenge } as const
  return { ...(await begin(context, sql, order)), options }
}

export async function beginAuthentication(context: Context) {
  const options = await assertionOptions(context, { userVerification: VERIFICATION })
  const order = { kind: 'authentication', userId: null, challenge: options.challenge } as const
  return { ...(await begin(context, await context.sql(), order)), options }
}

type Taking = { answer: Answer; kind: CeremonyKind; userId: string | null }

/**
 * In a transaction of its own: whatever comes of the answer, there is no second one.
 * @throws PasskeyChallengeNotFound, PasskeyChallengeExpired
 */
async function taken(context: Context, { answer, kind, userId }: Taking): Promise<CeremonyRow> {
  const { challengeId: id } = answer
  if (!isUuid(id)) throw ValidationFailed('challenge_id must be an UUID')
  const row = await within(context, (tx) => takeCeremony(tx, { id, kind, userId }))
  if (!row) throw PasskeyChallengeNotFound()
  if (row.expires_at < nowOf(context)) throw PasskeyChallengeExpired()
  return row
}

/** Why not is for the log alone: who tries to forge one learns nothing. */
function refuse({ logger }: Context, err: unknown): AuthFailure {
  logger.info({ err }, 'webauthn answer refused')
  return PasskeyRefused()
}

type Registering = { person: Person; answer: Answer; request: AuthRequest }

/** @throws the failures of errors.ts */
export async function register(context: Context, { person, answer, request }: Registering) {
  const { user } = person
  await assertMayManage(await context.sql(), person)
  const ceremony = await taken(context, { answer, kind: 'registration', userId: user.id })
  const checked = await checkRegistration(context, {
    response: answer.credential as unknown as RegistrationResponseJSON,
    challenge: String(ceremony.session_data.challenge),
    mustVerifyUser: true,
  })
  if ('refused' in checked) throw refuse(context, checked.refused)
  return within(context, async (tx) => {
    // Two registrations at once must not both be the last that is allowed.
    const { session } = await lockPerson(context, tx, request)
    const known = await listPasskeys(tx, user.id)
    if (known.length >= context.project.settings().passkeys.max) throw TooManyPasskeys()
    const at = nowOf(context)
    const row = await insertPasskey(tx, {
      ...{ user_id: user.id, credential_id: checked.id, public_key: checked.publicKey },
      ...{ aaguid: checked.aaguid, transports: [...checked.transports], counter: checked.counter },
      ...{ backup_eligible: checked.isBackupEligible, backed_up: checked.isBackedUp },
      ...{ attestationType: checked.format, at },
    })
    if (!row) throw PasskeyTaken()
    await credentialChanged(tx, { userId: user.id, by: session.id })
    const entry = { actor: user, at, ip: addressOf(request), traits: { passkey_id: row.id } }
    await insertAudit(tx, { action: 'passkey_created', ...entry })
    return row
  })
}

/** @throws the failures of errors.ts, EmailNotConfirmed, PhoneNotConfirmed, UserBanned */
export async function signIn(
  context: Context,
  { answer, request }: { answer: Answer; request: AuthRequest },
): Promise<SessionView> {
  const ceremony = await taken(context, { answer, kind: 'authentication', userId: null })
  const response = answer.credential as unknown as AuthenticationResponseJSON
  const challenge = String(ceremony.session_data.challenge)
  const credentialId = Buffer.from(String(response.id), 'base64url')
  const stillHolds = async (db: Db, userId: string) =>
    (await lockPasskey(db, credentialId))?.user_id === userId
  return sessionAfter(context, { method: 'passkey', request, stillHolds }, async (tx) => {
    // The user before the passkey, as who takes one away: whose it says it is.
    const handle = handleOf(response)
    const user = isUuid(handle) ? await lockUser(tx, handle) : undefined
    const passkey = await lockPasskey(tx, credentialId)
    if (!passkey) throw PasskeyUnknown()
    if (handle !== passkey.user_id) throw refuse(context, 'the handle of another user')
    const credential = credentialOf(passkey)
    const checked = await checkAssertion(context, { response, challenge, credential, mustVerifyUser: true })
    if ('refused' in checked) throw refuse(context, checked.refused)
    if (!user) throw PasskeyUnknown()
    assertConfirmed(context, user)
    await usePasskey(tx, passkey.id, { ...checked, at: nowOf(context) })
    return user
  })
}

/** Who the authenticator says it is: what was given to it as the user's id. */
const handleOf = ({ response }: AuthenticationResponseJSON): string =>
  Buffer.from(String(response?.userHandle ?? ''), 'base64url').toString()

function assertConfirmed({ project }: Context, user: UserRow): void {
  const { allowUnverifiedSignIns } = project.settings().email
  if (user.email && user.email_confirmed_at === null && !allowUnverifiedSignIns) throw EmailNotConfirmed()
  if (!user.email && user.phone && user.phone_confirmed_at === null) throw PhoneNotConfirmed()
}
