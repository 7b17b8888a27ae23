/** What the edge promises whoever calls a project, on the whole instance: encodings, TLS, names, CORS, and rollback. */
import { readlink } from 'node:fs/promises'
import { join } from 'node:path'
import { brotliDecompressSync, gunzipSync } from 'node:zlib'
import postgres, { type Sql } from 'postgres'
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import { z } from 'zod'
import { apiFor } from '../harness/api.ts'
import { cliFor } from '../harness/cli.ts'
import { askByHttp2, askEdge, type EdgeAsk, shakeHands } from '../harness/edge-ask.ts'
import { eventually } from '../harness/eventually.ts'
import { output, run } from '../harness/run.ts'
import { Created } from './shapes.ts'

const REF = 'promise'
const instance = inject('instance')
const { home, httpPort, httpsPort } = instance
const cli = cliFor(instance.profile)
const api = apiFor(instance)

let project: Created
let meta: Sql

beforeAll(async () => {
  project = await cli.json(Created, 'projects', 'create', 'Promise', '--ref', REF, '--wait')
  const query = `create view public.many as select n, repeat('word ', 10) as words from generate_series(1, 200) n;
    grant select on public.many to anon; notify pgrst, 'reload schema'`
  expect((await api.call('POST', `/v1/projects/${REF}/sql`, { body: { query } })).status).toBe(200)
  await eventually(10_000, async () => expect((await plain({ path: MANY })).status).toBe(200))
  meta = postgres({
    path: join(home, 'run/_meta/db/.s.PGSQL.5432'),
    ...{ user: 'supabase_admin', database: 'cascata', max: 1, onnotice: () => {} },
  })
})
afterAll(async () => {
  await meta?.end({ timeout: 1 })
  await cli.run('projects', 'delete', REF, '--yes')
})

const MANY = '/rest/v1/many'
type Own = Partial<EdgeAsk>
const keyed = (more: Own) => ({ ...more, headers: { apikey: project.anon_key, ...more.headers } })
const plain = (more: Own = {}) =>
  askEdge({ port: httpPort, host: `${REF}.localhost:${httpPort}`, ...keyed(more) })
const secure = (more: Own = {}) =>
  askEdge({ port: httpsPort, host: `${REF}.localhost:${httpsPort}`, tls: true, ...keyed(more) })

async function change(wish: Record<string, unknown>): Promise<void> {
  const path = `/v1/projects/${REF}/settings`
  const etag = (await api.call('GET', path)).headers.get('etag') ?? ''
  const answer = await api.call('PATCH', path, { body: wish, headers: { 'if-match': etag } })
  expect(answer.status, answer.text).toBe(202)
}

describe('a JSON answer', () => {
  const encoded = (accepted: string) => secure({ path: MANY, headers: { 'accept-encoding': accepted } })

  test.each([
    ['gzip', 'gzip', gunzipSync],
    ['gzip, deflate, br', 'br', brotliDecompressSync],
    ['br;q=1.0, gzip;q=0.5', 'br', brotliDecompressSync],
    ['br;q=0, gzip', 'gzip', gunzipSync],
  ])('comes to who takes %j as %s, the same to the last byte', async (accepted, encoding, decode) => {
    const whole = await encoded('identity')
    expect(whole.headers['content-encoding']).toBeUndefined()
    const small = await encoded(accepted)
    expect(small.headers).toMatchObject({
      ...{ 'content-encoding': encoding, vary: expect.stringContaining('Accept-Encoding') },
      'content-type': expect.stringContaining('application/json'),
    })
    expect(decode(small.body).equals(whole.body)).toBe(true)
    expect(small.body.length * 4).toBeLessThan(whole.body.length)
  })
})

describe('TLS', () => {
  const shake = { port: httpsPort, host: `${REF}.localhost` }

  test.each(['TLSv1', 'TLSv1.1'] as const)('%s is refused by the edge', async (version) => {
    await expect(shakeHands({ ...shake, version, protocols: ['h2'] })).rejects.toMatchObject({
      code: 'ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION',
    })
  })

  test.each(['TLSv1.2', 'TLSv1.3'] as const)('%s is spoken, and HTTP/2 chosen over it', async (version) => {
    const chosen = await shakeHands({ ...shake, version, protocols: ['h2', 'http/1.1'] })
    expect(chosen).toEqual({ protocol: version, alpn: 'h2' })
    const old = await shakeHands({ ...shake, version, protocols: ['http/1.1'] })
    expect(old).toEqual({ protocol: version, alpn: 'http/1.1' })
  })

  test('HTTP/2 is answered with what HTTP/1.1 is', async () => {
    const host = `${REF}.localhost:${httpsPort}`
    const asked = { port: httpsPort, host, path: `${MANY}?n=eq.7`, headers: { apikey: project.anon_key } }
    const answer = await askByHttp2(asked)
    expect([answer.status, JSON.parse(answer.body.toString())]).toEqual([
      200,
      [{ n: 7, words: expect.any(String) }],
    ])
  })
})

