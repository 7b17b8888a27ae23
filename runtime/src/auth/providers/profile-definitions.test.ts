/** What is read of the profiles of profile-definitions.ts. */
import { afterEach, expect, test } from 'vitest'
import { type Answers, createStage, input, signIn, type TokenPlace } from './profile-harness.ts'

const stage = createStage()
afterEach(() => stage.close())
const { somebody } = stage

const ADDRESS = { email: 'ann@example.com' }

test.each<[string, string, TokenPlace, Answers, object]>([
  [
    'Bitbucket: the primary address, confirmed',
    'bitbucket',
    { path: '/site/oauth2/access_token' },
    {
      '/2.0/user': { uuid: '{6}', display_name: 'Ann', links: { avatar: { href: 'https://b.example/p' } } },
      '/2.0/user/emails': {
        values: [
          { email: 'second@example.com', is_primary: false, is_confirmed: true },
          { ...ADDRESS, is_primary: true, is_confirmed: true },
        ],
      },
    },
    { sub: '{6}', ...ADDRESS, emailVerified: true, claims: { name: 'Ann', picture: 'https://b.example/p' } },
  ],
  [
    'Bitbucket: not confirmed',
    'bitbucket',
    { path: '/site/oauth2/access_token' },
    {
      '/2.0/user': { uuid: '{6}' },
      '/2.0/user/emails': { values: [{ ...ADDRESS, is_primary: true, is_confirmed: false }] },
    },
    { ...ADDRESS, emailVerified: false },
  ],
  [
    'Figma: never verified',
    'figma',
    { path: '/v1/oauth/token' },
    { '/v1/me': { id: '8', handle: 'ann', img_url: 'https://f.example/p', ...ADDRESS } },
    { sub: '8', emailVerified: false, claims: { user_name: 'ann', picture: 'https://f.example/p' } },
  ],
  [
    'Kakao: verified and still valid',
    'kakao',
    { path: '/oauth/token' },
    {
      '/v2/user/me': {
        id: 9,
        kakao_account: {
          ...{ ...ADDRESS, is_email_valid: true, is_email_verified: true },
          profile: { nickname: 'ann', profile_image_url: 'https://k.example/p' },
        },
      },
    },
    { sub: '9', ...ADDRESS, emailVerified: true, claims: { name: 'ann', picture: 'https://k.example/p' } },
  ],
  [
    'Kakao: verified once, another’s since',
    'kakao',
    { path: '/oauth/token' },
    {
      '/v2/user/me': {
        id: 9,
        kakao_account: { ...ADDRESS, is_email_valid: false, is_email_verified: true },
      },
    },
    { emailVerified: false },
  ],
  [
    'Notion: the owner of the bot, never verified',
    'notion',
    { path: '/v1/oauth/token' },
    {
      '/v1/users/me': {
        id: 'the-bot',
        bot: { owner: { user: { id: '10', name: 'Ann', person: ADDRESS, avatar_url: null } } },
      },
    },
    { sub: '10', ...ADDRESS, emailVerified: false, claims: { name: 'Ann' } },
  ],
  [
    'Zoom: verified',
    'zoom',
    { path: '/oauth/token' },
    { '/v2/users/me': { id: '11', first_name: 'Ann', last_name: 'Lee', verified: 1, ...ADDRESS } },
    { sub: '11', emailVerified: true, claims: { name: 'Ann Lee' } },
  ],
  [
    'Zoom: not verified, one name',
    'zoom',
    { path: '/oauth/token' },
    { '/v2/users/me': { id: '11', first_name: 'Ann', verified: 0, ...ADDRESS } },
    { emailVerified: false, claims: { name: 'Ann' } },
  ],
  [
    'X: its address is the confirmed one',
    'x',
    { path: '/2/oauth2/token' },
    { '/2/users/me': { data: { id: '12', name: 'Ann', username: 'ann', confirmed_email: ADDRESS.email } } },
    { sub: '12', ...ADDRESS, emailVerified: true, claims: { user_name: 'ann' } },
  ],
  [
    'X: no address, nothing verified',
    'x',
    { path: '/2/oauth2/token' },
    { '/2/users/me': { data: { id: '12', name: 'Ann', username: 'ann' } } },
    { sub: '12', email: null, emailVerified: false },
  ],
  [
    'Snapchat: never verified',
    'snapchat',
    { path: '/accounts/oauth2/token' },
    { '/v1/me': { data: { me: { externalId: '13', displayName: 'Ann', bitmoji: null, ...ADDRESS } } } },
    { sub: '13', emailVerified: false, claims: { name: 'Ann' } },
  ],
  [
    'WorkOS: never verified, with where it came from',
    'workos',
    { path: '/sso/token' },
    { '/sso/profile': { id: '14', first_name: 'Ann', connection_id: 'conn_1', ...ADDRESS } },
    { sub: '14', emailVerified: false, claims: { custom_claims: { connection_id: 'conn_1' } } },
  ],
  [
    'Fly.io: never verified',
    'fly',
    { path: '/oauth/token' },
    { '/oauth/token/info': { user_id: '15', user_name: 'Ann', ...ADDRESS } },
    { sub: '15', emailVerified: false, claims: { name: 'Ann' } },
  ],
])('%s', async (_sentence, name, token, answers, expected) => {
  const { url } = await somebody(token, answers)
  const { user } = await signIn(name, url)
  expect(user).toMatchObject(expected)
  expect(user.claims.email_verified).toBe(user.emailVerified)
})

test('Notion: a version; X: the fields that are wanted; Snapchat: a question', async () => {
  const notion = await somebody(
    { path: '/v1/oauth/token' },
    { '/v1/users/me': { bot: { owner: { user: { id: '10' } } } } },
  )
  await signIn('notion', notion.url)
  expect(notion.asked[1]?.headers['notion-version']).toMatch(/^\d{4}-\d\d-\d\d$/)
  const x = await somebody({ path: '/2/oauth2/token' }, { '/2/users/me': { data: { id: '12' } } })
  await signIn('x', x.url)
  expect(x.asked[1]?.query.get('user.fields')).toContain('confirmed_email')
  expect(x.asked[0]?.body.get('code_verifier')).toBe(input.codeVerifier)
  const me = { data: { me: { externalId: '13' } } }
  const snapchat = await somebody({ path: '/accounts/oauth2/token' }, { '/v1/me': me })
  await signIn('snapchat', snapchat.url)
  expect(snapchat.asked[1]?.query.get('query')).toContain('externalId')
})
