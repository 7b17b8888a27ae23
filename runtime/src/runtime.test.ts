/** The whole process around a service, over a real unix socket. */

import { once } from 'node:events'
import { stat, utimes, writeFile } from 'node:fs/promises'
import { Agent } from 'node:http'
import { connect } from 'node:net'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { createHarness, echo, endless, type Harness, keyOf, ok, SECRET } from './runtime-harness.ts'

let harness: Harness
beforeEach(async () => {
  harness = await createHarness()
})
afterEach(() => harness.end())

const start: Harness['start'] = (...given) => harness.start(...given)
const ask: Harness['ask'] = (...given) => harness.ask(...given)
const raw: Harness['raw'] = (...given) => harness.raw(...given)

describe('a request', () => {
  test('reaches its service below the prefix, with query and body untouched', async () => {
    await start(echo)
    const body = '{"name":"Ada"}'
    const reply = await ask('/rest/v1/people?name=eq.Ada%20L', { method: 'POST', body })
    expect(JSON.parse(reply.text)).toEqual({
      method: 'POST',
      path: '/people',
      query: 'name=eq.Ada%20L',
      body,
      role: 'anon',
    })
    expect(JSON.parse((await ask('/rest/v1')).text)).toMatchObject({ path: '/', body: null })
  })

  test('keeps the id the edge gave it, and gets one when that is none', async () => {
    await start(echo)
    const id = '0123456789abcdef0123456789abcdef'
    expect((await ask('/rest/v1/', { headers: { 'x-request-id': id } })).headers['x-request-id']).toBe(id)
    const bad = await ask('/rest/v1/', { headers: { 'x-request-id': 'a b"c' } })
    expect(bad.headers['x-request-id']).toMatch(/^[\da-f-]{36}$/)
  })

  test('whose answer HTTP cannot carry is a 500, and takes nobody else with it', async () => {
    await start(async ({ path }) =>
      path === '/bad' ? { status: 200, headers: [['x', 'a\r\nb: c']], body: 'x' } : ok({}),
    )
    const reply = await ask('/rest/v1/bad')
    expect([reply.status, reply.headers.b]).toEqual([500, undefined])
    expect((await ask('/rest/v1/good')).status).toBe(200)
  })

  test('to a path of nobody is a 404 with a name', async () => {
    await start(echo)
    for (const path of ['/', '/rest/v10/people', '/nothing']) {
      const reply = await ask(path)
      expect([reply.status, reply.headers['content-type']]).toEqual([404, 'application/problem+json'])
      expect(JSON.parse(reply.text)).toMatchObject({
        code: 'service-not-found',
        request_id: reply.headers['x-request-id'],
      })
    }
  })

  test('without a key is told so in PostgREST words', async () => {
    await start(echo)
    const reply = await ask('/rest/v1/people', { key: false })
    expect(reply.status).toBe(401)
    expect(reply.headers['www-authenticate']).toBe('Bearer')
    expect(JSON.parse(reply.text)).toMatchObject({ code: 'PGRST302', message: 'No API key found in request' })
  })

  test('with a bad token carries the reason in its challenge', async () => {
    await start(echo)
    const reply = await ask('/rest/v1/people', { headers: { authorization: 'Bearer a.b' } })
    const message = 'Expected 3 parts in JWT; got 2'
    expect(reply.status).toBe(401)
    expect(JSON.parse(reply.text)).toEqual({ code: 'PGRST301', message, details: null, hint: null })
    expect(reply.headers['www-authenticate']).toBe(
      `Bearer error="invalid_token", error_description="${message}"`,
    )
    expect(reply.headers['proxy-status']).toBe('PostgREST; error=PGRST301')
  })

  test('that meets a bug gets constant text, and the log gets the cause under the same id', async () => {
    await start(async () => {
      throw new Error('the secret reason')
    })
    const reply = await ask('/rest/v1/people')
    expect([reply.status, JSON.parse(reply.text).message]).toEqual([
      500,
      'Something went wrong here. The log tells more under this request id.',
    ])
    const logged = harness.records.find(({ msg }) => msg === 'unexpected failure')
    expect(logged).toMatchObject({ id: reply.headers['x-request-id'], err: { message: 'the secret reason' } })
  })

  test('of a browser: the preflight is answered without a key, the rest may be read', async () => {
    await start(echo)
    const headers = {
      origin: 'https://app.example',
      'access-control-request-method': 'PATCH',
      'access-control-request-headers': 'apikey, prefer',
    }
    const preflight = await ask('/rest/v1/people', { method: 'OPTIONS', headers, key: false })
    expect(preflight.status).toBe(200)
    expect(preflight.headers).toMatchObject({
      'access-control-allow-origin': '*',
      'access-control-allow-headers':
        'Authorization, apikey, prefer, Accept, Accept-Language, Content-Language',
      'access-control-allow-methods': expect.stringContaining('PATCH'),
    })
    const reply = await ask('/rest/v1/people', { headers: { origin: 'https://app.example' } })
    expect(reply.headers['access-control-allow-origin']).toBe('*')
    expect(reply.headers['access-control-expose-headers']).toContain('Content-Range')
  })

  test('leaves one record that holds no value, no token and no key', async () => {
    await start(echo)
    await ask('/rest/v1/people?email=eq.ada@example.org&sb_token', {
      method: 'POST',
      body: 'my body',
      headers: { 'x-request-id': 'request-of-this-test' },
    })
    await vi.waitFor(() => expect(harness.requestRecords()).toHaveLength(1))
    expect(harness.requestRecords()[0]).toMatchObject({
      id: 'request-of-this-test',
      method: 'POST',
      path: '/rest/v1/people',
      query: ['email', '?'],
      status: 200,
      role: 'anon',
      bytes: expect.any(Number),
    })
    const text = JSON.stringify(harness.records)
    for (const secret of ['ada@example.org', 'my body', await keyOf(), SECRET, 'sb_token'])
      expect(text).not.toContain(secret)
  })

  test('of a health check is recorded only where debugging is wanted', async () => {
    await start(echo)
    await ask('/health/live', { key: false })
    await ask('/health/ready', { key: false })
    await ask('/rest/v1/people')
    await vi.waitFor(() => expect(harness.requestRecords()).not.toEqual([]))
    expect(harness.requestRecords().map(({ path }) => path)).toEqual(['/rest/v1/people'])
  })

  test('whose caller leaves is aborted in the service, and recorded as that', async () => {
    const aborted = Promise.withResolvers<unknown>()
    const begun = Promise.withResolvers<void>()
    await start(endless(begun.resolve, aborted.resolve))
    const socket = connect(harness.socketPath)
    socket.write(`GET /rest/v1/slow HTTP/1.1\r\nHost: a\r\napikey: ${await keyOf()}\r\n\r\n`)
    await begun.promise
    socket.destroy()
    await expect(aborted.promise).resolves.toMatchObject({ name: 'CallerGone' })
    await vi.waitFor(() => expect(harness.requestRecords()[0]).toMatchObject({ status: 499, aborted: true }))
  })
})

