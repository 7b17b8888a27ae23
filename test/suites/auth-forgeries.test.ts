/** Tokens that are none of ours: each class of forgery is refused by the auth service and by the REST API alike. */
import { createHmac, generateKeyPairSync, type KeyObject, randomUUID, sign as signWith } from 'node:crypto'
import { exportJWK } from 'jose'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { AuthPlace } from '../harness/auth-place.ts'
import { openAuth } from '../harness/open-auth.ts'

const PASSWORD = 'a long enough passphrase 4711'
const pair = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const other = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 })
const KID = 'key-1'

let auth: AuthPlace
let good: { head: Json; claims: Json; token: string }
let keySettings: object

type Json = Record<string, unknown>
const encode = (value: unknown) =>
  Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url')
const decode = (part = ''): Json => JSON.parse(Buffer.from(part, 'base64url').toString())
const hmac = (head: Json, claims: unknown, secret: string | Buffer, digest = 'sha256') => {
  const text = `${encode(head)}.${encode(claims)}`
  return `${text}.${createHmac(digest, secret).update(text).digest('base64url')}`
}
const ecdsa = (head: Json, claims: unknown, key: KeyObject) => {
  const text = `${encode(head)}.${encode(claims)}`
  return `${text}.${signWith('sha256', Buffer.from(text), { key, dsaEncoding: 'ieee-p1363' }).toString('base64url')}`
}
const rs256 = (head: Json, claims: unknown, key: KeyObject) => {
  const text = `${encode(head)}.${encode(claims)}`
  return `${text}.${signWith('sha256', Buffer.from(text), key).toString('base64url')}`
}

beforeAll(async () => {
  auth = await openAuth()
  await auth.run('create table public.mine (id int); grant select on public.mine to authenticated')
  const jwk = { ...(await exportJWK(pair.privateKey)), kid: KID, alg: 'ES256', key_ops: ['sign', 'verify'] }
  keySettings = { jwt: { keys: [jwk] } }
  await auth.set(keySettings)
  const email = 'forged@example.com'
  await auth.admin().auth.admin.createUser({ email, password: PASSWORD, email_confirm: true })
  const { data, error } = await auth.client().auth.signInWithPassword({ email, password: PASSWORD })
  if (error) throw error
  const [head, claims] = data.session.access_token.split('.')
  good = { head: decode(head), claims: decode(claims), token: data.session.access_token }
})
afterAll(async () => {
  await auth?.stop()
})

const nowS = () => Math.floor(Date.now() / 1000)
const signed = (claims: Json, head: Json = {}) =>
  ecdsa({ ...good.head, ...head }, { ...good.claims, ...claims }, pair.privateKey)
const without = (...names: string[]) =>
  ecdsa(
    good.head,
    Object.fromEntries(Object.entries(good.claims).filter(([name]) => !names.includes(name))),
    pair.privateKey,
  )

const ask = async (token: string) => {
  const me = await auth.call('GET', '/user', { bearer: token })
  const headers = { apikey: auth.keys.anon, authorization: `Bearer ${token}` }
  const rest = await auth.fetch(`${auth.url}/rest/v1/mine`, { headers })
  await rest.text()
  return { auth: me.status, rest: rest.status }
}

test('the true one is taken by both', async () => {
  expect(good.head).toMatchObject({ alg: 'ES256', kid: KID })
  // The API learns of a new table a moment later.
  await expect.poll(() => ask(good.token), { timeout: 10_000 }).toEqual({ auth: 200, rest: 200 })
})

const publicPem = (key: KeyObject) => key.export({ type: 'spki', format: 'pem' }).toString()
const publicDer = (key: KeyObject) => key.export({ type: 'spki', format: 'der' })

