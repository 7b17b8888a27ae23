import { createHmac } from 'node:crypto'
import type { IncomingHttpHeaders } from 'node:http'
import { signApiKey } from '@cascata/shared/jwt'
import { Problem } from '@cascata/shared/problem'
import { describe, expect, test } from 'vitest'
import { createIdentify, type IdentifySettings } from './claims.ts'
import type { Session } from './session.ts'

const SECRET = 'a-secret-of-this-test-and-no-other-project'
const NOW_S = 1_800_000_000
const NOW_MS = NOW_S * 1000
const CLOCK = { now: () => NOW_MS }

const base64url = (value: string | Buffer) => Buffer.from(value).toString('base64url')

/** Signs by hand, so that what jose would never write can be written too. */
function forge(
  payload: unknown,
  { header = { alg: 'HS256', typ: 'JWT' }, secret = SECRET, hash = 'sha256' } = {} as {
    header?: unknown
    secret?: string
    hash?: string
  },
): string {
  const text = typeof payload === 'string' ? payload : JSON.stringify(payload)
  const signed = `${base64url(JSON.stringify(header))}.${base64url(text)}`
  return `${signed}.${base64url(createHmac(hash, secret).update(signed).digest())}`
}

const settings = (changes: Partial<IdentifySettings> = {}): IdentifySettings => ({
  jwtSecret: SECRET,
  jwtAudience: null,
  rolePath: ['role'],
  anonRole: 'anon',
  keys: { anon: 'sb_publishable_of_this_test', serviceRole: 'sb_secret_of_this_test' },
  ...changes,
})

async function ask(
  headers: IncomingHttpHeaders,
  changes: Partial<IdentifySettings> = {},
): Promise<Session | string> {
  try {
    return await createIdentify(settings(changes), CLOCK)(headers)
  } catch (error) {
    if (error instanceof Problem) return `${error.status} ${error.code}: ${error.message}`
    throw error
  }
}

const bearer = (token: string) => ({ authorization: `Bearer ${token}` })
const user = (claims: object = {}) => forge({ role: 'authenticated', sub: 'ada', ...claims })
const NO_KEY = '401 jwt-invalid: No suitable key or wrong key type'

describe('a token that was tampered with, or never ours', () => {
  const good = user()
  const [head = '', body = '', signature = ''] = good.split('.')
  const twisted = base64url(JSON.stringify({ role: 'service_role' }))
  test.each([
    ['without a signature', `${head}.${body}.`, NO_KEY],
    ['signed with another secret', forge({ role: 'service_role' }, { secret: `${SECRET}!` }), NO_KEY],
    ['with another body under a good signature', `${head}.${twisted}.${signature}`, NO_KEY],
    [
      'of algorithm none',
      `${base64url('{"alg":"none"}')}.${body}.`,
      '401 jwt-invalid: Wrong or unsupported encoding algorithm',
    ],
    [
      'of algorithm None, in another case',
      `${base64url('{"alg":"None"}')}.${body}.${signature}`,
      '401 jwt-invalid: JWT cryptographic operation failed',
    ],
    [
      'of HS512 under our secret',
      forge({ role: 'service_role' }, { header: { alg: 'HS512' }, hash: 'sha512' }),
      NO_KEY,
    ],
    [
      'that says RS256, to have the secret taken for a public key',
      forge({ role: 'service_role' }, { header: { alg: 'RS256' } }),
      NO_KEY,
    ],
    [
      'without an algorithm',
      forge({ role: 'anon' }, { header: {} }),
      '401 jwt-invalid: JWT cryptographic operation failed',
    ],
    [
      'with a critical extension nobody knows',
      forge({ role: 'anon' }, { header: { alg: 'HS256', crit: ['x'], x: 1 } }),
      '401 jwt-invalid: JWT cryptographic operation failed',
    ],
    [
      'whose header is no JSON',
      `${base64url('{')}.${body}.${signature}`,
      '401 jwt-invalid: JWT cryptographic operation failed',
    ],
    ['of two parts', `${head}.${body}`, '401 jwt-invalid: Expected 3 parts in JWT; got 2'],
    ['of five parts', `${good}.a.b`, '401 jwt-invalid: Expected 3 parts in JWT; got 5'],
    ['that is a word', 'letmein', '401 jwt-invalid: Expected 3 parts in JWT; got 1'],
    ['that is empty', '', '401 jwt-invalid: Empty JWT is sent in Authorization header'],
    ['of nine kilobytes', user({ pad: 'x'.repeat(9_000) }), '401 jwt-invalid: JWT is longer than 8192 bytes'],
    ['whose payload is no JSON', forge('not json'), '401 jwt-claims-refused: Parsing claims failed'],
    ['whose payload is a list', forge([1]), '401 jwt-claims-refused: Parsing claims failed'],
    ['whose payload is null', forge('null'), '401 jwt-claims-refused: Parsing claims failed'],
  ])('%s is refused', async (_sentence, token, expected) => {
    expect(await ask(bearer(token))).toBe(expected)
  })
})