describe('the budget', () => {
  test('a body that says it is too large is refused before it is read', async () => {
    await start(echo)
    const answer = await raw(
      `POST /rest/v1/people HTTP/1.1\r\nHost: a\r\napikey: ${await keyOf()}\r\nContent-Length: 1001\r\n\r\n`,
    )
    expect(answer).toMatch(/^HTTP\/1\.1 413 /)
    expect(answer).toContain('"code":"body-too-large"')
    expect(answer.toLowerCase()).toContain('connection: close')
  })

  test('a body that only turns out too large is refused too', async () => {
    await start(echo)
    const chunk = `200\r\n${'x'.repeat(0x200)}\r\n`
    const answer = await raw(
      `POST /rest/v1/people HTTP/1.1\r\nHost: a\r\napikey: ${await keyOf()}\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n${chunk}${chunk}0\r\n\r\n`,
    )
    expect(answer).toMatch(/^HTTP\/1\.1 413 /)
  })

  test('a body of just the limit passes, and an empty one is none', async () => {
    await start(echo)
    const body = 'x'.repeat(1000)
    expect(JSON.parse((await ask('/rest/v1/', { method: 'POST', body })).text).body).toBe(body)
    const empty = await ask('/rest/v1/', { method: 'POST', headers: { 'content-length': '0' } })
    expect(JSON.parse(empty.text).body).toBeNull()
  })

  test('a URL longer than the project allows is refused', async () => {
    await start(echo)
    const reply = await ask(`/rest/v1/people?id=in.(${'1,'.repeat(100)})`)
    expect([reply.status, JSON.parse(reply.text).code]).toEqual([414, 'url-too-long'])
  })
})

