import { createHash, randomUUID } from 'node:crypto'
import { Problem } from '@cascata/shared/problem'
import { afterEach, beforeAll, describe, expect, test, vi } from 'vitest'
import {
  CLIENT,
  makeKey,
  type OidcHarness,
  REDIRECT_URI,
  type SigningJwk,
  startOidc,
  walk,
} from './oidc-harness.ts'
import type { Provider, ProviderSettings } from './provider.ts'
import { createProviders } from './providers.ts'

let key: SigningJwk
beforeAll(async () => {
  key = await makeKey('first')
})

const running: OidcHarness[] = []
afterEach(() => {
  vi.useRealTimers()
  for (const one of running.splice(0)) one.close()
})

async function oidc(...more: Parameters<typeof startOidc> extends [unknown, ...infer Rest] ? Rest : never) {
  const server = await startOidc(key, ...more)
  running.push(server)
  return server
}

const settingsOf = (issuer: string, more: Partial<ProviderSettings> = {}): ProviderSettings => ({
  ...{ enabled: true, clientIds: [CLIENT.client_id], secret: CLIENT.client_secret, url: null },
  ...{ skipNonceCheck: false, scopes: [], issuer, ...more },
})

function providerOf(settings: ProviderSettings, name = 'our-own'): Provider {
  const provider = createProviders(() => ({ [name]: settings })).find(name)
  if (!provider) throw new Error(`no provider ${name}`)
  return provider
}

const codeVerifier = 'v'.repeat(64)
const codeChallenge = createHash('sha256').update(codeVerifier).digest('base64url')
const way = {
  state: 'the-state',
  redirectUri: REDIRECT_URI,
  nonce: 'the-nonce',
  codeChallenge,
  scopes: [],
  query: {},
}
const never = () => new AbortController().signal

const exchange = (provider: Provider, back: URLSearchParams, more: object = {}) =>
  provider.exchange(
    {
      ...{ code: back.get('code') ?? '', redirectUri: REDIRECT_URI, codeVerifier, nonce: way.nonce },
      ...{ issuer: back.get('iss'), user: null, ...more },
    },
    never(),
  )

async function failure(promise: Promise<unknown>): Promise<Problem> {
  const error = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  )
  if (!(error instanceof Problem)) throw new Error('expected a problem', { cause: error })
  return error
}