/** What neither takes. */
const NOWHERE: readonly (readonly [string, () => string])[] = [
  ['alg none without a signature', () => `${encode({ alg: 'none', typ: 'JWT' })}.${encode(good.claims)}.`],
  ['alg None', () => `${encode({ alg: 'None', typ: 'JWT' })}.${encode(good.claims)}.`],
  ['alg NONE', () => `${encode({ alg: 'NONE' })}.${encode(good.claims)}.`],
  [
    'alg nOnE with a signature',
    () => `${encode({ alg: 'nOnE' })}.${encode(good.claims)}.${good.token.split('.')[2]}`,
  ],
  [
    'alg none and the true signature',
    () => `${encode({ alg: 'none' })}.${good.token.split('.')[1]}.${good.token.split('.')[2]}`,
  ],
  ['no alg', () => hmac({ typ: 'JWT' }, good.claims, auth.secret)],
  ['an empty alg', () => hmac({ alg: '' }, good.claims, auth.secret)],
  ['an alg that is no text', () => hmac({ alg: 256 }, good.claims, auth.secret)],
  ['an alg that is a list', () => hmac({ alg: ['HS256'] }, good.claims, auth.secret)],
  [
    'HS256 with the public key as PEM',
    () => hmac({ ...good.head, alg: 'HS256' }, good.claims, publicPem(pair.publicKey)),
  ],
  [
    'HS256 with the public key as DER',
    () => hmac({ ...good.head, alg: 'HS256' }, good.claims, publicDer(pair.publicKey)),
  ],
  [
    'HS256 with the public key and no kid',
    () => hmac({ alg: 'HS256' }, good.claims, publicPem(pair.publicKey)),
  ],
  ['HS384 with the secret', () => hmac({ alg: 'HS384' }, good.claims, auth.secret, 'sha384')],
  ['HS512 with the secret', () => hmac({ alg: 'HS512' }, good.claims, auth.secret, 'sha512')],
  ['HS256 with an empty secret', () => hmac({ alg: 'HS256' }, good.claims, '')],
  ['HS256 with a zero byte', () => hmac({ alg: 'HS256' }, good.claims, Buffer.alloc(1))],
  [
    'HS256 with a secret everybody knows',
    () => hmac({ alg: 'HS256' }, good.claims, 'super-secret-jwt-token-with-at-least-32-characters-long'),
  ],
  [
    'HS256 with another project’s secret',
    () => hmac({ alg: 'HS256' }, good.claims, 'the-secret-of-another-project-altogether'),
  ],
  ['RS256 with a key of one’s own', () => rs256({ ...good.head, alg: 'RS256' }, good.claims, rsa.privateKey)],
  [
    'RS256 named as the key that is there',
    () => rs256({ alg: 'RS256', kid: KID }, good.claims, rsa.privateKey),
  ],
  ['ES256 with another key under the same kid', () => ecdsa(good.head, good.claims, other.privateKey)],
  ['ES256 with another key and no kid', () => ecdsa({ alg: 'ES256' }, good.claims, other.privateKey)],
  ['a kid that is not there', () => signed({}, { kid: 'key-2' })],
  ['a kid that climbs', () => hmac({ alg: 'HS256', kid: '../../../../dev/null' }, good.claims, '')],
  ['a kid that is SQL', () => hmac({ alg: 'HS256', kid: "' union select 'x" }, good.claims, 'x')],
  ['a kid that is an object', () => signed({}, { kid: { $ne: null } })],
  [
    'a key that it brings along as jwk',
    () =>
      ecdsa(
        { ...good.head, kid: 'mine', jwk: other.publicKey.export({ format: 'jwk' }) },
        good.claims,
        other.privateKey,
      ),
  ],
  [
    'a key set that it names as jku',
    () => ecdsa({ alg: 'ES256', kid: 'mine', jku: 'http://127.0.0.1:1/keys' }, good.claims, other.privateKey),
  ],
  [
    'a certificate that it names as x5u',
    () => ecdsa({ alg: 'ES256', kid: 'mine', x5u: 'http://127.0.0.1:1/cert' }, good.claims, other.privateKey),
  ],
  ['a critical header that nobody knows', () => signed({}, { crit: ['exp'], exp: 1 })],
  ['an unencoded payload', () => signed({}, { b64: false, crit: ['b64'] })],
  [
    'claims of another person beneath a true signature',
    () =>
      [
        good.token.split('.')[0],
        encode({ ...good.claims, sub: randomUUID() }),
        good.token.split('.')[2],
      ].join('.'),
  ],
  [
    'a role raised beneath a true signature',
    () =>
      [
        good.token.split('.')[0],
        encode({ ...good.claims, role: 'service_role' }),
        good.token.split('.')[2],
      ].join('.'),
  ],
  ['a signature cut short', () => good.token.slice(0, -8)],
  ['a signature of zeros', () => [...good.token.split('.').slice(0, 2), encode('\0'.repeat(64))].join('.')],
  ['no signature', () => `${good.token.split('.').slice(0, 2).join('.')}.`],
  ['two parts', () => good.token.split('.').slice(0, 2).join('.')],
  ['four parts', () => `${good.token}.${encode('x')}`],
  ['five parts, as an encrypted one has', () => `${good.token}.a.b`],
  ['a payload that is no object', () => ecdsa(good.head, '"text"', pair.privateKey)],
  ['a payload that is no JSON', () => ecdsa(good.head, 'claims', pair.privateKey)],
  ['an exp that has passed', () => signed({ exp: nowS() - 31 })],
  ['an exp that is text', () => signed({ exp: 'tomorrow' })],
  ['an nbf that is to come', () => signed({ nbf: nowS() + 40 })],
  ['an nbf that is text', () => signed({ nbf: 'now' })],
  ['an iat that is to come', () => signed({ iat: nowS() + 40 })],
]

