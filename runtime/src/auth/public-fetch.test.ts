import { createServer, type Server } from 'node:https'
import type { AddressInfo } from 'node:net'
import { getCACertificates, setDefaultCACertificates } from 'node:tls'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { selfSigned } from './mail/smtp-harness.ts'
import { boundedFetch } from './outbound.ts'
import { isPublic, publicFetch } from './public-fetch.ts'

const usual = getCACertificates('default')
const pair = selfSigned()
const asked: { method: string; path: string; body: string; type: string | undefined }[] = []
let server: Server
let port: number

beforeAll(async () => {
  setDefaultCACertificates([...usual, pair.cert])
  server = createServer(pair, async (request, response) => {
    const body = Buffer.concat(await Array.fromAsync(request)).toString()
    const [method, path] = [request.method ?? '', request.url ?? '']
    asked.push({ method, path, body, type: request.headers['content-type'] })
    if (path === '/elsewhere') response.writeHead(302, { location: 'https://localhost/in' }).end()
    else if (path === '/none') response.writeHead(204).end()
    else if (path !== '/silent')
      response.writeHead(200, { 'content-type': 'application/json' }).end('{"in":true}')
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  port = (server.address() as AddressInfo).port
})
afterAll(() => {
  setDefaultCACertificates(usual)
  server.closeAllConnections()
  server.close()
})

describe('inside is', () => {
  test.each([
    ...['127.0.0.1', '10.1.2.3', '172.16.0.1', '172.31.255.255', '192.168.0.1', '169.254.169.254', '0.0.0.0'],
    ...['100.64.0.1', '198.18.0.1', '224.0.0.1', '240.0.0.1', '255.255.255.255', '::', '::1', 'fe80::1'],
    ...['fe80::1%eth0', 'fc00::1', 'fd00:ec2::254', 'ff02::1', '::ffff:10.0.0.1', '::ffff:169.254.169.254'],
    ...['::7f00:1', '64:ff9b::a00:1', '2002:a00:1::', '2001:db8::1', 'no address', ''],
  ])('%s', (address) => expect(isPublic(address)).toBe(false))

  test.each(['1.1.1.1', '172.32.0.1', '100.128.0.1', '192.169.0.1', '2606:4700::1111', '2a00:1450::1'])(
    'not %s',
    (address) => expect(isPublic(address)).toBe(true),
  )
})

describe('who is inside is not asked:', () => {
  test.each([
    ['by a name that resolves there', () => `https://localhost:${port}/`],
    ['by its address', () => `https://127.0.0.1:${port}/`],
    ['by its address, written otherwise', () => `https://0x7f.1:${port}/`],
    ['by its address, as one number', () => `https://2130706433:${port}/`],
    ['by one of IPv6', () => `https://[::ffff:127.0.0.1]:${port}/`],
    ['where clouds keep their keys', () => 'https://169.254.169.254/latest/meta-data/'],
    ['without TLS', () => `http://localhost:${port}/`],
  ])('%s', async (_what, url) => {
    const before = asked.length
    const refused = await publicFetch()(url()).catch((error: Error) => error)
    expect(refused).toMatchObject({ name: 'OutboundError' })
    expect(asked).toHaveLength(before)
  })

  test('where an answer has a time and a size, too, and by whomever is asked without one', async () => {
    const bounds = { timeoutMs: 5_000, bytesMax: 1_000 }
    const url = `https://localhost:${port}/`
    await expect(boundedFetch({ ...bounds, reach: 'public' })(url)).rejects.toThrow('not at a public address')
    expect(await (await boundedFetch(bounds)(url)).json()).toEqual({ in: true })
  })
})

describe('who is outside is asked', () => {
  // Nobody outside answers in a test: this machine stands for them.
  const ask = publicFetch((address) => address === '127.0.0.1')

  test('with what is to be sent, and the answer is as fetch has it', async () => {
    const body = new URLSearchParams({ code: 'a b' })
    const answer = await ask(`https://localhost:${port}/token`, { method: 'POST', body })
    expect([answer.status, answer.headers.get('content-type')]).toEqual([200, 'application/json'])
    expect(await answer.json()).toEqual({ in: true })
    expect(asked.at(-1)).toMatchObject({ method: 'POST', path: '/token', body: 'code=a+b' })
    expect(asked.at(-1)?.type).toMatch(/^application\/x-www-form-urlencoded/)
  })

  test('once: no redirect is followed', async () => {
    const answer = await ask(`https://localhost:${port}/elsewhere`)
    expect([answer.status, answer.headers.get('location')]).toEqual([302, 'https://localhost/in'])
  })

  test('also where there is nothing to say', async () => {
    expect([(await ask(`https://localhost:${port}/none`)).status]).toEqual([204])
  })

  test('until whoever asks has had enough', async () => {
    const signal = AbortSignal.timeout(50)
    await expect(ask(`https://localhost:${port}/silent`, { signal })).rejects.toMatchObject({
      name: 'TimeoutError',
    })
  })

  test('over TLS that is believed', async () => {
    setDefaultCACertificates(usual)
    await expect(ask(`https://localhost:${port}/`)).rejects.toMatchObject({
      cause: { code: 'DEPTH_ZERO_SELF_SIGNED_CERT' },
    })
    setDefaultCACertificates([...usual, pair.cert])
  })
})
