/** HS256 tokens of a project: its `anon` and `service_role` keys and its users' sessions. The algorithm is pinned. */
import { SignJWT } from 'jose'

export type KeyRole = 'anon' | 'service_role'

/** An API key as Supabase's clients take it: a JWT that names only a role. Valid ten years; revoked by rotating the secret. */
export function signApiKey(
  secret: string,
  input: { role: KeyRole; ref: string; issuedAtS: number },
): Promise<string> {
  return new SignJWT({ role: input.role, ref: input.ref })
    .setProtectedHeader({ alg: 'HS256', typ: 'JWT' })
    .setIssuer('cascata')
    .setIssuedAt(input.issuedAtS)
    .setExpirationTime(input.issuedAtS + 10 * 365 * 86_400)
    .sign(new TextEncoder().encode(secret))
}
