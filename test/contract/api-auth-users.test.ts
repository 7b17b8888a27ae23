/** Users of a project by the control API and by the CLI: over the real runtime's socket, with a real mail server. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import type { Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { askProjectAuth } from '@cascata/control/adapters/project-auth'
import { AuthLink, AuthUser } from '@cascata/shared/contract/auth-users'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { z } from 'zod'
import { type AuthRuntime, startAuthRuntime } from '../harness/auth-runtime.ts'
import { cliFor } from '../harness/cli.ts'
import { startPostgres, type TestPostgres } from '../harness/postgres.ts'
import { openTestControl, type TestControl } from './control.ts'
import { openRuntimeDoor, serveControl } from './control-doors.ts'

const PASSWORD = 'a long enough passphrase 4711'
const NOBODY = '00000000-0000-4000-8000-000000000000'
const PLACE = '/v1/projects/shop/auth/users'

let pg: TestPostgres
let runtime: AuthRuntime
let on: TestControl
let owner: string
let folder: string
let door: Server | undefined
const woken: string[] = []

beforeAll(async () => {
  pg = await startPostgres()
  runtime = await startAuthRuntime(pg)
  folder = await mkdtemp(join(tmpdir(), 'cascata-users-'))
  const secrets = {
    jwtSecret: '',
    anonKey: '',
    serviceRoleKey: runtime.keys.service,
    passwords: pg.passwords,
  }
  on = await openTestControl({
    askAuth: askProjectAuth({ httpDirOf: () => folder, secretsOf: async () => secrets }),
    async wake(ref) {
      woken.push(ref)
      door ??= await openRuntimeDoor(folder, runtime.url)
    },
  })
  owner = await on.claim()
  for (const ref of ['shop', 'other'])
    await on.call('POST', '/v1/projects', { as: owner, body: { name: ref, ref } })
  await on.store.projects.recordObserved('shop', { generation: 1, state: 'running', problem: null })
})
afterAll(async () => {
  door?.close()
  await runtime?.stop()
  await on?.stop()
  await pg?.stop()
  await rm(folder, { recursive: true, force: true })
})

const get = (path: string) => on.call('GET', path, { as: owner })
const post = (path: string, body: unknown, headers = {}) =>
  on.call('POST', path, { as: owner, body, headers })
const patch = (id: string, body: unknown) => on.call('PATCH', `${PLACE}/${id}`, { as: owner, body })
const create = async (email: string, more: object = {}) =>
  AuthUser.parse((await post(PLACE, { email, email_confirm: true, ...more })).body)
const signIn = (email: string, password = PASSWORD) =>
  runtime.client().auth.signInWithPassword({ email, password })
const lastAudit = async () => (await get('/v1/audit')).body.items?.[0]

test('a runtime that is not there is not ready, and one that sleeps is woken', async () => {
  expect((await get(PLACE)).body).toMatchObject({ code: 'project-not-ready' })
  await on.store.sleep.begin('shop', { generation: 1, lastActiveAt: new Date().toISOString() })
  await on.store.projects.recordObserved('shop', { generation: 1, state: 'asleep', problem: null })
  const { status, body } = await get(PLACE)
  expect([status, body, woken]).toEqual([200, { items: [], next_cursor: null }, ['shop']])
  await on.store.sleep.end('shop')
  await on.store.projects.recordObserved('shop', { generation: 1, state: 'running', problem: null })
})

describe('a user', () => {
  test('is made, can sign in, is shown, and found by a part of its address', async () => {
    const { status, body, headers } = await post(PLACE, {
      ...{ email: 'ada@example.com', password: PASSWORD, email_confirm: true },
      user_metadata: { name: 'Ada' },
    })
    expect([status, headers.get('cache-control')]).toEqual([201, 'no-store'])
    const { id, user_metadata } = AuthUser.parse(body)
    expect(user_metadata).toEqual({ name: 'Ada' })
    expect((await signIn('ada@example.com')).error).toBeNull()
    expect((await get(`${PLACE}/${id}`)).body).toMatchObject({ id, last_sign_in_at: expect.any(String) })
    expect((await get(`${PLACE}?filter=da@exam`)).body.items).toMatchObject([{ id }])
    expect((await get(`${PLACE}?filter=nobody`)).body.items).toEqual([])
  })

  test('is written down by its id, without its address or its password', async () => {
    const { id } = await create('quiet@example.com', { password: PASSWORD })
    expect(await lastAudit()).toMatchObject({
      ...{ action: 'auth.user.create', target: 'shop', detail: { user: id } },
    })
    await patch(id, { password: `${PASSWORD} 2` })
    expect(await lastAudit()).toMatchObject({
      ...{ action: 'auth.user.update', detail: { user: id, changes: ['password'] } },
    })
    const { text } = await get('/v1/audit?limit=200')
    for (const secret of [PASSWORD, 'quiet@example.com']) {
      expect(text).not.toContain(secret)
      expect(on.logged.join('\n')).not.toContain(secret)
    }
  })

  test('that is banned is out, and in again when the ban is over', async () => {
    const { id } = await create('banned@example.com', { password: PASSWORD })
    expect((await patch(id, { ban_duration: '24h' })).body.banned_until).toEqual(expect.any(String))
    expect((await signIn('banned@example.com')).error?.code).toBe('user_banned')
    await patch(id, { ban_duration: 'none' })
    expect((await signIn('banned@example.com')).error).toBeNull()
  })

  test('that is signed out by an admin has no session any more', async () => {
    const { id } = await create('out@example.com', { password: PASSWORD })
    const sessions = [await signIn('out@example.com'), await signIn('out@example.com')]
    expect((await post(`${PLACE}/${id}/logout`, {})).body).toEqual({ sessions: 2 })
    for (const { data } of sessions) {
      const refreshed = await runtime
        .client()
        .auth.refreshSession({ refresh_token: data.session?.refresh_token ?? '' })
      expect(refreshed.error?.status).toBe(400)
      const shown = await runtime.client().auth.getUser(data.session?.access_token ?? '')
      expect(shown.error?.name).toBe('AuthSessionMissingError')
    }
    expect((await post(`${PLACE}/${id}/logout`, {})).body).toEqual({ sessions: 0 })
  })

  test('is deleted, softly if its row is to stay', async () => {
    const [soft, hard] = [await create('soft@example.com'), await create('hard@example.com')]
    const remove = (path: string) => on.call('DELETE', `${PLACE}/${path}`, { as: owner })
    expect((await remove(`${soft.id}?soft=true`)).status).toBe(204)
    expect((await remove(hard.id)).status).toBe(204)
    const sql = pg.as('postgres')
    const rows = await sql`select id from auth.users where id in ${sql([soft.id, hard.id])}`
    expect(rows.map(({ id }) => id)).toEqual([soft.id])
    expect((await remove(hard.id)).body).toMatchObject({ code: 'auth-user-not-found' })
  })

  test('made with a key of idempotency is made once', async () => {
    const headers = { 'idempotency-key': 'make-once' }
    const made = await post(PLACE, { email: 'once@example.com' }, headers)
    const again = await post(PLACE, { email: 'once@example.com' }, headers)
    expect([again.status, again.body.id]).toEqual([201, made.body.id])
    expect((await post(PLACE, { email: 'once@example.com' })).body).toMatchObject({
      code: 'auth-user-exists',
    })
  })

  test('is invited by mail, whose link signs in', async () => {
    const { status, body } = await post('/v1/projects/shop/auth/invite', {
      ...{ email: 'guest@example.com', redirect_to: 'http://app.test/welcome' },
    })
    expect([status, body.email]).toEqual([201, 'guest@example.com'])
    const [link = ''] = (await runtime.mailTo('guest@example.com')).links
    const followed = await fetch(link, { redirect: 'manual' })
    expect(followed.headers.get('location')).toMatch(/^http:\/\/app\.test\/welcome#access_token=/)
    expect(JSON.stringify((await lastAudit())?.detail)).not.toContain('guest')
  })

  test('signs in by a link that no mail was sent with', async () => {
    await create('linked@example.com')
    const wish = { type: 'magiclink', email: 'linked@example.com' }
    const { status, body } = await post('/v1/projects/shop/auth/links', wish)
    const link = AuthLink.parse(body)
    expect([status, runtime.mailCount('linked@example.com')]).toEqual([201, 0])
    const { error } = await runtime.client().auth.verifyOtp({ type: 'email', token_hash: link.hashed_token })
    expect(error).toBeNull()
  })
})

test('a list comes in pages, of which each user is on one', async () => {
  for (const n of [1, 2, 3]) await create(`page-${n}@example.com`)
  const seen: unknown[] = []
  let cursor: unknown = ''
  do {
    const { body } = await get(`${PLACE}?limit=2&filter=page-${cursor === '' ? '' : `&cursor=${cursor}`}`)
    expect((body.items ?? []).length).toBeLessThanOrEqual(2)
    seen.push(...(body.items ?? []).map(({ email }) => email))
    cursor = body.next_cursor
  } while (cursor !== null)
  expect(seen.toSorted()).toEqual(['page-1@example.com', 'page-2@example.com', 'page-3@example.com'])
  expect((await get(`${PLACE}?cursor=bm9uZQ`)).body).toMatchObject({ code: 'cursor-invalid' })
})

describe('what auth refuses is a problem', () => {
  test.each([
    [
      'a password that everybody has',
      { email: 'weak@example.com', password: 'password1' },
      422,
      'auth-refused',
    ],
    ['an address that is none', { email: 'nothing' }, 422, 'auth-refused'],
    ['an address that is taken', { email: 'ada@example.com' }, 409, 'auth-user-exists'],
    ['a member of no name that is known', { email: 'x@example.com', emial: 'x' }, 422, 'request-invalid'],
  ])('%s', async (_what, body, status, code) => {
    const answer = await post(PLACE, body)
    expect([answer.status, answer.body.code]).toEqual([status, code])
  })

  test('with its own code and words, and never the password', async () => {
    const { body, text } = await post(PLACE, { email: 'weak@example.com', password: 'password1' })
    expect(body.detail).toContain('weak_password')
    expect(text).not.toContain('password1')
  })

  test('nobody, and no id', async () => {
    expect((await get(`${PLACE}/${NOBODY}`)).body).toMatchObject({ code: 'auth-user-not-found' })
    expect((await get(`${PLACE}/ada@example.com`)).body).toMatchObject({ code: 'request-invalid' })
    expect((await patch(NOBODY, {})).body).toMatchObject({ code: 'auth-refused' })
  })

  test('a mail that cannot be sent is auth’s failure, and says so', async () => {
    await runtime.set({ smtp: null })
    const { status, body } = await post('/v1/projects/shop/auth/invite', { email: 'unsent@example.com' })
    await runtime.set({})
    expect([status, body.code]).toEqual([502, 'auth-failed'])
  })
})

test('a token of another project, and one that only reads, learn nothing', async () => {
  const token = async (wish: object) =>
    String((await post('/v1/tokens', { name: 't', scope: 'admin', ...wish })).body.token)
  const foreign = await token({ project_ref: 'other' })
  const reader = await token({ scope: 'read' })
  expect((await on.call('GET', PLACE, { as: foreign })).body).toMatchObject({ code: 'project-not-found' })
  expect((await on.call('GET', PLACE, { as: reader })).body).toMatchObject({ code: 'scope-too-narrow' })
  const own = await token({ project_ref: 'shop' })
  expect((await on.call('GET', PLACE, { as: own })).status).toBe(200)
})

describe('by the CLI', () => {
  let profile: string
  let close: (() => void) | undefined
  beforeAll(async () => {
    ;({ profile, close } = await serveControl(on, { folder, owner }))
    await writeFile(join(folder, 'password'), `${PASSWORD}\n`)
  })
  afterAll(() => close?.())

  const users = (...argv: string[]) => cliFor(profile).json(AuthUser, 'auth', 'users', ...argv)

  test('a user is made, found by its address, changed, banned, let in again and signed out', async () => {
    const password = ['--password-file', join(folder, 'password')]
    const made = await users('create', 'shop', '--email', 'cli@example.com', '--confirm', ...password)
    expect(made.email_confirmed_at).toEqual(expect.any(String))
    expect((await signIn('cli@example.com')).error).toBeNull()
    expect((await users('get', 'shop', 'CLI@example.com')).id).toBe(made.id)
    const changed = await users('update', 'shop', 'cli@example.com', '--metadata', '{"name":"Ada"}')
    expect(changed.user_metadata).toMatchObject({ name: 'Ada' })
    expect((await users('ban', 'shop', made.id)).banned_until).toEqual(expect.any(String))
    expect((await signIn('cli@example.com')).error?.code).toBe('user_banned')
    expect((await users('unban', 'shop', made.id)).banned_until).toBeUndefined()
    expect((await signIn('cli@example.com')).error).toBeNull()
    const out = await cliFor(profile).run('auth', 'users', 'logout', 'shop', made.id)
    expect([out.code, out.stdout]).toEqual([0, `${made.id}: 1 sessions ended\n`])
  })

  test('a user that was locked is let in again', async () => {
    await create('locked@example.com', { password: PASSWORD })
    for (let n = 0; n < 10; n += 1) await signIn('locked@example.com', 'a wrong guess of it')
    expect((await signIn('locked@example.com')).error?.status).toBe(429)
    expect((await users('unlock', 'shop', 'locked@example.com')).email).toBe('locked@example.com')
    expect((await signIn('locked@example.com')).error).toBeNull()
    expect(await lastAudit()).toMatchObject({ action: 'auth.user.unlock', target: 'shop' })
  })

  test('users are listed, no more of them than are wanted', async () => {
    const shape = z.array(AuthUser)
    const listed = await cliFor(profile).json(shape, 'auth', 'users', 'list', 'shop', '--limit', '2')
    expect(listed).toHaveLength(2)
    const { stdout } = await cliFor(profile).run('auth', 'users', 'list', 'shop', '--filter', 'cli@example')
    expect(stdout).toMatch(/^ID +EMAIL +PHONE +STATE/)
    expect(stdout).toMatch(/cli@example\.com +- +confirmed/)
  })

  test('somebody is invited, and a link is made', async () => {
    await users('invite', 'shop', 'by-cli@example.com', '--redirect-to', 'http://app.test/in')
    expect((await runtime.mailTo('by-cli@example.com')).links[0]).toContain('/auth/v1/verify?')
    const made = await cliFor(profile).run('auth', 'links', 'generate', 'shop', 'by-cli@example.com')
    expect(made.stdout).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/auth\/v1\/verify\?/)
  })

  test('nobody is deleted without --yes, and then it is gone', async () => {
    const remove = (...more: string[]) =>
      cliFor(profile).run('auth', 'users', 'delete', 'shop', 'cli@example.com', ...more)
    expect(await remove()).toMatchObject({ code: 2, stderr: expect.stringContaining('--yes') })
    expect((await remove('--yes')).code).toBe(0)
    expect(await remove('--yes')).toMatchObject({ code: 4, stderr: expect.stringContaining('no user') })
  })
})