describe('a sign-in with an issuer of one’s own', () => {
  test('brings back who it is, from the way there to the profile', async () => {
    const { issuer } = await oidc()
    const provider = providerOf(settingsOf(issuer))
    const back = await walk(await provider.authorizeUrl(way), 'ann')
    expect(back.get('state')).toBe('the-state')
    const { user, accessToken } = await exchange(provider, back)
    expect(accessToken).not.toBe('')
    expect(user).toEqual({
      ...{ sub: 'ann', email: 'ann@example.com', emailVerified: true },
      claims: {
        ...{ iss: issuer, sub: 'ann', provider_id: 'ann', name: 'The ann', full_name: 'The ann' },
        ...{ avatar_url: 'https://example.com/a.png', picture: 'https://example.com/a.png' },
        ...{ user_name: 'ann', preferred_username: 'ann', email: 'ann@example.com' },
        ...{ email_verified: true, phone_verified: false },
      },
    })
  })

  test('asks the userinfo endpoint for what the ID token does not say', async () => {
    const { issuer, asked } = await oidc({ conformIdTokenClaims: true })
    const provider = providerOf(settingsOf(issuer, { url: issuer }), 'keycloak')
    const back = await walk(await provider.authorizeUrl(way), 'unverified')
    const { user } = await exchange(provider, back)
    expect(asked.get('/me')).toBe(1)
    expect(user).toMatchObject({ email: 'unverified@example.com', emailVerified: false })
  })

  test('passes on what was asked for, but nothing that is the flow’s own', async () => {
    const { issuer } = await oidc()
    const query = {
      ...{ prompt: 'login', login_hint: 'ann', redirect_uri: 'https://evil.example', client_id: 'evil' },
      ...{ response_type: 'token', response_mode: 'query', request_uri: 'https://evil.example', nonce: 'x' },
      ...{ state: 'x', scope: 'x', code_challenge: 'x', code_challenge_method: 'plain', provider: 'x' },
    }
    const settings = settingsOf(issuer, { scopes: ['groups'] })
    const url = await providerOf(settings).authorizeUrl({ ...way, scopes: ['calendar', 'email'], query })
    expect(Object.fromEntries(new URL(url).searchParams)).toEqual({
      ...{ prompt: 'login', login_hint: 'ann', response_type: 'code', client_id: CLIENT.client_id },
      ...{ redirect_uri: REDIRECT_URI, scope: 'openid email profile groups calendar', state: 'the-state' },
      ...{ nonce: 'the-nonce', code_challenge: codeChallenge, code_challenge_method: 'S256' },
    })
  })

  test.each(['google', 'apple', 'linkedin_oidc', 'slack_oidc', 'keycloak'])(
    'ends the same with %s, where its url says',
    async (name) => {
      const { issuer } = await oidc({ pkce: { required: () => false } })
      const provider = providerOf(settingsOf('', { url: issuer, issuer: undefined }), name)
      const back = await walk(await provider.authorizeUrl(way), 'ann')
      const { user } = await exchange(provider, back)
      expect(user).toMatchObject({ sub: 'ann', email: 'ann@example.com', emailVerified: true })
    },
  )

  test.each([
    ['the name', '{"name":{"firstName":"Ann","lastName":"Lee"},"email":"boss@example.com"}', 'Ann Lee'],
    ['no more than is there', '{"name":{"firstName":"Ann"}}', 'Ann'],
    ['nothing where nothing is said', '{}', undefined],
    ['nothing of nonsense', 'Ann', undefined],
  ])('takes from Apple’s answer to the browser %s, and never an address', async (_what, said, name) => {
    const { issuer } = await oidc({ pkce: { required: () => false } })
    const provider = providerOf(settingsOf('', { url: issuer, issuer: undefined }), 'apple')
    const back = await walk(await provider.authorizeUrl(way), 'ann')
    const { user } = await exchange(provider, back, { user: said })
    const { email, claims } = user
    expect([email, claims.name, claims.full_name]).toEqual(['ann@example.com', name, name])
  })

  test('takes no name from the browser of a provider that signs it', async () => {
    const { issuer } = await oidc()
    const provider = providerOf(settingsOf(issuer))
    const back = await walk(await provider.authorizeUrl(way), 'ann')
    const { user } = await exchange(provider, back, { user: '{"name":{"firstName":"Eve"}}' })
    expect(user.claims.name).toBe('The ann')
  })

  test.each([
    ['another verifier', { codeVerifier: 'w'.repeat(64) }, 'it answered invalid_grant'],
    ['another redirect', { redirectUri: `${REDIRECT_URI}/x` }, 'it answered invalid_grant'],
    ['another nonce', { nonce: 'another' }, 'the nonce is another'],
    ['an answer of another issuer', { issuer: 'https://evil.example' }, 'the answer is of another issuer'],
    ['an answer of nobody', { issuer: null }, 'its answer does not say whose it is'],
  ])('with %s comes to nothing', async (_sentence, more, words) => {
    const { issuer } = await oidc()
    const provider = providerOf(settingsOf(issuer))
    const back = await walk(await provider.authorizeUrl(way), 'ann')
    const error = await failure(exchange(provider, back, more))
    expect(error.code).toBe('provider-failed')
    expect(error.message).toContain(words)
  })

  test('with a code that was spent comes to nothing', async () => {
    const { issuer } = await oidc()
    const provider = providerOf(settingsOf(issuer))
    const back = await walk(await provider.authorizeUrl(way), 'ann')
    await exchange(provider, back)
    expect((await failure(exchange(provider, back))).message).toContain('invalid_grant')
  })

  test('with a wrong secret fails without telling it', async () => {
    const { issuer } = await oidc()
    const secret = `wrong-${randomUUID()}`
    const provider = providerOf(settingsOf(issuer, { secret }))
    const back = await walk(await provider.authorizeUrl(way), 'ann')
    const error = await failure(exchange(provider, back))
    expect(error.message).toContain('it answered invalid_client')
    expect(`${error.stack}${String(error.cause)}`).not.toContain(secret)
  })

  test.each([
    [
      'an issuer that calls itself otherwise',
      (issuer: string) => `${issuer}/`,
      'the provider calls itself http://127.0.0.1:',
    ],
    ['nobody there', () => 'http://127.0.0.1:1', 'there was no connection'],
    ['an issuer without TLS', () => 'http://id.example', 'http://id.example is not https'],
  ])('fails clearly with %s', async (_sentence, place, words) => {
    const { issuer } = await oidc()
    const error = await failure(providerOf(settingsOf(place(issuer))).authorizeUrl(way))
    expect(error.message).toMatch(/^Sign-in with our-own did not come to its end: /)
    expect(error.message).toContain(words)
  })
})

describe('what is learned of an issuer', () => {
  test('is asked for once, and its keys as well', async () => {
    const { issuer, asked } = await oidc()
    const provider = providerOf(settingsOf(issuer))
    for (const who of ['ann', 'bob']) {
      const back = await walk(await provider.authorizeUrl(way), who)
      await exchange(provider, back)
    }
    expect(asked.get('/.well-known/openid-configuration')).toBe(1)
    expect(asked.get('/jwks')).toBe(1)
  })

  test('follows a new key, asked for no more often than twice a minute', async () => {
    vi.useFakeTimers({ toFake: ['Date'] })
    const { issuer, asked, turnKeys } = await oidc()
    const provider = providerOf(settingsOf(issuer))
    const signIn = async () => exchange(provider, await walk(await provider.authorizeUrl(way), 'ann'))
    await signIn()
    turnKeys(await makeKey('second'))
    expect((await failure(signIn())).message).toContain('not signed by its issuer')
    expect((await failure(signIn())).message).toContain('not signed by its issuer')
    expect(asked.get('/jwks')).toBe(1)
    vi.setSystemTime(Date.now() + 31_000)
    expect((await signIn()).user.sub).toBe('ann')
    expect(asked.get('/jwks')).toBe(2)
  })
})
