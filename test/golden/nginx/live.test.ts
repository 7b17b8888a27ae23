/** What the configuration makes nginx do, with servers of the test behind it: what no text shows. */
import { connect as connectPlain } from 'node:net'
import { connect as connectSecure } from 'node:tls'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type BareEdge, type Ports, startBareEdge } from '../../harness/bare-edge.ts'
import { Echo, echoServer } from '../../harness/echo-server.ts'
import { askEdge, type EdgeAsk } from '../../harness/edge-ask.ts'
import { running, site } from './sites.ts'

const HSTS = 'max-age=31536000'
const own = (name: string, more: object = {}) => ({
  ...{ name, certificate: { name: `self_${name}`, trusted: true }, ...more },
})

const siteOf = (ports: Ports, trustedProxies: readonly string[] = []) =>
  site(
    'localhost',
    [
      {
        ...running('shop'),
        hstsMaxAgeS: 31_536_000,
        bodyBytesMax: 1_000,
        names: [own('shop.example'), own('www.shop.example', { redirectTo: 'shop.example' })],
      },
      { ...running('away'), hstsMaxAgeS: 31_536_000, names: [own('away.example')] },
      { ref: 'wiki', answer: 'paused', hstsMaxAgeS: 31_536_000, names: [own('wiki.example')] },
      {
        ...{ ...running('desk'), hstsMaxAgeS: 31_536_000, names: [own('desk.example')] },
        maintenance: { message: 'Back at five', retryAfterS: 60 },
      },
    ],
    { ...ports, trustedProxies, http3: true },
  )

let edge: BareEdge

beforeAll(async () => {
  edge = await startBareEdge((ports) => siteOf(ports))
  await edge.behind('shop', echoServer('shop'))
})
afterAll(async () => {
  await edge?.stop()
})

const plain = (host: string, more: Partial<EdgeAsk> = {}) =>
  askEdge({ port: edge.httpPort, host: `${host}:${edge.httpPort}`, ...more })
const secure = (host: string, more: Partial<EdgeAsk> = {}) =>
  askEdge({ port: edge.httpsPort, host: `${host}:${edge.httpsPort}`, tls: true, ...more })
const echoed = ({ body }: { body: Buffer }) => Echo.parse(JSON.parse(body.toString()))

/** Where this test's connections come from, as nginx sees it. */
const ownAddress = async () => String(echoed(await secure('shop.example')).headers['x-real-ip'])

describe('a proxy in front that ends TLS', () => {
  const forwarded = { 'x-forwarded-proto': 'https', 'x-forwarded-for': '203.0.113.9' }

  test('that nobody trusts is a client like others: sent to HTTPS, and its words are overwritten', async () => {
    await edge.serve(siteOf(edge, ['192.0.2.0/24']))
    const sent = await plain('shop.example', { headers: forwarded, path: '/rest/v1/a?b=c' })
    expect([sent.status, sent.headers.location]).toEqual([
      308,
      `https://shop.example:${edge.httpsPort}/rest/v1/a?b=c`,
    ])
    const { headers } = echoed(await plain('shop.localhost', { headers: forwarded }))
    expect(headers['x-forwarded-proto']).toBe('http')
    expect(headers['x-forwarded-for']).toBe(await ownAddress())
    const overTls = await secure('shop.example', { headers: { 'x-forwarded-proto': 'http' } })
    expect(echoed(overTls).headers['x-forwarded-proto']).toBe('https')
  })

  test('that is trusted is not sent to HTTPS, and who called it reaches the runtime', async () => {
    await edge.serve(siteOf(edge, [await ownAddress()]))
    const answer = await plain('shop.example', { headers: forwarded, host: 'shop.example' })
    expect([answer.status, answer.headers['strict-transport-security']]).toEqual([200, HSTS])
    expect(echoed(answer).headers).toMatchObject({
      ...{ 'x-forwarded-proto': 'https', 'x-forwarded-for': '203.0.113.9', 'x-real-ip': '203.0.113.9' },
      ...{ 'x-forwarded-host': 'shop.example', 'x-cascata-ref': 'shop' },
    })
  })

  test('that is trusted sends on callers of plain HTTP, and to ports that people see', async () => {
    const toHttps = { headers: { 'x-forwarded-proto': 'http' }, path: '/a?b=c' }
    const sent = await plain('', { ...toHttps, host: 'shop.example' })
    expect([sent.status, sent.headers.location]).toEqual([308, 'https://shop.example/a?b=c'])
    for (const [host, location] of [
      ['www.shop.example', 'https://shop.example/a?b=c'],
      ['www.shop.example:4430', 'https://shop.example:4430/a?b=c'],
    ] as const) {
      const { status, headers } = await plain('', { headers: forwarded, host, path: '/a?b=c' })
      expect([status, headers.location]).toEqual([308, location])
    }
    await edge.serve(siteOf(edge))
  })

  test.each(['', 'https,http', 'httpsx', '1', 'http'])('is not believed to say https by %j', async (said) => {
    await edge.serve(siteOf(edge, [await ownAddress()]))
    const { status } = await plain('', { host: 'shop.example', headers: { 'x-forwarded-proto': said } })
    await edge.serve(siteOf(edge))
    expect(status).toBe(308)
  })
})