describe('the document, live', () => {
  test('a rotated secret ends the old key at once; a new password brings a new pool and ends the old one', async () => {
    await start(echo)
    expect((await ask('/rest/v1/')).status).toBe(200)
    await harness.writeDocument({
      generation: 2,
      jwtSecret: `${SECRET}-rotated`,
      database: { host: '/run/cascata/db', password: 'second' },
    })
    await vi.waitFor(async () => expect((await ask('/rest/v1/')).status).toBe(401))
    await vi.waitFor(() =>
      expect(harness.opened.map(({ settings, closed }) => [settings.password, closed])).toEqual([
        ['first', true],
        ['second', false],
      ]),
    )
  })

  test('other settings leave the pool alone and hold from the next request on', async () => {
    await start(echo)
    await harness.writeDocument({ generation: 2, limits: { bodyBytesMax: 5 } })
    await vi.waitFor(async () =>
      expect((await ask('/rest/v1/', { method: 'POST', body: 'sixsix' })).status).toBe(413),
    )
    expect(harness.opened).toHaveLength(1)
  })
})

describe('health', () => {
  test('its load is told to whoever asks from inside, and to nobody behind the edge', async () => {
    await start(echo)
    await ask('/health/load', { key: false })
    const { load } = JSON.parse((await ask('/health/load', { key: false })).text)
    expect(load).toMatchObject({ under_way: 0, utilization: expect.any(Number), cpus: expect.any(Number) })
    const forwarded = await ask('/health/load', { key: false, headers: { 'x-forwarded-for': '203.0.113.9' } })
    expect(forwarded.status).toBe(404)
  })
})

describe('the beginning', () => {
  test('requests that come early are held, and health says so', async () => {
    const starts = Promise.withResolvers<void>()
    await start(echo, { starts: starts.promise })
    const early = ask('/rest/v1/people')
    const health = await ask('/health/ready', { key: false })
    expect([health.status, JSON.parse(health.text)]).toEqual([503, { status: 'starting', generation: 1 }])
    expect((await ask('/health/live', { key: false })).status).toBe(200)
    // Who would rather wait than ask again is told at the moment it is so.
    const patient = ask('/health/ready', { key: false, headers: { prefer: 'wait=20' } })
    starts.resolve()
    expect((await early).status).toBe(200)
    expect((await patient).status).toBe(200)
    expect((await ask('/health/ready', { key: false })).status).toBe(200)
  })

  test('is written down beside the socket, as what keeps the project awake; a health check is not', async () => {
    await start(echo)
    const file = join(dirname(harness.socketPath), 'active')
    const longAgo = new Date(0)
    await utimes(file, longAgo, longAgo)
    await ask('/health/ready', { key: false })
    expect((await stat(file)).mtimeMs).toBe(0)
    await ask('/rest/v1/people')
    expect((await stat(file)).mtimeMs).toBeGreaterThan(Date.now() - 60_000)
  })

  test('of a named origin is allowed to it alone, and no cache may take it for another', async () => {
    await harness.writeDocument({ rest: { corsAllowedOrigins: ['https://app.example'] } })
    await start(echo)
    const from = (origin: string) => ask('/rest/v1/', { headers: { origin } })
    const known = await from('https://app.example')
    expect(known.headers).toMatchObject({
      'access-control-allow-origin': 'https://app.example',
      'access-control-allow-credentials': 'true',
      vary: 'Origin',
    })
    const stranger = await from('https://other.example')
    expect(stranger).toMatchObject({ status: 200, headers: { vary: 'Origin' } })
    expect(stranger.headers['access-control-allow-origin']).toBeUndefined()
    const headers = { origin: 'https://app.example', 'access-control-request-method': 'PATCH' }
    const preflight = await ask('/rest/v1/', { method: 'OPTIONS', headers, key: false })
    expect(preflight.headers['access-control-allow-origin']).toBe('https://app.example')
  })

  test('with a trace is answered with it', async () => {
    await harness.writeDocument({ rest: { traceHeader: 'X-Trace' } })
    await start(echo)
    const traced = await ask('/rest/v1/', { headers: { 'x-trace': 'a1' } })
    expect(traced.headers).toMatchObject({ 'x-trace': 'a1', 'x-request-id': expect.any(String) })
    expect((await ask('/rest/v1/')).headers['x-trace']).toBeUndefined()
  })

  test('that is refused hears less where errors are to be short', async () => {
    await harness.writeDocument({ rest: { errorVerbosity: 'minimal' } })
    await start(echo)
    const { text } = await ask('/rest/v1/', { key: false })
    expect(JSON.parse(text)).toEqual({ code: 'PGRST302', message: 'No API key found in request' })
  })

  test.each([
    [
      'a verb nobody knows',
      'BREW /rest/v1/pots HTTP/1.1\r\nHost: x\r\n\r\n',
      405,
      'Unsupported HTTP method: BREW',
    ],
    ['a tunnel', 'CONNECT x:443 HTTP/1.1\r\nHost: x\r\n\r\n', 405, 'Unsupported HTTP method: CONNECT'],
    ['bytes that are no HTTP', '\u0000\u0001 hello\r\n\r\n', 400, 'Connection: close'],
  ])('%s is answered, though there is no request yet', async (_sentence, bytes, status, part) => {
    await start(echo)
    const answer = await raw(bytes)
    expect(answer).toContain(`HTTP/1.1 ${status} `)
    expect(answer).toContain(part)
  })

  test('the socket is for owner and group alone, and takes the place of a stale one', async () => {
    await writeFile(harness.socketPath, 'stale')
    await start(echo)
    expect((await stat(harness.socketPath)).mode & 0o777).toBe(0o660)
    expect((await ask('/rest/v1/')).status).toBe(200)
  })
})

