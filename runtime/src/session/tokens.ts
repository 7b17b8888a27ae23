/**
 * Is this token ours? Checked by jose with the project's keys, with a memory of those already found good. It knows
 * nothing of claims, roles or time: a remembered token is judged by its claims again on every request.
 *
 * One `Tokens` belongs to one secret: rotation means a new one, and with it an empty memory.
 */
import { JwtClaimsRefused, JwtInvalid, JwtSecretMissing, JwtUndecodable } from './errors.ts'
import { TOKEN_BYTES_MAX, TOKENS_REMEMBERED_MAX } from './limits.ts'
import type { Claims } from './session.ts'
import { importKeys, KNOWN_ALGORITHMS, type SigningKey, type SigningSecret } from './signing-keys.ts'

export type VerifiedToken = { readonly claims: Claims; readonly payload: string }

export type Tokens = {
  /** The token if it is remembered: no promise on the hot path. */
  recall(token: string): VerifiedToken | undefined
  /** @throws JwtInvalid, JwtClaimsRefused, JwtSecretMissing */
  verify(token: string): Promise<VerifiedToken>
}

export function createTokens(secret: SigningSecret): Tokens {
  const remembered = createMemory<VerifiedToken>(TOKENS_REMEMBERED_MAX)
  let keys: Promise<SigningKey[]> | undefined
  return {
    recall: (token) => remembered.get(token),
    async verify(token) {
      if (token === '') throw JwtInvalid('Empty JWT is sent in Authorization header')
      if (secret === null) throw JwtSecretMissing()
      if (token.length > TOKEN_BYTES_MAX) throw JwtInvalid(`JWT is longer than ${TOKEN_BYTES_MAX} bytes`)
      const parts = token.split('.')
      if (parts.length !== 3) throw JwtInvalid(`Expected 3 parts in JWT; got ${parts.length}`)
      keys ??= importKeys(secret)
      const payload = await check(token, suitable(await keys, parts[0] ?? ''))
      const verified = parsePayload(payload)
      remembered.set(token, verified)
      return verified
    },
  }
}

const NO_KEY_FITS = 'No suitable key or wrong key type'

/** Keys that the token's header allows. Messages and details are those of PostgREST. */
function suitable(keys: readonly SigningKey[], head: string): SigningKey[] {
  const { alg, kid } = parseHead(head)
  if (alg === 'none') {
    throw new JwtUndecodable(
      'Wrong or unsupported encoding algorithm',
      "JWT is unsecured but expected 'alg' was not 'none'",
    )
  }
  if (typeof alg !== 'string' || !KNOWN_ALGORITHMS.has(alg)) throw JwtInvalid(NOT_DECODED)
  const found = keys.filter(
    (key) => key.algorithm === alg && (!key.named || kid === undefined || key.kid === kid),
  )
  if (found.length > 0) return found
  throw new JwtUndecodable(NO_KEY_FITS, 'No suitable key was found to decode the JWT')
}

const NOT_DECODED = 'JWT cryptographic operation failed'

function parseHead(head: string): { alg?: unknown; kid?: unknown } {
  try {
    const parsed: unknown = JSON.parse(Buffer.from(head, 'base64url').toString())
    if (typeof parsed === 'object' && parsed !== null) return parsed
  } catch {
    // No header at all, which the next line says.
  }
  throw JwtInvalid(NOT_DECODED)
}

/** The first key whose signature holds. @returns the payload. */
async function check(token: string, keys: readonly SigningKey[]): Promise<Uint8Array> {
  const { compactVerify } = await import('jose/jws/compact/verify')
  let failure: unknown
  for (const { key, algorithm } of keys) {
    try {
      return (await compactVerify(token, key, { algorithms: [algorithm] })).payload
    } catch (error) {
      failure = error
    }
  }
  const code = failure instanceof Error && 'code' in failure ? failure.code : undefined
  const problem =
    code === 'ERR_JWS_SIGNATURE_VERIFICATION_FAILED'
      ? new JwtUndecodable(NO_KEY_FITS, 'None of the keys was able to decode the JWT')
      : JwtInvalid(NOT_DECODED)
  throw problem.because(failure)
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
