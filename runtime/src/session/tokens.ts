/**
 * Is this token ours? HS256 alone, by jose, with a memory of those already found good. It knows nothing of
 * claims, roles or time: a remembered token is judged by its claims again on every request.
 *
 * One `Tokens` belongs to one secret: rotation means a new one, and with it an empty memory.
 */
import type { CompactVerifyResult } from 'jose'
import { JwtClaimsRefused, JwtInvalid, JwtSecretMissing } from './errors.ts'
import { TOKEN_BYTES_MAX, TOKENS_REMEMBERED_MAX } from './limits.ts'
import type { Claims } from './session.ts'

export type VerifiedToken = { readonly claims: Claims; readonly payload: string }

export type Tokens = {
  /** The token if it is remembered: no promise on the hot path. */
  recall(token: string): VerifiedToken | undefined
  /** @throws JwtInvalid, JwtClaimsRefused, JwtSecretMissing */
  verify(token: string): Promise<VerifiedToken>
}

const ALGORITHMS = { algorithms: ['HS256'] }
const NO_KEY_FITS = 'No suitable key or wrong key type'

export function createTokens(secret: string | null): Tokens {
  const remembered = createMemory<VerifiedToken>(TOKENS_REMEMBERED_MAX)
  let verifier: Promise<(token: string) => Promise<CompactVerifyResult>> | undefined
  return {
    recall: (token) => remembered.get(token),
    async verify(token) {
      if (token === '') throw JwtInvalid('Empty JWT is sent in Authorization header')
      if (secret === null) throw JwtSecretMissing()
      if (token.length > TOKEN_BYTES_MAX) throw JwtInvalid(`JWT is longer than ${TOKEN_BYTES_MAX} bytes`)
      const parts = token.split('.').length
      if (parts !== 3) throw JwtInvalid(`Expected 3 parts in JWT; got ${parts}`)
      verifier ??= verifierOf(secret)
      const check = await verifier
      const result = await check(token).catch((error: unknown) => {
        throw toProblem(error)
      })
      const verified = parsePayload(result.payload)
      remembered.set(token, verified)
      return verified
    },
  }
}

/** The key is imported once; jose itself loads with the first token. */
async function verifierOf(secret: string) {
  const { compactVerify } = await import('jose/jws/compact/verify')
  const hmac = { name: 'HMAC', hash: 'SHA-256' }
  const key = await crypto.subtle.importKey('raw', new TextEncoder().encode(secret), hmac, false, ['verify'])
  return (token: string) => compactVerify(token, key, ALGORITHMS)
}

function parsePayload(bytes: Uint8Array): VerifiedToken {
  const payload = new TextDecoder().decode(bytes)
  let claims: unknown
  try {
    claims = JSON.parse(payload)
  } catch {
    throw JwtClaimsRefused('Parsing claims failed')
  }
  if (typeof claims !== 'object' || claims === null || Array.isArray(claims))
    throw JwtClaimsRefused('Parsing claims failed')
  return { claims: claims as Claims, payload }
}

function toProblem(error: unknown) {
  const code = error instanceof Error && 'code' in error ? error.code : undefined
  if (code === 'ERR_JWS_SIGNATURE_VERIFICATION_FAILED') return JwtInvalid(NO_KEY_FITS).because(error)
  if (code === 'ERR_JOSE_ALG_NOT_ALLOWED')
    return JwtInvalid('Wrong or unsupported encoding algorithm').because(error)
  return JwtInvalid("JWT couldn't be decoded").because(error)
}

/** Forgets the oldest half when full: constant work, and no list to keep in order. */
function createMemory<Value>(entriesMax: number) {
  let young = new Map<string, Value>()
  let old = new Map<string, Value>()
  const set = (key: string, value: Value) => {
    if (young.size >= entriesMax / 2) {
      old = young
      young = new Map()
    }
    young.set(key, value)
  }
  return {
    set,
    get(key: string): Value | undefined {
      const value = young.get(key)
      if (value !== undefined) return value
      const aged = old.get(key)
      if (aged !== undefined) set(key, aged)
      return aged
    },
  }
}