describe('what a site has for all its answers', () => {
  test.each([
    ['an answer of the runtime', 'shop.example', 200],
    ['a body that is too large', 'shop.example', 413],
    ['a runtime that is away', 'away.example', 503],
    ['a project that is paused', 'wiki.example', 503],
    ['one under maintenance', 'desk.example', 503],
    ['the page of that', 'desk.example', 503],
    ['a name that is sent on', 'www.shop.example', 308],
  ])('stands on %s', async (what, host, expected) => {
    const headers = { accept: what.startsWith('the page') ? 'text/html' : 'application/json' }
    const body = expected === 413 ? 'x'.repeat(1_001) : ''
    const answer = await secure(host, { headers, method: body ? 'POST' : 'GET', body })
    expect(answer.status).toBe(expected)
    expect(answer.headers['strict-transport-security']).toBe(HSTS)
    expect(answer.headers['alt-svc']).toBe(`h3=":${edge.httpsPort}"; ma=86400`)
  })

  test('is not said by plain HTTP where that would be wrong (RFC 6797, 7.2)', async () => {
    for (const host of ['shop.localhost', 'shop.example', 'wiki.localhost'])
      expect((await plain(host)).headers['strict-transport-security']).toBeUndefined()
  })
})

describe('a page of another origin', () => {
  const preflight = {
    method: 'OPTIONS',
    headers: {
      ...{ origin: 'https://app.example', 'access-control-request-method': 'PATCH' },
      'access-control-request-headers': 'apikey, content-profile',
    },
  }

  test.each(['away.example', 'wiki.example', 'desk.example', 'nobody.example'])(
    'may ask %s, and read why there is no answer',
    async (host) => {
      const asked = await secure(host, preflight)
      expect([asked.status, asked.headers]).toEqual([
        204,
        expect.objectContaining({
          'access-control-allow-origin': '*',
          'access-control-allow-methods': expect.stringContaining('PATCH'),
          'access-control-allow-headers': 'apikey, content-profile',
        }),
      ])
      const { status, headers, body } = await secure(host, { headers: { origin: 'https://app.example' } })
      expect([404, 503]).toContain(status)
      expect(headers['access-control-allow-origin']).toBe('*')
      expect(headers['access-control-expose-headers']).toContain('Retry-After')
      expect(headers['access-control-allow-methods']).toBeUndefined()
      expect(JSON.parse(body.toString())).toMatchObject({ status })
    },
  )

  test('is answered by the runtime where there is one', async () => {
    expect(echoed(await secure('shop.example', preflight)).method).toBe('OPTIONS')
  })
})

describe('an upgrade', () => {
  test.each([false, true])('passes through, both ways and at once (TLS: %j)', async (tls) => {
    const at = { host: '127.0.0.1', port: tls ? edge.httpsPort : edge.httpPort }
    const socket = tls
      ? connectSecure({ ...at, servername: 'shop.localhost', rejectUnauthorized: false })
      : connectPlain(at)
    const until = (text: string) =>
      new Promise<string>((resolve, reject) => {
        let found = ''
        const read = (piece: Buffer) => {
          found += piece.toString()
          if (!found.includes(text)) return
          socket.off('data', read)
          resolve(found)
        }
        socket.on('data', read).on('error', reject)
        socket.on('close', () => reject(new Error(`closed after ${found}`)))
      })
    const upgraded = until('"headers":')
    socket.write(
      'GET /realtime/v1/websocket?vsn=1 HTTP/1.1\r\nHost: shop.localhost\r\nConnection: Upgrade\r\n' +
        'Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n',
    )
    const answer = await upgraded
    expect(answer).toMatch(/^HTTP\/1\.1 101 /)
    expect(answer.toLowerCase()).toContain('upgrade: websocket')
    expect(answer).toContain('/realtime/v1/websocket?vsn=1')
    for (const words of ['one', 'two']) {
      const back = until(words)
      socket.write(words)
      expect(await back).toBe(words)
    }
    socket.destroy()
  })
})
