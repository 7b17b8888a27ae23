/**
 * The two ceremonies of WebAuthn, as this project's site asks for them: making a credential, and signing with one. The
 * library checks what was signed; who may have which credential is decided by the callers.
 */
import type {
  AuthenticationResponseJSON,
  PublicKeyCredentialCreationOptionsJSON,
  PublicKeyCredentialRequestOptionsJSON,
  RegistrationResponseJSON,
} from '@simplewebauthn/server'
import { type Context, siteUrlOf } from '../context.ts'
import type { UserRow } from '../store/rows.ts'

export type StoredCredential = {
  id: Buffer
  /** COSE. */
  publicKey: Buffer
  counter: number
  transports: readonly string[]
}

export type NewCredential = StoredCredential & {
  aaguid: string
  /** Of the attestation, which is none. */
  format: string
  isBackupEligible: boolean
  isBackedUp: boolean
}

/** Why not is for the log alone. */
export type Refused = { refused: unknown }

type Verification = 'required' | 'preferred'

/** Loaded with the first ceremony: most runtimes never see one. */
const library = () => import('@simplewebauthn/server')

type RelyingParty = { id: string; origins: string[]; name: string }

function relyingPartyOf(context: Context): RelyingParty {
  const { rpId, rpOrigins, rpName } = context.project.settings().passkeys
  const site = new URL(siteUrlOf(context))
  return {
    id: rpId ?? site.hostname,
    origins: rpOrigins.length > 0 ? rpOrigins : [site.origin],
    name: rpName ?? site.hostname,
  }
}

const timeoutMsOf = ({ project }: Context): number => project.settings().mfa.challengeExpiryS * 1000

const described = ({ id, transports }: StoredCredential) => ({
  id: id.toString('base64url'),
  ...(transports.length > 0 && { transports: [...transports] as never }),
})

export type RegistrationOrder = {
  user: UserRow
  exclude: readonly StoredCredential[]
  residentKey: 'required' | 'discouraged'
  userVerification: Verification
}

export async function registrationOptions(
  context: Context,
  { user, exclude, residentKey, userVerification }: RegistrationOrder,
): Promise<PublicKeyCredentialCreationOptionsJSON> {
  const { generateRegistrationOptions } = await library()
  const { id, name } = relyingPartyOf(context)
  const userName = user.email || user.phone || user.id
  return generateRegistrationOptions({
    ...{ rpID: id, rpName: name, userName, userDisplayName: userName, timeout: timeoutMsOf(context) },
    userID: new Uint8Array(Buffer.from(user.id)),
    attestationType: 'none',
    excludeCredentials: exclude.map(described),
    authenticatorSelection: { residentKey, userVerification },
  })
}

export async function assertionOptions(
  context: Context,
  { allow, userVerification }: { allow?: readonly StoredCredential[]; userVerification: Verification },
): Promise<PublicKeyCredentialRequestOptionsJSON> {
  const { generateAuthenticationOptions } = await library()
  return generateAuthenticationOptions({
    ...{ rpID: relyingPartyOf(context).id, timeout: timeoutMsOf(context), userVerification },
    ...(allow && { allowCredentials: allow.map(described) }),
  })
}

type Answer<Response> = { response: Response; challenge: string; mustVerifyUser: boolean }

/**
 * Nobody here asks of what make an authenticator is, and clients let it say so all the same. What it says is taken away
 * before the library sees it: that would follow its certificates, even those that nobody knows, and fetch the lists of
 * revoked ones from wherever they say.
 */
async function withoutStatement(registration: RegistrationResponseJSON): Promise<RegistrationResponseJSON> {
  const { decodeAttestationObject, isoBase64URL, isoCBOR } = await import('@simplewebauthn/server/helpers')
  const { response } = registration
  const said = decodeAttestationObject(isoBase64URL.toBuffer(response.attestationObject))
  const nothing = new Map<string, string>()
  const members = { fmt: 'none', attStmt: nothing, authData: said.get('authData') }
  const bare = isoCBOR.encode(
    new Map<string, (typeof members)[keyof typeof members]>(Object.entries(members)),
  )
  return { ...registration, response: { ...response, attestationObject: isoBase64URL.fromBuffer(bare) } }
}

export async function checkRegistration(
  context: Context,
  { response, challenge, mustVerifyUser }: Answer<RegistrationResponseJSON>,
): Promise<NewCredential | Refused> {
  const { verifyRegistrationResponse } = await library()
  const { id, origins } = relyingPartyOf(context)
  try {
    const { verified, registrationInfo: made } = await verifyRegistrationResponse({
      ...{ response: await withoutStatement(response), expectedChallenge: challenge },
      ...{ expectedOrigin: origins, expectedRPID: id },
      requireUserVerification: mustVerifyUser,
    })
    if (!verified) return { refused: new Error('the attestation does not hold') }
    return {
      id: Buffer.from(made.credential.id, 'base64url'),
      publicKey: Buffer.from(made.credential.publicKey),
      counter: made.credential.counter,
      transports: made.credential.transports ?? [],
      ...{ aaguid: made.aaguid, format: made.fmt },
      isBackupEligible: made.credentialDeviceType === 'multiDevice',
      isBackedUp: made.credentialBackedUp,
    }
  } catch (refused) {
    return { refused }
  }
}

type Assertion = Answer<AuthenticationResponseJSON> & { credential: StoredCredential }

/** A counter that did not go on is refused: there may be a copy of the authenticator. */
export async function checkAssertion(
  context: Context,
  { response, challenge, credential, mustVerifyUser }: Assertion,
): Promise<{ counter: number; isBackedUp: boolean } | Refused> {
  const { verifyAuthenticationResponse } = await library()
  const { id, origins } = relyingPartyOf(context)
  try {
    if (response.id !== credential.id.toString('base64url')) throw new Error('signed by another credential')
    const { verified, authenticationInfo } = await verifyAuthenticationResponse({
      ...{ response, expectedChallenge: challenge, expectedOrigin: origins, expectedRPID: id },
      credential: {
        id: response.id,
        publicKey: new Uint8Array(credential.publicKey),
        counter: credential.counter,
      },
      requireUserVerification: mustVerifyUser,
    })
    if (!verified) return { refused: new Error('the signature does not hold') }
    return {
      counter: authenticationInfo.newCounter,
      isBackedUp: authenticationInfo.credentialBackedUp,
    }
  } catch (refused) {
    return { refused }
  }
}
