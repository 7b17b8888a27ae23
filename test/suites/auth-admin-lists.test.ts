/** What an administrator lists: users in an order of their own, and the audit log by what it is about, page by page. */
import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createPeople } from '../harness/auth-people.ts'
import type { AuthPlace } from '../harness/auth-place.ts'
import { openAuth } from '../harness/open-auth.ts'

const PASSWORD = 'a long enough passphrase 4711'

let auth: AuthPlace
/** Suites may share a project. */
const domain = `lists-${randomUUID().slice(0, 8)}.example`

beforeAll(async () => {
  auth = await openAuth({ email: { maxFrequencyS: 0 } })
})
afterAll(async () => {
  await auth?.stop()
})

const { signedUp } = createPeople(() => auth)
const ask = (path: string) => auth.call('GET', path, { key: auth.keys.service })

describe('users', () => {
  beforeAll(async () => {
    const { admin } = auth.admin().auth
    for (const name of ['bea', 'ada', 'cleo']) {
      const made = await admin.createUser({
        email: `${name}@${domain}`,
        password: PASSWORD,
        email_confirm: true,
      })
      if (made.error) throw made.error
    }
    await auth.client().auth.signInWithPassword({ email: `ada@${domain}`, password: PASSWORD })
  })

  const listed = async (query: string): Promise<string[]> => {
    const { status, body } = await ask(`/admin/users?filter=${domain}&${query}`)
    expect(status).toBe(200)
    return (body.users as { email: string }[]).map(({ email }) => email.split('@')[0] ?? '')
  }

  test.each([
    ['the newest first, unless asked for otherwise', '', ['cleo', 'ada', 'bea']],
    ['the oldest first', 'sort=created_at asc', ['bea', 'ada', 'cleo']],
    ['the newest first, by name', 'sort=created_at desc', ['cleo', 'ada', 'bea']],
    ['by address', 'sort=email asc', ['ada', 'bea', 'cleo']],
    ['by address, backwards', 'sort=email desc', ['cleo', 'bea', 'ada']],
    ['by two things', 'sort=is_anonymous,email', undefined],
    ['page by page', 'sort=email asc&page=2&per_page=2', ['cleo']],
  ])('%s', async (_what, query, expected) => {
    if (expected) return expect(await listed(query.replaceAll(' ', '%20'))).toEqual(expected)
    const { status, body } = await ask(`/admin/users?${query}`)
    expect([status, body.error_code]).toEqual([400, 'validation_failed'])
  })

  test('are counted, and the next page is linked', async () => {
    const { headers } = await ask(`/admin/users?filter=${domain}&page=1&per_page=2`)
    expect(headers.get('x-total-count')).toBe('3')
    expect(headers.get('link')).toMatch(/page=2.*rel="next"/)
  })
})

describe('of creations at once', () => {
  /** Without a password: those are hashed one by one. */
  const create = (body: object) => auth.call('POST', '/admin/users', { body, key: auth.keys.service })
  const outcomes = (answers: { status: number; body: Record<string, unknown> }[]) =>
    answers.map(({ status, body }) => `${status} ${body.error_code ?? ''}`.trim()).toSorted()

  test.each([
    ['an address', () => ({ email: `once-${randomUUID().slice(0, 8)}@${domain}` }), 'email_exists'],
    ['a number', () => ({ phone: `49151${String(Date.now()).slice(-8)}` }), 'phone_exists'],
  ])('one has %s, and the others are told', async (_what, given, code) => {
    const body = given()
    const answers = await Promise.all(Array.from({ length: 5 }, () => create(body)))
    expect(outcomes(answers)).toEqual(['200', ...Array(4).fill(`422 ${code}`)])
  })

  test('an id that somebody has is refused', async () => {
    const { user } = await signedUp()
    const refused = await create({ id: user.id, email: `same-id-${randomUUID().slice(0, 8)}@${domain}` })
    expect([refused.status, refused.body.error_code]).toEqual([422, 'user_already_exists'])
  })
})

type Entry = { id: string; payload: { action: string; actor_username: string; log_type: string } }
const entries = async (query: string) => {
  const answer = await ask(`/admin/audit?${query}`)
  expect(answer.status).toBe(200)
  return { found: JSON.parse(answer.text) as Entry[], total: Number(answer.headers.get('x-total-count')) }
}

describe('the audit log', () => {
  test('is searched by author, action and type, each for itself', async () => {
    const email = `login-${randomUUID().slice(0, 8)}@${domain}`
    await auth.admin().auth.admin.createUser({ email, password: PASSWORD, email_confirm: true })
    await auth.client().auth.signInWithPassword({ email, password: PASSWORD })
    const { found: own } = await entries(`query=author:${email}`)
    expect(own.map(({ payload }) => payload.action)).toContain('login')
    expect(own.every(({ payload }) => payload.actor_username === email)).toBe(true)
    const { found: logins } = await entries('query=action:login&per_page=100')
    expect(logins.length).toBeGreaterThan(0)
    expect(new Set(logins.map(({ payload }) => payload.action))).toEqual(new Set(['login']))
    const { found: tokens } = await entries('query=type:account&per_page=100')
    expect(new Set(tokens.map(({ payload }) => payload.log_type))).toEqual(new Set(['account']))
  })

  test.each(['who:ada', 'ada'])('refuses %s, which says not where to look', async (query) => {
    const { status, body } = await ask(`/admin/audit?query=${query}`)
    expect([status, body.error_code]).toEqual([400, 'validation_failed'])
  })

  test('takes % and _ for themselves', async () => {
    expect((await entries('query=author:%25')).found).toEqual([])
    expect((await entries('query=action:log_n')).found).toEqual([])
  })

  test('comes page by page, the newest first, without a gap or a double', async () => {
    const { email, client } = await signedUp()
    for (let each = 0; each < 4; each += 1) await client.auth.updateUser({ data: { each } })
    const query = `query=author:${email}`
    const { found: all, total } = await entries(`${query}&per_page=100`)
    expect(all).toHaveLength(total)
    const pages = []
    for (let page = 1; pages.length < total; page += 1)
      pages.push(...(await entries(`${query}&page=${page}&per_page=2`)).found)
    expect(pages.map(({ id }) => id)).toEqual(all.map(({ id }) => id))
    expect((await entries(`${query}&page=99&per_page=2`)).found).toEqual([])
  })

  test('has the letters of a sign-up, a reauthentication, and each refresh', async () => {
    const email = `audited-${randomUUID().slice(0, 8)}@${domain}`
    await auth.client().auth.signUp({ email, password: PASSWORD })
    await auth.client().auth.resend({ type: 'signup', email })
    const requested = await entries(`query=author:${email}`)
    const actions = requested.found.map(({ payload }) => payload.action)
    expect(actions.filter((action) => action === 'user_confirmation_requested')).toHaveLength(2)

    const person = await signedUp()
    await person.client.auth.reauthenticate()
    await person.client.auth.refreshSession()
    await auth.set({ sessions: { inactivityS: 3_600 }, hooks: {} })
    await person.client.auth.refreshSession()
    await auth.set({})
    const { found } = await entries(`query=author:${person.email}`)
    const own = found.map(({ payload }) => `${payload.log_type} ${payload.action}`)
    expect(own).toContain('user user_reauthenticate_requested')
    expect(own.filter((each) => each === 'token token_refreshed')).toHaveLength(2)
    await auth.set({ sessions: { refreshRotation: false } })
    await person.client.auth.refreshSession()
    await auth.set({})
    const later = await entries(`query=author:${person.email}`)
    expect(later.total).toBe(found.length + 1)
  })
})
