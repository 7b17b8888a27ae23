/** Security keys as a second factor: the credential lies in the factor's row, in the shape GoTrue keeps it. */
import type {
  AuthenticationResponseJSON,
  PublicKeyCredentialCreationOptionsJSON,
  PublicKeyCredentialRequestOptionsJSON,
  RegistrationResponseJSON,
} from '@simplewebauthn/server'
import { z } from 'zod'
import type { Context } from '../context.ts'
import { listFactors } from '../store/identities.ts'
import type { Db, FactorRow, Json, UserRow } from '../store/rows.ts'
import {
  assertionOptions,
  checkAssertion,
  checkRegistration,
  registrationOptions,
  type StoredCredential,
} from '../webauthn/ceremonies.ts'

export type CredentialOptions =
  | { type: 'create'; credential_options: { publicKey: PublicKeyCredentialCreationOptionsJSON } }
  | { type: 'request'; credential_options: { publicKey: PublicKeyCredentialRequestOptionsJSON } }

/** A second factor shows that one has the thing; the first one showed who it is. */
const VERIFICATION = 'preferred'

export async function credentialOptions(
  context: Context,
  db: Db,
  { user, factor }: { user: UserRow; factor: FactorRow },
): Promise<CredentialOptions> {
  const own = credentialOf(factor)
  if (own) {
    const publicKey = await assertionOptions(context, { allow: [own], userVerification: VERIFICATION })
    return { type: 'request', credential_options: { publicKey } }
  }
  const exclude = (await listFactors(db, user.id)).flatMap((each) => credentialOf(each) ?? [])
  const order = { user, exclude, residentKey: 'discouraged', userVerification: VERIFICATION } as const
  return { type: 'create', credential_options: { publicKey: await registrationOptions(context, order) } }
}

/** As go-webauthn writes it; bytes are base64. */
const Kept = z.object({
  id: z.string(),
  publicKey: z.string(),
  transport: z.array(z.string()).nullish(),
  authenticator: z.object({ signCount: z.number() }),
})

/** @returns undefined when there is none yet. */
export function credentialOf({ web_authn_credential: kept }: FactorRow): StoredCredential | undefined {
  const { data } = Kept.safeParse(kept)
  if (!data) return undefined
  return {
    id: Buffer.from(data.id, 'base64'),
    publicKey: Buffer.from(data.publicKey, 'base64'),
    counter: data.authenticator.signCount,
    transports: data.transport ?? [],
  }
}

export type WebauthnAnswer = { type: 'create' | 'request'; credential_response: Json }

export type Checked = { credential: Json; aaguid: string | null } | { refused: unknown }

/** @param session what the challenge was made of. */
export async function checkAnswer(
  context: Context,
  factor: FactorRow,
  { answer, session }: { answer: WebauthnAnswer; session: Json | null },
): Promise<Checked> {
  const stored = credentialOf(factor)
  const [isKnown, challenge] = [stored !== undefined, String(session?.challenge)]
  if (session?.type !== answer.type || (answer.type === 'request') !== isKnown)
    return { refused: new Error('the answer is not of the kind that was asked for') }
  if (stored) {
    const response = answer.credential_response as unknown as AuthenticationResponseJSON
    const order = { response, challenge, credential: stored, mustVerifyUser: false }
    const checked = await checkAssertion(context, order)
    if ('refused' in checked) return checked
    const kept = factor.web_authn_credential
    const before = kept?.authenticator as Json | undefined
    const authenticator = { ...before, signCount: checked.counter }
    return { credential: { ...kept, authenticator }, aaguid: null }
  }
  const response = answer.credential_response as unknown as RegistrationResponseJSON
  const checked = await checkRegistration(context, { response, challenge, mustVerifyUser: false })
  if ('refused' in checked) return checked
  const { id, publicKey, transports, counter, aaguid, format, isBackupEligible, isBackedUp } = checked
  const credential = {
    ...{ id: id.toString('base64'), publicKey: publicKey.toString('base64') },
    ...{ attestationType: format, attestationFormat: format, transport: transports },
    flags: { backupEligible: isBackupEligible, backupState: isBackedUp },
    authenticator: { signCount: counter, cloneWarning: false },
  }
  return { credential, aaguid }
}
