import { createHmac } from 'node:crypto'
import { afterEach, describe, expect, test } from 'vitest'
import { type Answers, createStage, input, providerOf, signIn, type TokenPlace } from './profile-harness.ts'
import type { ProviderSettings } from './provider.ts'
import { createProviders } from './providers.ts'

const stage = createStage()
afterEach(() => stage.close())
const { somebody } = stage

describe('GitHub', () => {
  const TOKEN = {
    path: '/login/oauth/access_token',
    answer: { access_token: 'the-token', scope: 'user:email', token_type: 'bearer' },
  }
  const person = {
    id: 7,
    login: 'ann',
    name: 'Ann',
    avatar_url: 'https://github.example/a.png',
    email: 'shown@example.com',
  }
  const github = (emails: unknown, more: object = {}) =>
    somebody(TOKEN, { '/api/v3/user': { ...person, ...more }, '/api/v3/user/emails': emails })
  const primary = (verified: boolean) => [
    { email: 'second@example.com', verified: true, primary: false },
    { email: 'ann@example.com', verified, primary: true },
  ]

  test('says who it is by its API, and which address is the primary one', async () => {
    const { url, asked } = await github(primary(true))
    const { user, accessToken, refreshToken } = await signIn('github', url)
    expect([accessToken, refreshToken]).toEqual(['the-token', null])
    expect(user).toEqual({
      ...{ sub: '7', email: 'ann@example.com', emailVerified: true },
      claims: {
        ...{ iss: url, sub: '7', provider_id: '7', name: 'Ann', full_name: 'Ann', user_name: 'ann' },
        ...{ preferred_username: 'ann', avatar_url: person.avatar_url, picture: person.avatar_url },
        ...{ email: 'ann@example.com', email_verified: true, phone_verified: false },
      },
    })
    expect(Object.fromEntries(asked[0]?.body ?? [])).toEqual({
      ...{ grant_type: 'authorization_code', code: 'the-code', redirect_uri: input.redirectUri },
      ...{ code_verifier: input.codeVerifier, client_id: 'our-id', client_secret: 'the-secret' },
    })
  })

  test.each<[string, unknown, object]>([
    [
      'a primary address that is not verified is not',
      primary(false),
      { email: 'ann@example.com', emailVerified: false },
    ],
    [
      'a verified second address does not stand in',
      primary(true).slice(0, 1),
      { email: null, emailVerified: false },
    ],
    ['the address of the profile does not either', [], { email: null, emailVerified: false }],
    ['words are no evidence', [{ email: 'a@b.c', verified: 'yes', primary: true }], { emailVerified: false }],
    ['an answer of another shape says nothing', { message: 'no' }, { email: null }],
  ])('%s', async (_sentence, emails, expected) => {
    const { url } = await github(emails)
    expect((await signIn('github', url)).user).toMatchObject(expected)
  })

  test('sends people to its page with PKCE and without a nonce', async () => {
    const url = await providerOf('github', 'https://github.example/', { scopes: ['repo'] }).authorizeUrl({
      ...{
        state: 's',
        redirectUri: 'https://ref.example/cb',
        scopes: [],
        query: {},
        nonce: 'n',
        codeChallenge: 'c',
      },
    })
    expect(url.split('?')[0]).toBe('https://github.example/login/oauth/authorize')
    expect(Object.fromEntries(new URL(url).searchParams)).toEqual({
      ...{ response_type: 'code', client_id: 'our-id', redirect_uri: 'https://ref.example/cb', state: 's' },
      ...{ scope: 'user:email repo', code_challenge: 'c', code_challenge_method: 'S256' },
    })
  })

  test('a refused code is told by its name, without the secret', async () => {
    const { url } = await github(primary(true))
    const error = await signIn('github', url, 'spent').catch((reason: Error) => reason)
    expect(error).toMatchObject({ code: 'provider-failed', status: 500 })
    expect(String(error)).toContain('it answered bad_verification_code')
    expect(String((error as Error).cause)).toContain('The code is spent: [hidden]')
  })

  test('somebody without an id is nobody', async () => {
    const { url } = await github(primary(true), { id: null })
    await expect(signIn('github', url)).rejects.toThrow('the provider does not say who it is')
  })
})

const ADDRESS = { email: 'ann@example.com' }
const LISTED = {
  access_token: 'the-token',
  token_type: 'bearer',
  scope: ['user:read:email'],
  expires_in: 0,
  refresh_token: 'r',
}