describe('claims, with 30 seconds of leeway', () => {
  const refused = (message: string) => `401 jwt-claims-refused: ${message}`
  test.each([
    ['expired within the leeway is let in', { exp: NOW_S - 30 }, {}, 'authenticated'],
    ['expired beyond it is refused', { exp: NOW_S - 31 }, {}, refused('JWT expired')],
    ['not yet valid, within the leeway, is let in', { nbf: NOW_S + 30 }, {}, 'authenticated'],
    ['not yet valid beyond it is refused', { nbf: NOW_S + 31 }, {}, refused('JWT not yet valid')],
    ['issued a little ahead is let in', { iat: NOW_S + 30 }, {}, 'authenticated'],
    ['issued in the future is refused', { iat: NOW_S + 31 }, {}, refused('JWT issued at future')],
    ['exp as text is refused', { exp: '1' }, {}, refused("The JWT 'exp' claim must be a number")],
    ['nbf as a list is refused', { nbf: [] }, {}, refused("The JWT 'nbf' claim must be a number")],
    ['iat as an object is refused', { iat: {} }, {}, refused("The JWT 'iat' claim must be a number")],
    ['exp of null is not looked at', { exp: null }, {}, 'authenticated'],
    ['any audience does when none is configured', { aud: 'them' }, {}, 'authenticated'],
    ['the right audience does', { aud: 'us' }, { jwtAudience: 'us' }, 'authenticated'],
    ['one right audience of several does', { aud: ['them', 'us'] }, { jwtAudience: 'us' }, 'authenticated'],
    ['no audience at all does', {}, { jwtAudience: 'us' }, 'authenticated'],
    ['an empty list of audiences does', { aud: [] }, { jwtAudience: 'us' }, 'authenticated'],
    ['another audience is refused', { aud: 'them' }, { jwtAudience: 'us' }, refused('JWT not in audience')],
    ['an empty audience is refused', { aud: '' }, { jwtAudience: 'us' }, refused('JWT not in audience')],
    [
      'an audience of another type is refused even when none is configured',
      { aud: { a: 1 } },
      {},
      refused("The JWT 'aud' claim must be a string or an array of strings"),
    ],
    [
      'an ID token of this project is refused: it has no role',
      { role: undefined, iss: 'https://us/auth/v1' },
      { authIssuer: 'https://us/auth/v1' },
      refused('An ID token is no access token'),
    ],
    [
      'a token of another issuer without a role is the anonymous one',
      { role: undefined, iss: 'https://them' },
      { authIssuer: 'https://us/auth/v1' },
      'anon',
    ],
  ])('%s', async (_sentence, claims, changes, expected) => {
    const answer = await ask(bearer(user(claims)), changes)
    expect(typeof answer === 'string' ? answer : answer.role).toBe(expected)
  })
})

describe('the role', () => {
  test.each([
    ['comes from the claim', { role: 'editor' }, {}, 'editor'],
    ['is the anonymous one when the token names none', { role: undefined }, {}, 'anon'],
    [
      'is missing without an anonymous role',
      { role: undefined },
      { anonRole: null },
      '401 anonymous-disabled: Anonymous access is disabled',
    ],
    [
      'comes from a path',
      { role: undefined, app: { 'my-roles': ['x', 'boss'] } },
      { rolePath: ['app', 'my-roles', 1] },
      'boss',
    ],
    ['is not taken from an inherited property', {}, { rolePath: ['constructor', 'name'] }, 'anon'],
    ['of another type is its JSON text, which names no role', { role: 7 }, {}, '7'],
  ])('%s', async (_sentence, claims, changes, expected) => {
    const answer = await ask(bearer(user(claims)), changes)
    expect(typeof answer === 'string' ? answer : answer.role).toBe(expected)
  })

  test('stands in the claims that Postgres gets, wherever it was found', async () => {
    const token = forge({ app: { role: 'boss' }, sub: 'ada' })
    const session = (await ask(bearer(token), { rolePath: ['app', 'role'] })) as Session
    expect(JSON.parse(session.claimsJson)).toEqual({ app: { role: 'boss' }, sub: 'ada', role: 'boss' })
  })

  test('number claims reach Postgres digit for digit', async () => {
    const session = (await ask(
      bearer(forge('{"role":"authenticated","org":12345678901234567890}')),
    )) as Session
    expect(session.claimsJson).toContain('12345678901234567890')
  })
})

