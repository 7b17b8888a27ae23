import { createHash, createPrivateKey, createPublicKey, sign as signBytes } from 'node:crypto'
import { type JWTPayload, SignJWT } from 'jose'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { IdTokenRefused } from './errors.ts'
import { makeKey, type OidcHarness, type SigningJwk, sign, startOidc } from './oidc-harness.ts'
import type { ProviderSettings } from './provider.ts'
import { createProviders } from './providers.ts'

let key: SigningJwk
let foreign: SigningJwk
let server: OidcHarness
beforeAll(async () => {
  ;[key, foreign] = await Promise.all([makeKey('first'), makeKey('first')])
  server = await startOidc(key)
})
afterAll(() => server.close())

const NOW_S = 1_800_000_000
const clock = { now: () => NOW_S * 1000 }
const never = () => new AbortController().signal

function provider(more: Partial<ProviderSettings> = {}, name = 'our-own') {
  const settings: ProviderSettings = {
    ...{
      enabled: true,
      clientIds: ['web', 'ios'],
      secret: null,
      url: null,
      skipNonceCheck: false,
      scopes: [],
    },
    ...{ issuer: server.issuer, ...more },
  }
  const found = createProviders(() => ({ [name]: settings }), clock).find(name)
  if (!found?.fromIdToken) throw new Error(`${name} takes no ID tokens`)
  return found as typeof found & Required<Pick<typeof found, 'fromIdToken'>>
}

const claims = (more: JWTPayload = {}): JWTPayload => ({
  ...{ iss: server.issuer, sub: 'ann', aud: 'web', iat: NOW_S, exp: NOW_S + 300 },
  ...{ email: 'ann@example.com', email_verified: true, name: 'Ann', ...more },
})

const submit = async (idToken: string, more: { accessToken?: string; nonce?: string } = {}, settings = {}) =>
  provider(settings).fromIdToken({ idToken, accessToken: null, nonce: null, ...more }, never())

const hashed = (text: string) => createHash('sha256').update(text).digest('hex')
const without = (name: string) => {
  const { [name]: _left, ...rest } = claims()
  return rest
}

describe('an ID token', () => {
  test('of the issuer for us is taken', async () => {
    const user = await submit(await sign(claims(), key))
    expect(user).toMatchObject({ sub: 'ann', email: 'ann@example.com', emailVerified: true })
    expect(user.claims).toMatchObject({ iss: server.issuer, provider_id: 'ann', full_name: 'Ann' })
  })

  test.each<[string, () => JWTPayload, object?]>([
    ['for another of our clients', () => claims({ aud: 'ios' })],
    ['for several, made out to us', () => claims({ aud: ['web', 'other'], azp: 'web' })],
    ['that an app of ours was given for our server', () => claims({ azp: 'an-android-app' })],
    ['a few seconds old', () => claims({ exp: NOW_S - 20 })],
    ['with the hash of the nonce that was kept', () => claims({ nonce: hashed('kept') }), { nonce: 'kept' }],
    [
      'with the access token of the same sign-in',
      () =>
        claims({ at_hash: createHash('sha256').update('at').digest().subarray(0, 16).toString('base64url') }),
      { accessToken: 'at' },
    ],
  ])('%s is taken', async (_sentence, make, more) => {
    expect((await submit(await sign(make(), key), more)).sub).toBe('ann')
  })

  test('with a nonce nobody kept is taken where the settings say so', async () => {
    const token = await sign(claims({ nonce: 'anything' }), key)
    expect((await submit(token, {}, { skipNonceCheck: true })).sub).toBe('ann')
  })

  test.each<[string, () => JWTPayload, object?]>([
    ['of another issuer', () => claims({ iss: 'https://evil.example' })],
    ['of an issuer with one more slash', () => claims({ iss: `${server.issuer}/` })],
    ['of no issuer', () => without('iss')],
    ['for another audience', () => claims({ aud: 'other' })],
    ['for several without us', () => claims({ aud: ['a', 'b'], azp: 'web' })],
    ['for an audience that begins like us', () => claims({ aud: 'web2' })],
    ['for nobody', () => without('aud')],
    ['for several, made out to another', () => claims({ aud: ['web', 'other'], azp: 'other' })],
    ['for several, made out to nobody', () => claims({ aud: ['web', 'other'] })],
    ['that has expired', () => claims({ exp: NOW_S - 31 })],
    ['that never expires', () => without('exp')],
    ['that was never issued', () => without('iat')],
    ['that is not valid yet', () => claims({ nbf: NOW_S + 60 })],
    ['about nobody', () => claims({ sub: '' })],
    ['with another nonce', () => claims({ nonce: hashed('other') }), { nonce: 'kept' }],
    ['with the nonce itself', () => claims({ nonce: 'kept' }), { nonce: 'kept' }],
    ['with a nonce nobody kept', () => claims({ nonce: hashed('kept') })],
    ['without the nonce that was kept', () => claims(), { nonce: 'kept' }],
    ['with another access token', () => claims({ at_hash: 'AAAAAAAAAAAAAAAAAAAAAA' }), { accessToken: 'at' }],
    ['that is an access token of Keycloak', () => claims({ typ: 'Bearer' })],
  ])('%s is refused', async (_sentence, make, more) => {
    const token = await sign(make(), key)
    await expect(submit(token, more)).rejects.toThrow(IdTokenRefused)
    await expect(submit(token, more)).rejects.toMatchObject({ code: 'validation_failed', status: 400 })
  })

  const encode = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url')
  const withSecret = (secret: string | Uint8Array) =>
    new SignJWT(claims())
      .setProtectedHeader({ alg: 'HS256', kid: 'first' })
      .sign(typeof secret === 'string' ? new TextEncoder().encode(secret) : secret)
  /** What jose itself would not sign. */
  const signByHand = (header: object) => {
    const signed = `${encode(header)}.${encode(claims())}`
    const signature = signBytes('sha256', Buffer.from(signed), createPrivateKey({ key, format: 'jwk' }))
    return `${signed}.${signature.toString('base64url')}`
  }

  test('signed by hand is as good: what is refused below is refused for what it says', async () => {
    expect((await submit(signByHand({ alg: 'RS256', kid: 'first' }))).sub).toBe('ann')
  })

  const publicJwk = () => ({ kty: 'RSA', n: key.n ?? '', e: key.e ?? '' })
  const publicKey = () => createPublicKey({ key: publicJwk(), format: 'jwk' })

  test.each<[string, () => string | Promise<string>]>([
    ['signed with another key of the same name', () => sign(claims(), foreign)],
    ['signed with a key of another name', () => sign(claims(), { ...key, kid: 'other' })],
    ['signed by nobody', () => `${encode({ alg: 'none' })}.${encode(claims())}.`],
    ['signed by nobody, in capitals', () => `${encode({ alg: 'None', kid: 'first' })}.${encode(claims())}.`],
    ['without a signature', async () => (await sign(claims(), key)).replace(/[^.]+$/, '')],
    [
      'with a key of its own in its header',
      () => sign(claims(), foreign, { jwk: { ...publicJwk(), n: foreign.n } }),
    ],
    ['that says where its keys are', () => sign(claims(), foreign, { jku: 'https://evil.example/jwks' })],
    [
      'signed with the public key as a secret',
      () => withSecret(publicKey().export({ type: 'spki', format: 'pem' }).toString()),
    ],
    [
      'signed with the public key, packed',
      () => withSecret(publicKey().export({ type: 'spki', format: 'der' })),
    ],
    ['signed with the public key as published', () => withSecret(JSON.stringify(publicJwk()))],
    [
      'changed after it was signed',
      async () => {
        const [head, , signature] = (await sign(claims(), key)).split('.')
        return `${head}.${encode(claims({ sub: 'eve' }))}.${signature}`
      },
    ],
    ['that is an access token by its type', () => sign(claims(), key, { typ: 'at+jwt' })],
    [
      'that asks for what we do not know',
      () => signByHand({ alg: 'RS256', kid: 'first', crit: ['x'], x: 1 }),
    ],
    ['that is no token', () => 'not-a-token'],
    ['that is nothing', () => ''],
    ['that is far too long', () => 'a'.repeat(40_000)],
  ])('%s is refused', async (_sentence, make) => {
    await expect(submit(await make())).rejects.toThrow(IdTokenRefused)
  })

  test('of another provider is refused, though it is as good', async () => {
    const other = await startOidc(foreign)
    try {
      const token = await sign(claims({ iss: other.issuer }), foreign)
      expect((await submit(token, {}, { issuer: other.issuer })).sub).toBe('ann')
      await expect(submit(token)).rejects.toThrow(IdTokenRefused)
    } finally {
      other.close()
    }
  })

  test('is not refused when the keys cannot be had: that is another failure', async () => {
    const token = await sign(claims(), key)
    await expect(submit(token, {}, { issuer: 'http://127.0.0.1:1' })).rejects.toMatchObject({
      code: 'provider-failed',
    })
  })
})

