/**
 * Whether an ID token is the provider's word, to us, and now (OpenID Connect Core, 3.1.3.7).
 *
 * Nothing in the token says how it is checked: keys, issuer and audiences are the settings'.
 */
import { createHash, timingSafeEqual } from 'node:crypto'
import type { Clock } from '@cascata/shared/clock'
import type { JWTPayload, JWTVerifyGetKey } from 'jose'
import { IdTokenRefused } from './errors.ts'
import { CLOCK_TOLERANCE_S, ID_TOKEN_CHARACTERS_MAX } from './limits.ts'

export type IdTokenRules = {
  keys: JWTVerifyGetKey
  /** The names the issuer of such claims may have; none refuses them all. */
  issuers(claims: JWTPayload): readonly string[]
  clientIds: readonly string[]
  clock: Clock
}

/** Asymmetric ones: with a secret, the audience could sign for itself. */
const ALGORITHMS: Readonly<Record<string, string>> = {
  ...{ RS256: 'sha256', RS384: 'sha384', RS512: 'sha512', PS256: 'sha256', PS384: 'sha384', PS512: 'sha512' },
  ...{ ES256: 'sha256', ES384: 'sha384', ES512: 'sha512', EdDSA: 'sha512', Ed25519: 'sha512' },
}

/** Keycloak writes into its tokens what they are: the same keys sign those for services. */
const OTHER_TOKENS = new Set(['Bearer', 'Refresh', 'Offline', 'Logout'])

export type Verified = { claims: JWTPayload; algorithm: string }

/** @throws IdTokenRefused; whatever asking for the keys throws */
export async function verifyIdToken(token: string, rules: IdTokenRules): Promise<Verified> {
  if (token.length > ID_TOKEN_CHARACTERS_MAX) throw new IdTokenRefused('it is too long')
  const { payload: claims, header } = await verifySignature(token, rules)
  const { iss, aud, azp, typ } = claims as JWTPayload & { azp?: unknown }
  if (iss === undefined || !rules.issuers(claims).includes(iss))
    throw new IdTokenRefused('it is of another issuer')
  const audiences = Array.isArray(aud) ? aud : [aud]
  const isOurs = (id: unknown) => typeof id === 'string' && rules.clientIds.includes(id)
  if (!audiences.some(isOurs)) throw new IdTokenRefused('it is for another audience')
  if (audiences.length > 1 && !isOurs(azp)) throw new IdTokenRefused('it was made out to another client')
  if (typeof claims.sub !== 'string' || claims.sub === '') throw new IdTokenRefused('it names nobody')
  if (typeof typ === 'string' && OTHER_TOKENS.has(typ)) throw new IdTokenRefused('it is no ID token')
  return { claims, algorithm: header.alg }
}

async function verifySignature(token: string, { keys, clock }: IdTokenRules) {
  const [{ jwtVerify }, { JOSEError }] = await Promise.all([import('jose/jwt/verify'), import('jose/errors')])
  try {
    const verified = await jwtVerify(token, keys, {
      algorithms: Object.keys(ALGORITHMS),
      requiredClaims: ['iss', 'sub', 'aud', 'exp', 'iat'],
      clockTolerance: CLOCK_TOLERANCE_S,
      currentDate: new Date(clock.now()),
    })
    const { typ } = verified.protectedHeader
    if (typ !== undefined && typ.toUpperCase() !== 'JWT') throw new IdTokenRefused('it is no ID token')
    return { payload: verified.payload, header: verified.protectedHeader }
  } catch (error) {
    if (!(error instanceof JOSEError)) throw error
    const reason = REASONS[error.code]
    // Keys that cannot be had are no fault of the token.
    if (reason === undefined) throw error
    throw new IdTokenRefused(reason).because(new Error(error.message))
  }
}

const REASONS: Readonly<Record<string, string>> = {
  ERR_JWT_EXPIRED: 'it has expired',
  ERR_JWT_CLAIM_VALIDATION_FAILED: 'a claim is missing, or is not valid now',
  ERR_JWT_INVALID: 'it is no token',
  ERR_JWS_INVALID: 'it is no token',
  ERR_JWS_SIGNATURE_VERIFICATION_FAILED: 'it is not signed by its issuer',
  ERR_JWKS_NO_MATCHING_KEY: 'it is not signed by its issuer',
  ERR_JWKS_MULTIPLE_MATCHING_KEYS: 'it does not say which key it is signed with',
  ERR_JOSE_ALG_NOT_ALLOWED: 'its algorithm is not allowed',
  ERR_JOSE_NOT_SUPPORTED: 'its algorithm is not allowed',
}

/** In the code flow the provider gives back what it was sent. @throws IdTokenRefused */
export function assertSentNonce({ nonce }: JWTPayload, sent: string): void {
  if (typeof nonce !== 'string' || !isSame(nonce, sent)) throw new IdTokenRefused('the nonce is another')
}

/** GoTrue's rule: the app kept the nonce, and had its SHA-256 put into the token. @throws IdTokenRefused */
export function assertHashedNonce({ nonce }: JWTPayload, kept: string | null): void {
  const isInToken = typeof nonce === 'string' && nonce !== ''
  if (isInToken !== (kept !== null && kept !== '')) {
    throw new IdTokenRefused('Passed nonce and nonce in id_token should either both exist or not.')
  }
  const hash = createHash('sha256')
    .update(kept ?? '')
    .digest('hex')
  if (isInToken && !isSame(String(nonce), hash)) throw new IdTokenRefused('Nonces mismatch')
}

/** A token that came along is that of the same sign-in, where the ID token says so. @throws IdTokenRefused */
export function assertAccessToken({ claims, algorithm }: Verified, accessToken: string | null): void {
  const { at_hash: told } = claims
  if (accessToken === null || typeof told !== 'string') return
  const hash = createHash(ALGORITHMS[algorithm] ?? 'sha256')
    .update(accessToken)
    .digest()
  if (!isSame(told, hash.subarray(0, hash.length / 2).toString('base64url'))) {
    throw new IdTokenRefused('the access token is of another sign-in')
  }
}

function isSame(one: string, other: string): boolean {
  const [a, b] = [Buffer.from(one), Buffer.from(other)]
  return a.length === b.length && timingSafeEqual(a, b)
}