describe('which credential counts', () => {
  const anonKey = () => signApiKey(SECRET, { role: 'anon', ref: 'acme', issuedAtS: NOW_S })
  const outcome = (answer: Session | string) => (typeof answer === 'string' ? answer : answer.role)

  test('a stranger without any key is refused by a project', async () => {
    expect(await ask({})).toBe('401 key-required: No API key found in request')
  })
  test('a stranger is anonymous where there are no keys to have', async () => {
    expect(await ask({}, { keys: null })).toMatchObject({
      role: 'anon',
      anonymous: true,
      claimsJson: '{"role":"anon"}',
    })
  })
  test('a stranger is refused where nobody is anonymous', async () => {
    expect(await ask({}, { keys: null, anonRole: null })).toBe(
      '401 anonymous-disabled: Anonymous access is disabled',
    )
  })
  test('the apikey alone is enough', async () => {
    expect(outcome(await ask({ apikey: await anonKey() }))).toBe('anon')
  })
  test('a Bearer wins over the apikey', async () => {
    expect(outcome(await ask({ apikey: await anonKey(), ...bearer(user()) }))).toBe('authenticated')
  })
  test('a bad Bearer is not saved by a good apikey', async () => {
    expect(await ask({ apikey: await anonKey(), ...bearer('a.b.c') })).toContain('401 jwt-invalid')
  })
  test('the scheme is read in any case', async () => {
    expect(outcome(await ask({ authorization: `bearer ${user()}` }))).toBe('authenticated')
  })
  test('another scheme than Bearer counts as nothing', async () => {
    expect(await ask({ authorization: 'Basic YTpi' })).toBe('401 key-required: No API key found in request')
  })
  test.each([
    ['the secret key', 'sb_secret_of_this_test', 'service_role'],
    ['the publishable key', 'sb_publishable_of_this_test', 'anon'],
    ['an opaque key of nobody', 'sb_secret_of_another', '401 jwt-invalid: Expected 3 parts in JWT; got 1'],
  ])('%s decides by itself, even when it is repeated as Bearer', async (_sentence, apikey, expected) => {
    expect(outcome(await ask({ apikey, ...bearer(apikey) }))).toBe(expected)
    expect(outcome(await ask({ apikey }))).toBe(expected)
    expect(outcome(await ask(bearer(apikey)))).toBe(expected)
  })
  test('without a secret each token is refused as a fault of ours', async () => {
    expect(await ask(bearer(user()), { jwtSecret: null })).toBe(
      '500 jwt-secret-missing: Server lacks JWT secret',
    )
  })
})

describe('the memory of good tokens', () => {
  test('a known token is answered at once, and refused the moment it expires', async () => {
    let now = NOW_MS
    const identify = createIdentify(settings(), { now: () => now })
    const headers = bearer(user({ exp: NOW_S + 60 }))
    const first = await identify(headers)
    expect(identify(headers)).toBe(first)
    now += 91_000
    expect(() => identify(headers)).toThrow('JWT expired')
  })

  test('a refused token is not remembered as good', async () => {
    const identify = createIdentify(settings(), CLOCK)
    const headers = bearer(forge({ role: 'service_role' }, { secret: `${SECRET}!` }))
    await expect(identify(headers)).rejects.toThrow('No suitable key')
    await expect(identify(headers)).rejects.toThrow('No suitable key')
  })

  test('a rotated secret forgets every token of the old one', async () => {
    const headers = bearer(user())
    expect(await createIdentify(settings(), CLOCK)(headers)).toMatchObject({ role: 'authenticated' })
    const rotated = createIdentify(
      settings({ jwtSecret: 'the-next-secret-of-this-test-and-no-other' }),
      CLOCK,
    )
    await expect(rotated(headers)).rejects.toThrow('No suitable key')
  })

  test('stays bounded, and keeps right, when many tokens come', async () => {
    const identify = createIdentify(settings(), CLOCK)
    for (let at = 0; at < 2_500; at += 1) await identify(bearer(user({ sub: `user-${at}` })))
    // The first ones were forgotten: they must be verified again, which takes a promise.
    const again = identify(bearer(user({ sub: 'user-0' })))
    expect(again).toBeInstanceOf(Promise)
    expect((await again).claims.sub).toBe('user-0')
    expect(identify(bearer(user({ sub: 'user-2499' })))).not.toBeInstanceOf(Promise)
  })
})