test.each<[string, string, TokenPlace, Answers, object]>([
  [
    'GitLab: confirmed',
    'gitlab',
    { path: '/oauth/token' },
    { '/api/v4/user': { id: 1, ...ADDRESS, confirmed_at: '2020-01-01' } },
    { sub: '1', emailVerified: true },
  ],
  [
    'GitLab: not confirmed',
    'gitlab',
    { path: '/oauth/token' },
    { '/api/v4/user': { id: 1, ...ADDRESS, confirmed_at: null } },
    { sub: '1', emailVerified: false },
  ],
  [
    'Discord: verified',
    'discord',
    { path: '/api/oauth2/token' },
    { '/api/users/@me': { id: '2', ...ADDRESS, username: 'ann', verified: true, avatar: 'a_b' } },
    { emailVerified: true, claims: { avatar_url: 'https://cdn.discordapp.com/avatars/2/a_b.gif' } },
  ],
  [
    'Discord: not verified',
    'discord',
    { path: '/api/oauth2/token' },
    { '/api/users/@me': { id: '2', ...ADDRESS, verified: false } },
    { emailVerified: false },
  ],
  [
    'Facebook: never verified',
    'facebook',
    { path: '/oauth/access_token' },
    { '/me': { id: '3', ...ADDRESS, verified: true, picture: { data: { url: 'https://f.example/p' } } } },
    { sub: '3', emailVerified: false, claims: { picture: 'https://f.example/p' } },
  ],
  [
    'Twitch: its address is the verified one',
    'twitch',
    { path: '/oauth2/token', answer: LISTED },
    { '/helix/users': { data: [{ id: '4', login: 'ann', ...ADDRESS }] } },
    { sub: '4', emailVerified: true },
  ],
  [
    'Twitch: no address, nothing verified',
    'twitch',
    { path: '/oauth2/token', answer: LISTED },
    { '/helix/users': { data: [{ id: '4', login: 'ann' }] } },
    { email: null, emailVerified: false },
  ],
  [
    'Spotify: never verified',
    'spotify',
    { path: '/api/token' },
    { '/v1/me': { id: '5', ...ADDRESS, images: [{ url: 'https://s.example/p' }] } },
    { emailVerified: false, claims: { avatar_url: 'https://s.example/p' } },
  ],
  [
    'what is no address is none',
    'gitlab',
    { path: '/oauth/token' },
    { '/api/v4/user': { id: 1, email: 'ann @example', confirmed_at: 'x' } },
    { email: null, emailVerified: false },
  ],
])('%s', async (_sentence, name, token, answers, expected) => {
  const { url } = await somebody(token, answers)
  const { user } = await signIn(name, url)
  expect(user).toMatchObject(expected)
  expect(user.claims.email_verified).toBe(user.emailVerified)
})

describe('what some want besides', () => {
  test('Facebook: a proof that we have the secret', async () => {
    const { url, asked } = await somebody({ path: '/oauth/access_token' }, { '/me': { id: '3' } })
    await signIn('facebook', url)
    const proof = createHmac('sha256', 'the-secret').update('the-token').digest('hex')
    expect(asked[1]?.query.get('appsecret_proof')).toBe(proof)
    expect(asked[0]?.body.has('code_verifier')).toBe(false)
  })

  test('Twitch: our id; Spotify: the secret in the header', async () => {
    const twitch = await somebody(
      { path: '/oauth2/token', answer: LISTED },
      { '/helix/users': { data: [{ id: '4' }] } },
    )
    expect((await signIn('twitch', twitch.url)).refreshToken).toBe('r')
    expect(twitch.asked[1]?.headers['client-id']).toBe('our-id')
    const spotify = await somebody({ path: '/api/token' }, { '/v1/me': { id: '5' } })
    await signIn('spotify', spotify.url)
    expect(spotify.asked[0]?.headers.authorization).toMatch(/^Basic /)
    expect(spotify.asked[0]?.body.has('client_secret')).toBe(false)
  })
})

describe('which providers there are', () => {
  const entry = (more: Partial<ProviderSettings> = {}): ProviderSettings => ({
    ...{
      enabled: true,
      clientIds: ['a'],
      secret: null,
      url: null,
      skipNonceCheck: false,
      scopes: [],
      ...more,
    },
  })

  test('those that are known or have an issuer, and are switched on, as the settings are now', () => {
    let settings: Record<string, ProviderSettings> = {
      ...{ google: entry(), github: entry({ enabled: false }), nobody: entry() },
      'our-own': entry({ issuer: 'https://id.example' }),
    }
    const providers = createProviders(() => settings)
    expect(providers.names()).toEqual(['google', 'our-own'])
    for (const name of ['github', 'nobody', 'constructor', '__proto__', '']) {
      expect(providers.find(name)).toBeUndefined()
    }
    const before = providers.find('google')
    expect(providers.find('google')).toBe(before)
    settings = { google: entry({ clientIds: ['b'] }) }
    expect(providers.find('google')).not.toBe(before)
    expect(providers.names()).toEqual(['google'])
  })

  test('each that we know can send people somewhere, or says what it lacks', async () => {
    const names = [
      ...['github', 'azure', 'gitlab', 'discord', 'facebook', 'twitch', 'spotify', 'bitbucket', 'figma'],
      ...['kakao', 'notion', 'zoom', 'x', 'snapchat', 'workos', 'fly'],
    ]
    const providers = createProviders(() =>
      Object.fromEntries([...names, 'keycloak'].map((name) => [name, entry()])),
    )
    const way = {
      state: 's',
      redirectUri: 'https://r.example/cb',
      scopes: [],
      query: {},
      nonce: 'n',
      codeChallenge: 'c',
    }
    for (const name of names) {
      expect(await providers.find(name)?.authorizeUrl(way)).toMatch(/^https:\/\/[a-z.]+\/\S+\?.*client_id=a/)
    }
    await expect(providers.find('keycloak')?.authorizeUrl(way)).rejects.toMatchObject({
      code: 'provider-not-set-up',
    })
    const named = createProviders(() => ({ azure: entry({ url: 'https://login.example/contoso.example' }) }))
    await expect(named.find('azure')?.authorizeUrl(way)).rejects.toThrow('the id of a tenant')
  })
})
