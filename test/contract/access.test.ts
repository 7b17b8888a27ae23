/** Who sees what: a stranger nothing, a tied token its project, a narrow scope no secret. And nobody before the claim. */
import { type AccessRule, access } from '@cascata/control/http/access'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { openTestControl, type TestControl } from './control.ts'

let on: TestControl
let owner: string
const tokens: Record<string, string> = {}
/** For each kind of parameter, one that is there but foreign to the tied token, and one that is not there. */
const ids = { backup: '', operation: '' }
const NOBODY = '00000000-0000-4000-8000-000000000000'

const rules: [string, AccessRule][] = Object.entries(access)
const guarded = rules.flatMap(([key, rule]) => ('public' in rule ? [] : [[key, rule] as const]))
const BODIES: Record<string, unknown> = {
  'POST /v1/projects/:ref/sql': { query: 'select 1' },
  'POST /v1/projects/:ref/migrations': { version: '1', name: 'x', sql: 'select 1' },
  'POST /v1/projects': { name: 'x' },
  'POST /v1/tokens': { name: 'x', scope: 'read' },
  'POST /v1/projects/:ref/auth/users': { email: 'a@example.com' },
  'POST /v1/projects/:ref/auth/invite': { email: 'a@example.com' },
  'POST /v1/projects/:ref/auth/links': { type: 'magiclink', email: 'a@example.com' },
  'POST /v1/projects/:ref/auth/clients': { redirect_uris: ['https://a.example/cb'] },
  'POST /v1/projects/:ref/auth/sso': { metadata_url: 'https://idp.example/metadata' },
  'PUT /v1/dns-provider': { kind: 'cloudflare', token: 'x' },
  'PUT /v1/projects/:ref/domains/:name/certificate': { certificate: 'x', key: 'x' },
}

async function ask(key: string, as: string | undefined, at: 'foreign' | 'missing') {
  const [method = '', pattern = ''] = key.split(' ')
  const id = pattern.includes('/backups/')
    ? ids.backup
    : pattern.includes('/operations/')
      ? ids.operation
      : NOBODY
  const path = pattern
    .replace(':ref', at === 'foreign' ? 'foreign' : 'missing')
    .replace(':id', at === 'foreign' ? id : NOBODY)
  const upload = path === '/v1/projects/import' || path === '/v1/backups/verify'
  const reply = await on.call(method, path, {
    as,
    ...(upload
      ? { body: 'x', headers: { 'content-type': 'application/octet-stream' } }
      : method === 'POST' || method === 'PUT' || method === 'PATCH'
        ? { body: BODIES[key] ?? {}, headers: { 'if-match': '*' } }
        : {}),
  })
  return { status: reply.status, body: { ...reply.body, request_id: '' } }
}

beforeAll(async () => {
  on = await openTestControl()
})
afterAll(() => on?.stop())

describe('before the claim', () => {
  test.each(rules)('%s answers only if it is meant to', async (key, rule) => {
    const [method = '', path = ''] = key.split(' ')
    const { status, body } = await on.call(
      method,
      path.replace(':file', 'api.js').replace(':code', 'disk-full'),
    )
    if ('public' in rule && rule.unclaimed) expect(status).not.toBe(503)
    else expect([status, body.code]).toEqual([503, 'instance-unclaimed'])
  })

  test('a later first link makes the earlier one void', async () => {
    const early = new URL((await on.app.claims.first())?.link ?? '').hash.slice(1)
    await on.app.claims.first()
    const { body } = await on.call('POST', '/v1/claim', { body: { token: early } })
    expect(body.code).toBe('claim-invalid')
  })

  test('a link is void after a quarter of an hour', async () => {
    on.clock.ms -= 16 * 60_000
    const { link } = (await on.app.claims.first()) ?? { link: '' }
    on.clock.ms += 16 * 60_000
    const { body } = await on.call('POST', '/v1/claim', { body: { token: new URL(link).hash.slice(1) } })
    expect(body.code).toBe('claim-invalid')
  })

  test('of 50 who redeem the link at once exactly one owns the instance', async () => {
    const { link } = (await on.app.claims.first()) ?? { link: '' }
    const token = new URL(link).hash.slice(1)
    const replies = await Promise.all(
      Array.from({ length: 50 }, (_, at) =>
        on.call('POST', '/v1/claim', { body: { token }, headers: { 'x-forwarded-for': `10.0.0.${at}` } }),
      ),
    )
    const won = replies.filter(({ status }) => status === 201)
    expect(won).toHaveLength(1)
    expect(await on.store.tokens.listOwners()).toHaveLength(1)
    owner = String(won[0]?.body.token)
    expect(await on.app.claims.first()).toBeUndefined()
  })
})