describe('names of its own', () => {
  const Listed = z.array(z.object({ name: z.string(), records: z.array(z.record(z.string(), z.string())) }))
  const add = async (name: string, more: string[] = []) => cli.run('domains', 'add', REF, name, ...more)
  const codeOf = async (method: string, path: string, body?: unknown) => {
    const answer = await api.call(method, `/v1/projects/${REF}/domains${path}`, { body })
    return [answer.status, answer.body.code]
  }

  test('are listed with the exact records to set, by the API and the command', async () => {
    expect((await add('Bücher.promise.example.', ['--no-https-only'])).code).toBe(0)
    const name = 'xn--bcher-kva.promise.example'
    const { body } = await api.call('GET', `/v1/projects/${REF}/domains`)
    const [found] = Listed.parse(body.items)
    const [shown] = await meta`select proof from public.domains where name = ${name}`
    expect(found?.records).toContainEqual({
      ...{ type: 'TXT', name: `_cascata.${name}`, value: `cascata-domain=${shown?.proof}`, purpose: 'prove' },
    })
    expect(await cli.json(Listed, 'domains', 'list', REF)).toEqual([found])
    const { stdout } = await cli.run('domains', 'list', REF)
    for (const { type, name: at, value } of found?.records ?? [])
      expect(stdout.replaceAll(/ +/g, ' ')).toContain(`${type} ${at} ${value}`)
    expect(stdout).toContain('bücher.promise.example')
  })

  test('that are redirects keep method, path, query and port', async () => {
    for (const [name, more] of [
      ['shop.promise.example', []],
      ['www.promise.example', ['--redirect-to', 'shop.promise.example']],
      ['old.promise.example', ['--redirect-to', `${REF}.localhost`]],
    ] as const)
      expect((await add(name, ['--no-https-only', ...more])).code).toBe(0)
    await meta`update public.domains set verified_at = now() where ref = ${REF}`
    const path = `${MANY}?n=eq.1&words=like.*%20a%2Fb*`
    await eventually(20_000, async () => {
      const host = `shop.promise.example:${httpPort}`
      expect((await plain({ host, path: MANY })).status).toBe(200)
    })
    for (const [from, to] of [
      ['www.promise.example', 'shop.promise.example'],
      ['old.promise.example', `${REF}.localhost`],
    ]) {
      const sent = await plain({ host: `${from}:${httpPort}`, path, method: 'POST', body: '{}' })
      expect([sent.status, sent.headers.location]).toEqual([308, `http://${to}:${httpPort}${path}`])
      const overTls = await secure({ host: `${from}:${httpsPort}`, path })
      expect([overTls.status, overTls.headers.location]).toEqual([308, `https://${to}:${httpsPort}${path}`])
    }
  })

  test.each([
    ['to itself', 'PATCH', '/shop.promise.example', { redirect_to: 'shop.promise.example' }],
    ['to a name that is not attached', 'PATCH', '/shop.promise.example', { redirect_to: 'no.example' }],
    ['to a redirect', 'POST', '', { name: 'two.example', redirect_to: 'www.promise.example' }],
    ['of what others lead to', 'PATCH', '/shop.promise.example', { redirect_to: `${REF}.localhost` }],
    ['to another project', 'PATCH', '/www.promise.example', { redirect_to: 'other.localhost' }],
  ])('take no redirect %s', async (_sentence, method, path, body) => {
    expect(await codeOf(method, path, body)).toEqual([422, 'domain-redirect-invalid'])
  })

  test('are not detached while another leads to them', async () => {
    expect(await codeOf('DELETE', '/shop.promise.example')).toEqual([409, 'domain-redirect-target'])
    expect(await codeOf('DELETE', '/www.promise.example')).toEqual([204, undefined])
    expect(await codeOf('DELETE', '/shop.promise.example')).toEqual([204, undefined])
  })
})

