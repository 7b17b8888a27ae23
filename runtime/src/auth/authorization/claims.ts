/** What an application learns of a user, by the scopes it was granted: in the ID token and at the userinfo endpoint. Pure. */
import type { UserRow } from '../store/rows.ts'

type Claims = Record<string, unknown>

const text = (value: unknown): string | undefined =>
  typeof value === 'string' && value !== '' ? value : undefined

const seconds = (at: Date): number => Math.floor(at.getTime() / 1000)

const told = (claims: Claims): Claims =>
  Object.fromEntries(Object.entries(claims).filter(([, value]) => value !== undefined))

/** OpenID Connect Core, 5.1; where they come from in a user is GoTrue's to say. */
function claimsOfScopes(user: UserRow, scopes: readonly string[]): Claims {
  const email = text(user.email)
  const shown = user.raw_user_meta_data ?? {}
  return told({
    ...(scopes.includes('email') && { email, email_verified: user.email_confirmed_at !== null }),
    ...(scopes.includes('phone') && {
      phone_number: text(user.phone),
      phone_number_verified: user.phone_confirmed_at !== null,
    }),
    ...(scopes.includes('profile') && {
      // GoTrue falls back to the address whether or not it was asked for.
      name: text(shown.name) ?? text(shown.full_name) ?? (scopes.includes('email') ? email : undefined),
      picture: text(shown.picture) ?? text(shown.avatar_url),
      preferred_username: text(shown.preferred_username) ?? text(shown.username),
      updated_at: seconds(user.updated_at),
    }),
  })
}

type IdToken = {
  issuer: string
  clientId: string
  nonce: string | null
  scopes: readonly string[]
  nowS: number
  lifetimeS: number
}

export function idTokenClaims(user: UserRow, token: IdToken): Claims {
  const { issuer, clientId, nonce, scopes, nowS, lifetimeS } = token
  return told({
    ...claimsOfScopes(user, scopes),
    ...{ iss: issuer, sub: user.id, aud: clientId, iat: nowS, exp: nowS + lifetimeS },
    auth_time: seconds(user.last_sign_in_at ?? user.created_at),
    nonce: nonce ?? undefined,
  })
}

/** GoTrue's names of what is about the phone beside the standard's. */
export function userinfoClaims(user: UserRow, scopes: readonly string[]): Claims {
  const claims = claimsOfScopes(user, scopes)
  return told({
    ...claims,
    ...{ phone: claims.phone_number, phone_verified: claims.phone_number_verified },
    ...(scopes.includes('profile') && { user_metadata: user.raw_user_meta_data ?? {} }),
    sub: user.id,
  })
}