describe('Azure', () => {
  const TENANT = '11111111-2222-3333-4444-555555555555'
  const OTHER = '99999999-2222-3333-4444-555555555555'
  const CONSUMERS = '9188040d-6c67-4c5b-b112-36a304b66dad'
  /** Its keys lie below the tenant; the harness has them elsewhere. */
  const azure = async (named: string, more: JWTPayload) => {
    const keysAt = `/${named}/discovery/v2.0/keys`
    const own = await startOidc(key, { routes: { jwks: keysAt } })
    try {
      const { tid = TENANT } = more
      const idToken = await sign(claims({ iss: `${own.issuer}/${tid}/v2.0`, tid, ...more }), key)
      const settings = { url: `${own.issuer}/${named}`, issuer: undefined }
      return await provider(settings, 'azure').fromIdToken(
        { idToken, accessToken: null, nonce: null },
        never(),
      )
    } finally {
      own.close()
    }
  }

  test.each<[string, string, JWTPayload, boolean]>([
    ['anybody’s address is not verified by itself', 'common', { email_verified: true }, false],
    ['only where the domain’s owner is', 'common', { xms_edov: true }, true],
    ['or so written', TENANT, { xms_edov: '1' }, true],
    ['nor where it is not', TENANT, { xms_edov: false }, false],
  ])('%s', async (_sentence, named, more, emailVerified) => {
    expect(await azure(named, more)).toMatchObject({ sub: 'ann', emailVerified })
  })

  test.each<[string, string, JWTPayload]>([
    ['of another tenant than that of its url', TENANT, { tid: OTHER }],
    ['that names one tenant and is of another', 'common', { tid: TENANT, iss: 'https://sts.example/x/v2.0' }],
    ['of a tenant that is none', 'common', { tid: '../evil' }],
    ['of a person’s own account, for organizations', 'organizations', { tid: CONSUMERS }],
    ['of an organization, for people’s own accounts', 'consumers', { tid: TENANT }],
  ])('refuses a token %s', async (_sentence, named, more) => {
    await expect(azure(named, more)).rejects.toThrow(IdTokenRefused)
  })
})
