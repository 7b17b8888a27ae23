/** Sign-in with GitHub, from the app to its page and back to an account: against a server with GitHub's endpoints. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { AuthPlace } from '../harness/auth-place.ts'
import { GITHUB_APP, type GithubPerson, type GithubServer, startGithub } from '../harness/github-server.ts'
import { openAuth } from '../harness/open-auth.ts'

const PASSWORD = 'a long enough passphrase 4711'

let auth: AuthPlace
let github: GithubServer
let count = 0

beforeAll(async () => {
  github = await startGithub()
  const settings = { clientIds: [GITHUB_APP.clientId], secret: GITHUB_APP.secret, url: github.url }
  auth = await openAuth({ external: { github: settings } })
  await auth.reach(github.port)
})
afterAll(async () => {
  await auth?.stop()
  github?.close()
})
beforeEach(() => {
  github.asked.length = 0
})

function newPerson(more: Partial<GithubPerson> = {}): GithubPerson {
  const id = 1_000 + ++count
  const emails = [
    { email: `second-${id}@hub.example`, primary: false, verified: true },
    { email: `octo-${id}@hub.example`, primary: true, verified: true },
  ]
  return { id, login: `octo-${id}`, name: `Octo ${id}`, emails, ...more }
}

const settings = (more: object) => ({
  external: {
    github: { clientIds: [GITHUB_APP.clientId], secret: GITHUB_APP.secret, url: github.url, ...more },
  },
})

async function depart(): Promise<string> {
  const { data, error } = await auth.client().auth.signInWithOAuth({
    provider: 'github',
    options: { skipBrowserRedirect: true, redirectTo: 'http://app.test/in' },
  })
  if (error) throw error
  const page = await auth.fetch(data.url, { redirect: 'manual' })
  return page.headers.get('location') ?? ''
}

/** To GitHub's page, where that person is signed in, to `/callback`, and to where that leads. */
async function walked(person: GithubPerson, change = (callback: URL) => callback): Promise<URL> {
  github.signIn(person)
  const left = await fetch(await depart(), { redirect: 'manual' })
  const callback = change(new URL(left.headers.get('location') ?? 'http://none'))
  const back = await auth.fetch(callback.href, { redirect: 'manual' })
  return new URL(back.headers.get('location') ?? 'http://none')
}

async function signedIn(person: GithubPerson) {
  const fragment = new URLSearchParams((await walked(person)).hash.slice(1))
  const client = auth.client()
  const { data, error } = await client.auth.setSession({
    access_token: fragment.get('access_token') ?? '',
    refresh_token: fragment.get('refresh_token') ?? '',
  })
  if (error || !data.user) throw error ?? new Error(`not signed in: ${fragment}`)
  return { user: data.user, fragment }
}

const errorOf = (url: URL) => url.searchParams.get('error_code')

describe('GitHub', () => {
  test('makes an account of who is new, by its API, and finds it again', async () => {
    const person = newPerson()
    const { user, fragment } = await signedIn(person)
    expect(github.asked).toEqual([
      'GET /login/oauth/authorize',
      'POST /login/oauth/access_token',
      'GET /api/v3/user',
      'GET /api/v3/user/emails',
    ])
    expect(user).toMatchObject({
      ...{ email: `octo-${person.id}@hub.example`, email_confirmed_at: expect.any(String) },
      app_metadata: { provider: 'github', providers: ['github'] },
      user_metadata: { user_name: person.login, full_name: person.name, email_verified: true },
      identities: [{ provider: 'github', id: String(person.id) }],
    })
    expect(fragment.get('provider_token')).toMatch(/^gho_/)
    expect((await signedIn({ ...person, login: 'renamed' })).user.id).toBe(user.id)
  })

  test('finds the account of its primary address, where GitHub verified that', async () => {
    const person = newPerson()
    const email = `octo-${person.id}@hub.example`
    const made = await auth.admin().auth.admin.createUser({ email, password: PASSWORD, email_confirm: true })
    const { user } = await signedIn(person)
    expect(user.id).toBe(made.data.user?.id)
    expect(user.app_metadata.providers).toEqual(['email', 'github'])
  })

  test('takes nobody in for an address that it did not verify', async () => {
    const person = newPerson()
    const emails = person.emails.map((each) => ({ ...each, verified: false }))
    const email = `octo-${person.id}@hub.example`
    const made = await auth.admin().auth.admin.createUser({ email, password: PASSWORD, email_confirm: true })
    const url = await walked({ ...person, emails })
    expect(url.hash).not.toContain('access_token')
    const rows = await auth.rows`
      select 1 from auth.identities where user_id = ${made.data.user?.id ?? ''} and provider = 'github'`
    expect(rows).toHaveLength(0)
  })

  test('needs an address, unless the settings say otherwise', async () => {
    const person = newPerson({ emails: [] })
    expect(errorOf(await walked(person))).toBe('email_address_not_provided')
    await auth.set(settings({ emailOptional: true }))
    const { user } = await signedIn(person)
    await auth.set({})
    expect(user).toMatchObject({ email: '', identities: [{ provider: 'github', id: String(person.id) }] })
  })

  test.each([
    ['a code that was spent', (url: URL) => url.searchParams.set('code', 'spent'), 'unexpected_failure'],
    ['a state that began nowhere', (url: URL) => url.searchParams.set('state', 'another'), 'bad_oauth_state'],
    [
      'an answer of another server',
      (url: URL) => url.searchParams.set('iss', 'https://github.example/login/oauth'),
      'unexpected_failure',
    ],
  ])('opens nothing with %s', async (_what, change, code) => {
    const person = newPerson()
    const url = await walked(person, (callback) => {
      change(callback)
      return callback
    })
    expect(errorOf(url)).toBe(code)
    expect(url.hash).not.toContain('access_token')
    const rows = await auth.rows`select 1 from auth.identities where provider_id = ${String(person.id)}`
    expect(rows).toHaveLength(0)
  })

  test('is asked with the secret of the settings, and a wrong one lets nobody in', async () => {
    await auth.set(settings({ secret: 'another' }))
    const url = await walked(newPerson())
    await auth.set({})
    expect(url.hash).not.toContain('access_token')
    expect(url.href).not.toContain('another')
  })
})
