/** Who asks: what every service learns of a caller, and all it learns. */

export type Claims = Readonly<Record<string, unknown>>

export type Session = {
  /** The database role the request runs as. */
  readonly role: string
  /** The token's claims with `role` in them; `{role}` alone when there was no token. */
  readonly claims: Claims
  /** The same as JSON text for `request.jwt.claims`: the signed text itself where possible, so no number is rounded. */
  readonly claimsJson: string
  /** True when the role is the anonymous one: a refusal is then 401 and not 403. */
  readonly anonymous: boolean
}

export function createSession(input: {
  role: string
  claims: Claims
  anonRole: string | null
  /** The payload as it was signed, when there was one. */
  payload?: string
}): Session {
  const { role, anonRole, payload } = input
  const sameRole = input.claims.role === role
  const claims = sameRole ? input.claims : { ...input.claims, role }
  const claimsJson = sameRole && payload !== undefined ? payload : JSON.stringify(claims)
  return Object.freeze({ role, claims, claimsJson, anonymous: role === anonRole })
}