describe('after it', () => {
  beforeAll(async () => {
    const post = (path: string, body: unknown) => on.call('POST', path, { as: owner, body })
    await post('/v1/projects', { name: 'own' })
    await post('/v1/projects', { name: 'foreign' })
    const backup = await post('/v1/projects/foreign/backups', {})
    ids.backup = String(backup.body.id)
    ids.operation = String((backup.body.operation as { id: string }).id)
    for (const [name, wish] of Object.entries({
      read: { scope: 'read' },
      admin: { scope: 'admin' },
      'tied admin': { scope: 'admin', project_ref: 'own' },
      'tied read': { scope: 'read', project_ref: 'own' },
    })) {
      tokens[name] = String((await post('/v1/tokens', { name, ...wish })).body.token)
    }
  })

  test.each(guarded)('%s refuses a stranger, whether or not it is there', async (key) => {
    const [foreign, missing] = [await ask(key, undefined, 'foreign'), await ask(key, undefined, 'missing')]
    expect(foreign.status).toBe(401)
    expect(foreign).toEqual(missing)
  })

  const withParameter = guarded.filter(([key]) => key.includes(':'))
  test.each(withParameter)('%s answers a token of another project as if nothing were there', async (key) => {
    for (const name of ['tied admin', 'tied read']) {
      const [foreign, missing] = [
        await ask(key, tokens[name], 'foreign'),
        await ask(key, tokens[name], 'missing'),
      ]
      expect([403, 404]).toContain(foreign.status)
      if (key.includes(':ref')) expect(foreign.status).toBe(404)
      expect(foreign).toEqual(missing)
    }
  })

  const beyondRead = guarded.filter(([, { scope }]) => scope !== 'read')
  test.each(beyondRead)('%s is not for a token that only reads, whether or not it is there', async (key) => {
    const [there, missing] = [await ask(key, tokens.read, 'foreign'), await ask(key, tokens.read, 'missing')]
    expect([there.status, there.body]).toMatchObject([403, { code: 'scope-too-narrow' }])
    expect(there).toEqual(missing)
  })

  const owners = guarded.filter(([, { scope }]) => scope === 'owner')
  test.each(owners)('%s is for owners alone', async (key) => {
    expect((await ask(key, tokens.admin, 'foreign')).status).toBe(403)
  })

  const instances = guarded.filter(([, rule]) => !rule.project)
  test.each(instances)('%s is not for a tied token', async (key) => {
    expect([403, 404]).toContain((await ask(key, tokens['tied admin'], 'foreign')).status)
  })

  test.each(['/v1/projects', '/v1/operations'])(
    '%s shows a tied token only what is its own',
    async (path) => {
      const { body } = await on.call('GET', path, { as: tokens['tied read'] })
      const refs = new Set((body.items ?? []).map(({ ref }) => ref))
      expect(refs).toEqual(new Set(['own']))
    },
  )

  test('root of the machine becomes an owner again, which the audit has', async () => {
    const { link } = await on.app.claims.forRoot()
    const redeemed = await on.call('POST', '/v1/claim', { body: { token: new URL(link).hash.slice(1) } })
    expect(redeemed.status).toBe(201)
    const again = String(redeemed.body.token)
    const { body } = await on.call('GET', '/v1/audit', { as: again })
    expect(body.items?.slice(0, 2)).toMatchObject([
      { actor: 'claim', action: 'claim.redeem' },
      { actor: 'system', action: 'claim.create', target: 'instance', request_id: 'admin-link' },
    ])
    expect((await on.call('GET', '/v1/tokens', { as: owner })).status).toBe(200)
  })

  test('a tied token does its own project', async () => {
    const reply = await on.call('POST', '/v1/projects/own/pause', { as: tokens['tied admin'], body: {} })
    expect(reply.status).toBe(202)
  })
})
