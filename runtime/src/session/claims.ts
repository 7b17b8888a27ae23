/**
 * From a request's headers to a session, or to a refusal. The rules on claims are PostgREST's
 * (its Auth/Jwt.hs): 30 s of leeway, wrong types refused, an absent or null claim not checked.
 *
 * Any role that a good token names is taken: whether the authenticator may switch to it is Postgres' to say.
 */

import type { IncomingHttpHeaders } from 'node:http'
import type { Clock } from '@cascata/shared/clock'
import { type Credential, type Keys, readCredential } from './credentials.ts'
import { AnonymousDisabled, JwtClaimsRefused, KeyRequired } from './errors.ts'
import { CLOCK_SKEW_S } from './limits.ts'
import { findRole, type RolePath } from './role-path.ts'
import { type Claims, createSession, type Session } from './session.ts'
import type { SigningSecret } from './signing-keys.ts'
import { createTokens, type VerifiedToken } from './tokens.ts'

export type IdentifySettings = {
  /** null: no token can be checked, each one is refused. */
  jwtSecret: SigningSecret
  jwtAudience: string | null
  rolePath: RolePath
  anonRole: string | null
  /** The project's keys; null when the runtime stands by itself and strangers are `anonRole`. */
  keys: Keys | null
  /** Who signs here for the project's users; none when the runtime stands by itself. */
  authIssuer?: string
}

/** @throws a Problem of `errors.ts`. Answers at once when the token is known: a promise costs more than the look-up. */
export type Identify = (headers: IncomingHttpHeaders) => Session | Promise<Session>

export function createIdentify(settings: IdentifySettings, clock: Clock): Identify {
  const { anonRole, keys, rolePath } = settings
  const tokens = createTokens(settings.jwtSecret)
  const sessions = new WeakMap<VerifiedToken, Session>()

  const stranger =
    anonRole === null ? undefined : createSession({ role: anonRole, claims: { role: anonRole }, anonRole })
  const keyHolders = {
    anon: createSession({ role: 'anon', claims: { role: 'anon' }, anonRole }),
    service_role: createSession({ role: 'service_role', claims: { role: 'service_role' }, anonRole }),
  }

  const admit = (verified: VerifiedToken): Session => {
    const refusal = refuseClaims(verified.claims, {
      nowS: clock.now() / 1000,
      audience: settings.jwtAudience,
    })
    if (refusal) throw JwtClaimsRefused(refusal)
    if (isIdToken(verified.claims, settings.authIssuer))
      throw JwtClaimsRefused('An ID token is no access token')
    const known = sessions.get(verified)
    if (known) return known
    const role = findRole(verified.claims, rolePath) ?? anonRole
    if (role === null) throw AnonymousDisabled()
    const session = createSession({ role, claims: verified.claims, payload: verified.payload, anonRole })
    sessions.set(verified, session)
    return session
  }

  const without = (): Session => {
    if (keys) throw KeyRequired()
    if (!stranger) throw AnonymousDisabled()
    return stranger
  }

  return (headers) => {
    const credential: Credential = readCredential(headers, keys)
    if (credential.kind === 'none') return without()
    if (credential.kind === 'key') return keyHolders[credential.role]
    const verified = tokens.recall(credential.token)
    return verified ? admit(verified) : tokens.verify(credential.token).then(admit)
  }
}

/**
 * What tells an application who somebody is has no role, and is signed with the same keys: as a token without a role it
 * would be the anonymous role's with that person's `sub`, which policies may go by.
 */
const isIdToken = ({ iss, role }: Claims, authIssuer: string | undefined): boolean =>
  authIssuer !== undefined && iss === authIssuer && role === undefined

/** Why these claims do not hold here and now, in PostgREST's words. */
export function refuseClaims(
  claims: Claims,
  { nowS, audience }: { nowS: number; audience: string | null },
): string | undefined {
  const { exp, nbf, iat, aud } = claims
  const now = Math.floor(nowS)
  if (isWrong(exp)) return "The JWT 'exp' claim must be a number"
  if (isNumber(exp) && now - CLOCK_SKEW_S > exp) return 'JWT expired'
  if (isWrong(nbf)) return "The JWT 'nbf' claim must be a number"
  if (isNumber(nbf) && now + CLOCK_SKEW_S < nbf) return 'JWT not yet valid'
  if (isWrong(iat)) return "The JWT 'iat' claim must be a number"
  if (isNumber(iat) && now + CLOCK_SKEW_S < iat) return 'JWT issued at future'
  if (aud === undefined || aud === null) return undefined
  const audiences: unknown[] = Array.isArray(aud) ? aud : [aud]
  if (!audiences.every((one) => typeof one === 'string'))
    return "The JWT 'aud' claim must be a string or an array of strings"
  // An empty list names nobody in particular, as PostgREST reads it.
  if (audience !== null && audiences.length > 0 && !audiences.includes(audience)) return 'JWT not in audience'
  return undefined
}

const isNumber = (value: unknown): value is number => typeof value === 'number'
const isWrong = (value: unknown): boolean => value !== undefined && value !== null && !isNumber(value)
