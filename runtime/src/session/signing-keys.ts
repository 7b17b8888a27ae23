/**
 * What tokens are checked with: a secret (HS256 and nothing else), a JWK or a JWK set, told apart as PostgREST does by
 * what the text is. The key says which algorithms it may be used with; a token never chooses more than one of those.
 */
import type { CryptoKey, JWK } from 'jose'

/** Text, or bytes that came as base64; null when there is nothing to check tokens with. */
export type SigningSecret = string | Uint8Array | null

export type SigningKey = {
  /** False for a plain secret: then a token may name a key as it likes. */
  named: boolean
  kid: string | undefined
  algorithm: string
  key: CryptoKey
}

/** Text that is a JWK or a set of them; undefined when it is a plain secret. */
export function parseKeySet(secret: string): JWK[] | undefined {
  if (!secret.trimStart().startsWith('{')) return undefined
  let value: unknown
  try {
    value = JSON.parse(secret)
  } catch {
    return undefined
  }
  if (!isRecord(value)) return undefined
  if (Array.isArray(value.keys)) return value.keys.filter(isJwk)
  return isJwk(value) ? [value] : undefined
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null

const isJwk = (value: unknown): value is JWK => isRecord(value) && typeof value.kty === 'string'

/** By key type and curve. `none` stands nowhere. */
const ALGORITHMS: Readonly<Record<string, readonly string[]>> = {
  oct: ['HS256', 'HS384', 'HS512'],
  RSA: ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512'],
  'EC P-256': ['ES256'],
  'EC P-384': ['ES384'],
  'EC P-521': ['ES512'],
  'OKP Ed25519': ['EdDSA', 'Ed25519'],
}

/** Every algorithm some key could have: another name is no algorithm at all. */
export const KNOWN_ALGORITHMS: ReadonlySet<string> = new Set(Object.values(ALGORITHMS).flat())

/** Algorithms this key may be used with; none for a key that cannot check a signature. */
export function algorithmsOf({ kty, crv, alg, use, key_ops: operations }: JWK): readonly string[] {
  if (use !== undefined && use !== 'sig') return []
  if (operations !== undefined && !operations.includes('verify') && !operations.includes('sign')) return []
  const able = ALGORITHMS[crv === undefined ? String(kty) : `${kty} ${crv}`] ?? []
  return alg === undefined ? able : able.filter((each) => each === alg)
}

/** jose itself loads with the first token. A key that cannot be read is left out: the others still serve. */
export async function importKeys(secret: string | Uint8Array): Promise<SigningKey[]> {
  const set = typeof secret === 'string' ? parseKeySet(secret) : undefined
  if (set === undefined) {
    const bytes = typeof secret === 'string' ? new TextEncoder().encode(secret) : secret
    return [{ named: false, kid: undefined, algorithm: 'HS256', key: await importSecret(bytes, 'HS256') }]
  }
  const keys = set.flatMap((jwk) =>
    algorithmsOf(jwk).map(async (algorithm): Promise<SigningKey[]> => {
      const key = await importOne(jwk, algorithm).catch(() => undefined)
      return key === undefined ? [] : [{ named: true, kid: jwk.kid, algorithm, key }]
    }),
  )
  return (await Promise.all(keys)).flat()
}

const importSecret = (bytes: Uint8Array, algorithm: string): Promise<CryptoKey> =>
  crypto.subtle.importKey(
    'raw',
    new Uint8Array(bytes),
    { name: 'HMAC', hash: `SHA-${algorithm.slice(2)}` },
    false,
    ['verify'],
  )

async function importOne(jwk: JWK, algorithm: string): Promise<CryptoKey | undefined> {
  if (jwk.kty === 'oct') return importSecret(Buffer.from(jwk.k ?? '', 'base64url'), algorithm)
  const { importJWK } = await import('jose/key/import')
  // The public half is enough to check a signature.
  const { d: _d, p: _p, q: _q, dp: _dp, dq: _dq, qi: _qi, key_ops: _operations, ...shown } = jwk
  const key = await importJWK(shown, algorithm)
  return key instanceof Uint8Array ? undefined : key
}
