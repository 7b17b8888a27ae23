/** What some settings of auth change, told by the answers: leaked passwords, roles of admins and users, where links lead. */
import { createHash } from 'node:crypto'
import { createServer, type Server } from 'node:http'
import { SignJWT } from 'jose'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { type AuthRuntime, startAuthRuntime } from '../harness/auth-runtime.ts'
import { startPostgres, type TestPostgres } from '../harness/postgres.ts'

const LEAKED = 'a long passphrase that leaked 1'
const GOOD = 'a long passphrase that did not 2'

let pg: TestPostgres
let on: AuthRuntime
let service: Server
const asked: string[] = []
const leaks = { status: 200 }

const digestOf = (password: string) => createHash('sha1').update(password).digest('hex').toUpperCase()

beforeAll(async () => {
  pg = await startPostgres()
  on = await startAuthRuntime(pg)
  service = createServer((request, response) => {
    asked.push(request.url ?? '')
    response.writeHead(leaks.status).end(`${digestOf(LEAKED).slice(5)}:42\r\n`)
  })
  await new Promise<void>((resolve) => service.listen(0, '127.0.0.1', resolve))
})
afterEach(async () => {
  leaks.status = 200
  await on.set({})
})
afterAll(async () => {
  service?.close()
  await on?.stop()
  await pg?.stop()
})

const hibp = (more: object = {}) => {
  const { port } = service.address() as { port: number }
  return { password: { hibp: { enabled: true, url: `http://127.0.0.1:${port}/range`, ...more } } }
}
const signUp = (email: string, password: string) => on.call('POST', '/signup', { body: { email, password } })

describe('a password that is known from a leak', () => {
  test('is refused at sign-up, and no more is told of it than five letters', async () => {
    await on.set(hibp())
    expect(await signUp('leaked@example.com', LEAKED)).toMatchObject({
      status: 422,
      body: { error_code: 'weak_password', weak_password: { reasons: ['pwned'] } },
    })
    expect((await signUp('good@example.com', GOOD)).status).toBe(200)
    expect(asked).toEqual([LEAKED, GOOD].map((password) => `/range/${digestOf(password).slice(0, 5)}`))
    expect(on.log.join('\n')).not.toContain(LEAKED)
  })

  test('is refused as a new one, and by an admin’s hand', async () => {
    await on.set({ ...hibp(), email: { autoconfirm: true, maxFrequencyS: 1 } })
    const { body } = await signUp('changing@example.com', GOOD)
    const changed = await on.call('PUT', '/user', {
      bearer: String(body.access_token),
      body: { password: LEAKED },
    })
    expect([changed.status, changed.body.error_code]).toEqual([422, 'weak_password'])
    const made = await on.call('POST', '/admin/users', {
      key: on.keys.service,
      body: { email: 'made@example.com', password: LEAKED },
    })
    expect([made.status, made.body.error_code]).toEqual([422, 'weak_password'])
  })

  test('passes where nobody is asked', async () => {
    expect((await signUp('unasked@example.com', LEAKED)).status).toBe(200)
  })

  test('passes when the service fails, unless the settings say otherwise', async () => {
    leaks.status = 503
    await on.set(hibp())
    expect((await signUp('open@example.com', LEAKED)).status).toBe(200)
    await on.set(hibp({ failClosed: true }))
    expect(await signUp('closed@example.com', GOOD)).toMatchObject({
      status: 503,
      body: { error_code: 'unexpected_failure' },
    })
  })
})

describe('roles', () => {
  const tokenOf = (role: string) =>
    new SignJWT({ role })
      .setProtectedHeader({ alg: 'HS256' })
      .setExpirationTime('1h')
      .sign(new TextEncoder().encode(on.secret))
  const listAs = async (role: string) =>
    (await on.call('GET', '/admin/users', { bearer: await tokenOf(role) })).status

  test('that are named are admins, and no others', async () => {
    expect([await listAs('backoffice'), await listAs('service_role')]).toEqual([403, 200])
    await on.set({ jwt: { adminRoles: ['backoffice'] } })
    expect([await listAs('backoffice'), await listAs('service_role')]).toEqual([200, 403])
    const { paths } = (await (
      await fetch(`${on.url}/rest/v1/openapi.json`, { headers: { apikey: on.keys.service } })
    ).json()) as { paths: object }
    expect(Object.keys(paths)).not.toContain('/auth/v1/admin/users')
  })

  test('of new users are as the settings say, in row and token', async () => {
    await on.set({ jwt: { defaultRole: 'member' }, email: { autoconfirm: true, maxFrequencyS: 1 } })
    const { body } = await signUp('member@example.com', GOOD)
    const [, claims = ''] = String(body.access_token).split('.')
    expect(JSON.parse(Buffer.from(claims, 'base64url').toString())).toMatchObject({ role: 'member' })
    expect(body.user).toMatchObject({ role: 'member' })
  })
})

describe('links of mails', () => {
  test('lead to the paths of the settings, on the project’s own address', async () => {
    await on.set({ mailer: { urlPaths: { confirmation: '/welcome', recovery: '/in' } } })
    await signUp('linked@example.com', GOOD)
    const [link = ''] = (await on.mailTo('linked@example.com')).links
    const { origin, pathname, searchParams } = new URL(link)
    expect([origin, pathname, searchParams.get('type')]).toEqual([on.url, '/welcome', 'signup'])
    const confirmed = await on.call('POST', '/verify', {
      body: { type: 'signup', token_hash: searchParams.get('token') },
    })
    expect(confirmed.status).toBe(200)
    await on.call('POST', '/recover', { body: { email: 'linked@example.com' } })
    expect((await on.mailTo('linked@example.com')).links[0]).toContain(`${on.url}/in?token=`)
  })
})