describe('pages of other origins', () => {
  const [friend, stranger] = ['https://app.example', 'https://stranger.example']
  const preflight = (origin: string) =>
    secure({
      ...{ method: 'OPTIONS', path: MANY },
      headers: { origin, 'access-control-request-method': 'GET', 'access-control-request-headers': 'apikey' },
    })
  const allowed = (answer: { headers: Record<string, string> }) =>
    answer.headers['access-control-allow-origin']

  test('may call from anywhere until origins are named, and then from those', async () => {
    expect(allowed(await preflight(stranger))).toBe('*')
    await change({ rest: { corsAllowedOrigins: [friend] } })
    // Answered as PostgREST answers it: without a yes to the header that holds the key, browsers send nothing.
    await eventually(10_000, async () => {
      const { headers } = await preflight(stranger)
      expect(headers['access-control-allow-headers']).toBeUndefined()
      expect(headers['access-control-allow-methods']).toBeUndefined()
    })
    const yes = await preflight(friend)
    expect([yes.status, yes.headers]).toEqual([
      200,
      expect.objectContaining({
        'access-control-allow-origin': friend,
        'access-control-allow-headers': expect.stringContaining('apikey'),
        'access-control-allow-methods': expect.stringContaining('GET'),
      }),
    ])
    const answer = await secure({ path: MANY, headers: { origin: friend } })
    expect([allowed(answer), answer.headers.vary]).toEqual([friend, expect.stringContaining('Origin')])
    expect(allowed(await secure({ path: MANY, headers: { origin: stranger } }))).toBeUndefined()
  })

  test('read what the edge itself answers, for there is nothing in it of the project', async () => {
    await change({ edge: { maintenance: { message: 'Back soon', retryAfterS: 30 } } })
    await eventually(20_000, async () => expect((await secure({ path: MANY })).status).toBe(503))
    const asked = await preflight(stranger)
    expect([asked.status, allowed(asked), asked.headers['access-control-allow-headers']]).toEqual([
      ...[204, '*', 'apikey'],
    ])
    const answer = await secure({ path: MANY, headers: { origin: stranger } })
    expect(allowed(answer)).toBe('*')
    expect(answer.headers['access-control-expose-headers']).toContain('Retry-After')
    await change({ edge: { maintenance: null } })
    await eventually(20_000, async () => expect((await secure({ path: MANY })).status).toBe(200))
  })
})

describe('a configuration', () => {
  const current = () => readlink(join(home, 'edge/current'))
  const said = async () => {
    const { stdout, stderr } = await run('docker', ['logs', '--since', '2m', `${instance.name}-control`])
    return `${stdout.toString()}${stderr}`
  }
  const hsts = async () => (await secure({ path: MANY })).headers['strict-transport-security']

  test('that nginx refuses is not put to use: the one before goes on serving, and control says why', async () => {
    await change({ edge: { hstsMaxAgeS: 1 } })
    await eventually(20_000, async () => expect(await hsts()).toBe('max-age=1'))
    const [before, edge] = [await current(), `${instance.name}-edge`]
    // What it tries to open whenever it is asked whether a configuration will do.
    const permit = (mode: string) => output('docker', ['exec', edge, 'chmod', mode, '/tmp/nginx.pid'])
    try {
      await permit('000')
      await change({ edge: { hstsMaxAgeS: 2 } })
      await eventually(20_000, async () =>
        expect(await said()).toMatch(
          /edge-config-refused[^\n]*nginx\.pid|nginx\.pid[^\n]*edge-config-refused/,
        ),
      )
      expect(await current()).toBe(before)
      expect(await hsts()).toBe('max-age=1')
    } finally {
      await permit('644')
    }
    await eventually(30_000, async () => expect(await hsts()).toBe('max-age=2'))
  })

  test('that nginx does not take in time is taken back: the one before goes on serving', async () => {
    const [before, edge] = [await current(), `${instance.name}-edge`]
    const signal = (name: string) => output('docker', ['kill', `--signal=${name}`, edge])
    // The workers serve on; nobody hears of the reload.
    await signal('STOP')
    try {
      await change({ edge: { hstsMaxAgeS: 3 } })
      await eventually(20_000, async () => expect(await current()).not.toBe(before))
      await eventually(20_000, async () => expect(await current()).toBe(before))
      expect(await hsts()).toBe('max-age=2')
    } finally {
      await signal('CONT')
    }
    await eventually(40_000, async () => expect(await hsts()).toBe('max-age=3'))
  })
})
