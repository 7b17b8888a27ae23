/** Certificates and the DNS provider over the control API: what is shown, what is taken, and that secrets stay sealed. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type OwnCertificate, ownCertificate } from '../harness/own-certificate.ts'
import { openTestControl, type Reply, type TestControl } from './control.ts'

const DAY = 86_400_000

let on: TestControl
let owner: string
let pair: OwnCertificate

beforeAll(async () => {
  on = await openTestControl()
  owner = await on.claim()
  await call('POST', '/v1/projects', { name: 'shop' })
  await call('POST', '/v1/projects', { name: 'blog' })
  await on.sql`insert into domains (ref, name, proof, verified_at) values ('shop', 'shop.test', 'shown', now())`
  await on.sql`insert into domains (ref, name, proof) values ('blog', 'blog.test', 'not shown')`
  pair = ownCertificate('shop.test')
  // It begins in the second in which it was made.
  on.clock.ms = Date.now() + 1_000
})
afterAll(async () => {
  await on?.stop()
})

const call = (method: string, path: string, body?: unknown): Promise<Reply> =>
  on.call(method, path, { as: owner, ...(body !== undefined && { body }) })
const place = (ref: string, name: string) => `/v1/projects/${ref}/domains/${name}/certificate`

describe('a certificate of one’s own', () => {
  test('is taken for a domain of the project, and serves it', async () => {
    const reply = await call('PUT', place('shop', 'Shop.Test.'), pair)
    expect([reply.status, reply.body]).toMatchObject([
      200,
      {
        name: 'shop.test',
        project_ref: 'shop',
        source: 'upload',
        state: 'valid',
        issuer: 'Own',
        days_left: 29,
      },
    ])
    expect(Date.parse(String(reply.body.renew_at)) - Date.now()).toBeLessThan(21 * DAY)
  })

  test('sends nobody to HTTPS when only its owner has signed it, unless he says so', async () => {
    const trusted = async () => (await on.sql`select trusted from certificates where name = 'shop.test'`)[0]
    expect(await trusted()).toEqual({ trusted: false })
    await call('PUT', place('shop', 'shop.test'), { ...pair, trusted: true })
    expect(await trusted()).toEqual({ trusted: true })
  })

  test('is kept sealed, and its key is in no answer', async () => {
    const [row] = await on.sql`select key from certificates where name = 'shop.test'`
    expect(row?.key).toMatch(/^v1\./)
    const answers = [
      await call('GET', '/v1/certificates'),
      await call('GET', '/v1/projects/shop/certificates'),
    ]
    for (const { text } of answers) {
      expect(text).toContain('shop.test')
      expect(text).not.toContain('PRIVATE KEY')
    }
    expect((await call('GET', '/v1/audit')).text).not.toContain('PRIVATE KEY')
  })

  test('is refused with what is wrong about it', async () => {
    const other = ownCertificate('other.test')
    const refused = async (body: object, ref = 'shop', name = 'shop.test') =>
      (await call('PUT', place(ref, name), body)).body.code
    expect(await refused({ ...pair, key: other.key })).toBe('certificate-key-mismatch')
    expect(await refused(other)).toBe('certificate-name-missing')
    expect(await refused({ ...pair, certificate: 'none' })).toBe('certificate-unreadable')
    // A name that another project has, or that is not shown to be its owner's, is nobody's to serve.
    expect(await refused(pair, 'blog')).toBe('certificate-not-found')
    expect(await refused(ownCertificate('blog.test'), 'blog', 'blog.test')).toBe('certificate-not-found')
  })

  test('is not renewed by the authority while it serves, and whoever asks is told', async () => {
    const renew = () => call('POST', '/v1/projects/shop/certificates/shop.test/renew')
    const refused = await renew()
    expect([refused.status, refused.body.code]).toEqual([409, 'certificate-uploaded'])
    const now = on.clock.ms
    on.clock.ms = now + 25 * DAY
    expect((await renew()).status).toBe(202)
    on.clock.ms = now
  })

  test('is shown to its project alone', async () => {
    const token = await call('POST', '/v1/tokens', { name: 'tied', scope: 'admin', project_ref: 'blog' })
    const as = String(token.body.token)
    expect((await on.call('GET', '/v1/projects/blog/certificates', { as })).body.items).toEqual([])
    expect((await on.call('GET', '/v1/projects/shop/certificates', { as })).status).toBe(404)
    expect((await on.call('GET', '/v1/certificates', { as })).status).toBe(403)
  })

  test('goes when it is removed', async () => {
    expect((await call('DELETE', place('shop', 'shop.test'))).status).toBe(204)
    expect((await call('DELETE', place('shop', 'shop.test'))).body.code).toBe('certificate-not-found')
    expect((await call('GET', '/v1/certificates')).body.items).toMatchObject([
      { name: 'shop.test', state: 'pending', source: null },
    ])
  })
})

describe('an order that failed', () => {
  test('is told with its reason and the next try, and is tried at once when asked for', async () => {
    const nextTryAt = new Date(on.clock.ms + 600_000)
    const problem = { code: 'certificate-refused', title: 'Refused', detail: 'dns: no A record' }
    await on.store.certificates.orders.insert({
      ...{ name: 'shop.test', ref: 'shop', names: ['shop.test'], directory: 'ca', failures: 2 },
      ...{ problem, nextTryAt },
    })
    const { body } = await call('GET', '/v1/projects/shop/certificates')
    expect(body.items?.[0]).toMatchObject({ state: 'failing', last_error: problem, source: null })
    expect(body.items?.[0]?.next_try_at).toBe(nextTryAt.toISOString())
    const renewed = await call('POST', '/v1/projects/shop/certificates/shop.test/renew')
    expect([renewed.status, renewed.body.next_try_at]).toEqual([202, null])
    const unknown = await call('POST', '/v1/certificates/nobody.test/renew')
    expect(unknown.body.code).toBe('certificate-not-found')
  })
})

describe('the DNS provider', () => {
  const secret = 'a-token-nobody-may-see'

  test('is set by an owner, sealed, and shown without its secrets', async () => {
    expect((await call('GET', '/v1/dns-provider')).body.code).toBe('dns-provider-missing')
    const set = await call('PUT', '/v1/dns-provider', { kind: 'cloudflare', token: secret })
    expect([set.status, set.body]).toEqual([
      200,
      { kind: 'cloudflare', propagation_seconds: 30, settings: {} },
    ])
    const [row] = await on.sql`select value from instance where name = 'dns-provider'`
    expect(row?.value).toMatch(/^v1\./)
    for (const path of ['/v1/dns-provider', '/v1/audit'])
      expect((await call('GET', path)).text).not.toContain(secret)
    expect(on.logged.join('')).not.toContain(secret)
  })

  test('of another kind takes its place, and goes when removed', async () => {
    const update = {
      kind: 'rfc2136',
      host: 'ns.test',
      zone: 'cascata.test',
      key_name: 'k',
      secret: 'c2VjcmV0',
    }
    const set = await call('PUT', '/v1/dns-provider', update)
    expect(set.body.settings).toEqual({
      ...{ host: 'ns.test', port: 53, zone: 'cascata.test', key_name: 'k', algorithm: 'hmac-sha256' },
    })
    expect((await call('DELETE', '/v1/dns-provider')).status).toBe(204)
    expect((await call('DELETE', '/v1/dns-provider')).body.code).toBe('dns-provider-missing')
  })

  test('that nobody knows is refused', async () => {
    const { body } = await call('PUT', '/v1/dns-provider', { kind: 'carrier-pigeon', token: 'x' })
    expect(body.code).toBe('request-invalid')
  })
})