describe('the end', () => {
  test('a request under way ends with its answer, a new one finds nobody, and then all is closed', async () => {
    const gate = Promise.withResolvers<void>()
    const begun = Promise.withResolvers<void>()
    const running = await start(async () => {
      begun.resolve()
      await gate.promise
      return ok('done')
    })
    const slow = ask('/rest/v1/slow')
    await begun.promise
    const stopped = running.stop()
    await expect(ask('/rest/v1/late')).rejects.toThrow(/ECONNREFUSED|ENOENT/)
    expect(harness.opened[0]?.closed).toBe(false)
    gate.resolve()
    expect(await slow).toMatchObject({ status: 200, text: '"done"', headers: { connection: 'close' } })
    expect(await stopped).toBe(true)
    expect(harness.opened[0]?.closed).toBe(true)
  })

  test('who had connected before the door was shut is answered', async () => {
    const running = await start(echo)
    const early = connect(harness.socketPath)
    await once(early, 'connect')
    const stopped = running.stop()
    early.write('GET /rest/v1/early HTTP/1.1\r\nhost: x\r\n\r\n')
    const [answer] = (await once(early, 'data')) as [Buffer]
    expect(answer.toString()).toMatch(/^HTTP\/1\.1 \d{3} /)
    expect(answer.toString().toLowerCase()).toContain('connection: close')
    expect(await stopped).toBe(true)
  })

  test('an idle kept-alive connection does not hold it up', async () => {
    const running = await start(echo)
    const agent = new Agent({ keepAlive: true })
    await ask('/rest/v1/', { agent })
    expect(await running.stop()).toBe(true)
    agent.destroy()
  })

  test('a request that was on its way on a kept connection is answered, as the last one', async () => {
    const running = await start(echo)
    const agent = new Agent({ keepAlive: true, maxSockets: 1 })
    await ask('/rest/v1/', { agent })
    const stopped = running.stop()
    const last = await ask('/rest/v1/', { agent, method: 'POST', body: '{}' })
    expect(last).toMatchObject({ status: 200, headers: { connection: 'close' } })
    expect(await stopped).toBe(true)
    agent.destroy()
  })

  test('a request that never ends is cut at the deadline', async () => {
    const begun = Promise.withResolvers<void>()
    const running = await start(endless(begun.resolve), { drainMs: 50 })
    const cut = ask('/rest/v1/endless')
    const failed = expect(cut).rejects.toThrow()
    await begun.promise
    expect(await running.stop()).toBe(false)
    await failed
  })

  test('a successor on the same path takes over, and the old one leaves its socket alone', async () => {
    const old = await start(async () => ok('old'))
    await start(async () => ok('new'))
    expect((await ask('/rest/v1/')).text).toBe('"new"')
    await old.stop()
    expect((await ask('/rest/v1/')).text).toBe('"new"')
  })
})
