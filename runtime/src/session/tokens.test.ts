import { Problem } from '@cascata/shared/problem'
import { exportJWK, generateKeyPair, type JWK, SignJWT } from 'jose'
import { describe, expect, test } from 'vitest'
import type { SigningSecret } from './signing-keys.ts'
import { createTokens } from './tokens.ts'

type Pair = Awaited<ReturnType<typeof generateKeyPair>>
const publicJwk = async ({ publicKey }: Pair, more: JWK = {}) => ({
  ...(await exportJWK(publicKey)),
  ...more,
})

const sign = (key: Pair['privateKey'] | Uint8Array, header: { alg: string; kid?: string }) =>
  new SignJWT({ role: 'editor' }).setProtectedHeader(header).sign(key)

async function outcome(secret: SigningSecret, token: string): Promise<unknown> {
  try {
    return (await createTokens(secret).verify(token)).claims
  } catch (error) {
    if (!(error instanceof Problem)) throw error
    return 'details' in error ? `${error.message}: ${error.details}` : error.message
  }
}

const EDITOR = { role: 'editor' }
const NONE_SUITS = 'No suitable key or wrong key type: No suitable key was found to decode the JWT'
const NONE_DECODES = 'No suitable key or wrong key type: None of the keys was able to decode the JWT'

describe('a key that is no secret', () => {
  test.each(['RS256', 'PS384', 'ES256', 'ES384', 'ES512', 'EdDSA'])(
    'of %s checks its tokens, alone and in a set',
    async (alg) => {
      const pair = await generateKeyPair(alg)
      const jwk = await publicJwk(pair)
      const token = await sign(pair.privateKey, { alg })
      expect(await outcome(JSON.stringify(jwk), token)).toEqual(EDITOR)
      expect(await outcome(JSON.stringify({ keys: [jwk] }), token)).toEqual(EDITOR)
    },
  )

  test('given with its private half serves as well', async () => {
    const pair = await generateKeyPair('ES256', { extractable: true })
    const whole = JSON.stringify(await exportJWK(pair.privateKey))
    expect(await outcome(whole, await sign(pair.privateKey, { alg: 'ES256' }))).toEqual(EDITOR)
  })

  test('is never taken for a secret: its own text signs nothing', async () => {
    const secret = JSON.stringify(await publicJwk(await generateKeyPair('RS256')))
    const forged = await sign(new TextEncoder().encode(secret), { alg: 'HS256' })
    expect(await outcome(secret, forged)).toBe(NONE_SUITS)
  })

  test('serves no algorithm but the one it names, and no use but signing', async () => {
    const pair = await generateKeyPair('RS256')
    const token = await sign(pair.privateKey, { alg: 'RS256' })
    for (const more of [{ alg: 'RS512' }, { use: 'enc' }, { key_ops: ['encrypt'] }])
      expect(await outcome(JSON.stringify(await publicJwk(pair, more)), token)).toBe(NONE_SUITS)
  })

  test('in a set is found by its name, or by trying each where the token names none', async () => {
    const [one, other] = [await generateKeyPair('RS256'), await generateKeyPair('RS256')]
    const keys = [await publicJwk(one, { kid: 'one' }), await publicJwk(other, { kid: 'other' })]
    const set = JSON.stringify({ keys })
    expect(await outcome(set, await sign(other.privateKey, { alg: 'RS256', kid: 'other' }))).toEqual(EDITOR)
    expect(await outcome(set, await sign(other.privateKey, { alg: 'RS256' }))).toEqual(EDITOR)
    expect(await outcome(set, await sign(other.privateKey, { alg: 'RS256', kid: 'one' }))).toBe(NONE_DECODES)
    expect(await outcome(set, await sign(other.privateKey, { alg: 'RS256', kid: 'third' }))).toBe(NONE_SUITS)
  })
})

describe('a secret', () => {
  const bytes = crypto.getRandomValues(new Uint8Array(48))

  test('may be bytes that are no text', async () => {
    expect(await outcome(bytes, await sign(bytes, { alg: 'HS256' }))).toEqual(EDITOR)
  })
  test('as a JWK may say HS512, which a plain one never does', async () => {
    const k = Buffer.from(bytes).toString('base64url')
    const token = await sign(bytes, { alg: 'HS512' })
    expect(await outcome(JSON.stringify({ kty: 'oct', k, alg: 'HS512' }), token)).toEqual(EDITOR)
    expect(await outcome(bytes, token)).toBe(NONE_SUITS)
  })
  test('takes a token that names a key: a plain one has no name to compare', async () => {
    expect(await outcome(bytes, await sign(bytes, { alg: 'HS256', kid: 'any' }))).toEqual(EDITOR)
  })
  test('refuses a token of no algorithm, with what PostgREST says of it', async () => {
    const [, body = ''] = (await sign(bytes, { alg: 'HS256' })).split('.')
    const none = Buffer.from('{"alg":"none"}').toString('base64url')
    expect(await outcome(bytes, `${none}.${body}.x`)).toBe(
      "Wrong or unsupported encoding algorithm: JWT is unsecured but expected 'alg' was not 'none'",
    )
  })
})