describe.each(NOWHERE)('%s', (_name, make) => {
  test('is refused', async () => {
    const statuses = await ask(make())
    expect([401, 403]).toContain(statuses.auth)
    expect(statuses.rest).toBe(401)
  })
})

/** Signed with a key of the project, but by no sign-in: what the REST API takes, as PostgREST does, opens no account. */
const NO_SESSION: readonly (readonly [string, () => string])[] = [
  ['of another issuer', () => signed({ iss: 'https://evil.example/auth/v1' })],
  ['without an issuer', () => without('iss')],
  ['for another audience', () => signed({ aud: 'somebody-else' })],
  ['without an audience', () => without('aud')],
  ['without an end', () => without('exp')],
  ['without a subject', () => without('sub')],
  ['of a subject that is no id', () => signed({ sub: "' or true --" })],
  ['of a person who is not there', () => signed({ sub: randomUUID() })],
  ['without a session', () => without('session_id')],
  ['of a session that is not there', () => signed({ session_id: randomUUID() })],
  ['that is the anon key', () => auth.keys.anon],
]

test.each(NO_SESSION)('a token %s opens no account', async (_name, make) => {
  const answer = await auth.call('GET', '/user', { bearer: make() })
  expect([401, 403]).toContain(answer.status)
})

describe('a key', () => {
  test('is shown by its public half alone', async () => {
    const { text, body } = await auth.call('GET', '/.well-known/jwks.json', { key: null })
    expect(body.keys).toMatchObject([{ kid: KID, kty: 'EC', alg: 'ES256', key_ops: ['verify'] }])
    expect(text).not.toMatch(/"d":|"k":/)
  })

  test('takes the place of another, and nobody is signed out', async () => {
    const next = {
      ...(await exportJWK(other.privateKey)),
      kid: 'key-2',
      alg: 'ES256',
      key_ops: ['sign', 'verify'],
    }
    const before = { ...(await exportJWK(pair.privateKey)), kid: KID, alg: 'ES256', key_ops: ['verify'] }
    await auth.set({ jwt: { keys: [next, before] } })
    expect(await ask(good.token)).toEqual({ auth: 200, rest: 200 })
    const email = 'forged@example.com'
    const { data } = await auth.client().auth.signInWithPassword({ email, password: PASSWORD })
    expect(decode(data.session?.access_token.split('.')[0])).toMatchObject({ kid: 'key-2' })
    expect(await ask(data.session?.access_token ?? '')).toEqual({ auth: 200, rest: 200 })
    await auth.set({ jwt: { keys: [next] } })
    expect((await ask(good.token)).rest).toBe(401)
    await auth.set(keySettings)
  })

  test('can be RSA', async () => {
    const jwk = {
      ...(await exportJWK(rsa.privateKey)),
      kid: 'rsa',
      alg: 'RS256',
      key_ops: ['sign', 'verify'],
    }
    await auth.set({ jwt: { keys: [jwk] } })
    const { data } = await auth
      .client()
      .auth.signInWithPassword({ email: 'forged@example.com', password: PASSWORD })
    expect(decode(data.session?.access_token.split('.')[0])).toMatchObject({ alg: 'RS256', kid: 'rsa' })
    expect(await ask(data.session?.access_token ?? '')).toEqual({ auth: 200, rest: 200 })
    await auth.set(keySettings)
  })
})
