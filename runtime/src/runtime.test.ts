/** The whole process around a service, over a real unix socket: the service itself is one of this test. */
import { mkdtemp, rename, rm, stat, writeFile } from 'node:fs/promises'
import { Agent, request as httpRequest, type IncomingHttpHeaders } from 'node:http'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { signApiKey } from '@cascata/shared/jwt'
import { pino } from 'pino'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { restDialect } from './http/dialects.ts'
import type { Answer, Handle } from './http/service.ts'
import { type Runtime, startRuntime } from './runtime.ts'
import type { Database } from './session/database.ts'
import type { DatabaseSettings } from './session/pool.ts'

const SECRET = 'a-secret-of-this-test-and-no-other-project'

const documentOf = (changes: object = {}) => ({
  version: 1,
  ref: 'acme',
  generation: 1,
  url: 'http://acme.localhost:8080',
  database: { host: '/run/cascata/db', password: 'first' },
  jwtSecret: SECRET,
  keys: { anon: 'a', serviceRole: 's' },
  limits: { bodyBytesMax: 1000, urlBytesMax: 200 },
  ...changes,
})

const ok = (body: unknown): Answer => ({
  status: 200,
  headers: [['content-type', 'application/json']],
  body: JSON.stringify(body),
})

const echo: Handle = async ({ method, path, query, body }, { role }) =>
  ok({ method, path, query, body: body?.toString() ?? null, role })

type Reply = { status: number; headers: IncomingHttpHeaders; text: string }

let folder: string
let runtime: Runtime | undefined
let records: Record<string, unknown>[]
let opened: { settings: DatabaseSettings; closed: boolean }[]

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cascata-runtime-'))
  records = []
  opened = []
  await writeDocument()
})
afterEach(async () => {
  await runtime?.stop()
  runtime = undefined
  await rm(folder, { recursive: true })
})

async function writeDocument(changes: object = {}): Promise<void> {
  await writeFile(join(folder, 'new'), JSON.stringify(documentOf(changes)))
  await rename(join(folder, 'new'), join(folder, 'project.json'))
}

const openDatabase = (settings: DatabaseSettings): Database => {
  const entry = { settings, closed: false }
  opened.push(entry)
  return {
    run: async () => ({ columns: [], rows: [], rowCount: 0 }),
    listen: async () => ({ close: async () => {} }),
    close: async () => {
      entry.closed = true
    },
  }
}

async function start(handle: Handle, { starts = Promise.resolve(), drainMs = 5_000 } = {}): Promise<Runtime> {
  const logger = pino({ base: null }, { write: (line: string) => void records.push(JSON.parse(line)) })
  return startRuntime({
    config: {
      listen: { socket: join(folder, '1.sock') },
      logLevel: 'info',
      source: { file: join(folder, 'project.json') },
      ignored: [],
    },
    parts: {
      openDatabase,
      createServices: () => [
        { prefix: '/rest/v1', handle, dialect: restDialect, start: () => starts, close: async () => {} },
      ],
    },
    logger,
    drainMs,
  })
}

const key = (role: 'anon' | 'service_role' = 'anon') =>
  signApiKey(SECRET, { role, ref: 'acme', issuedAtS: Math.floor(Date.now() / 1000) })

async function ask(
  path: string,
  options: {
    method?: string
    headers?: Record<string, string>
    body?: string
    agent?: Agent
    key?: boolean
  } = {},
): Promise<Reply> {
  const apikey = options.key === false ? {} : { apikey: await key() }
  const headers = { ...apikey, ...options.headers }
  const { promise, resolve, reject } = Promise.withResolvers<Reply>()
  const { method = 'GET', agent } = options
  const sent = httpRequest(
    { socketPath: join(folder, '1.sock'), path, method, headers, ...(agent ? { agent } : {}) },
    (response) => {
      let text = ''
      response.setEncoding('utf8').on('data', (chunk: string) => {
        text += chunk
      })
      response.on('end', () => resolve({ status: response.statusCode ?? 0, headers: response.headers, text }))
    },
  )
  sent.on('error', reject)
  sent.end(options.body)
  return promise
}

/** Speaks HTTP by hand, for what a client would never send. */
function raw(text: string): Promise<string> {
  const { promise, resolve } = Promise.withResolvers<string>()
  const socket = connect(join(folder, '1.sock'))
  let answer = ''
  socket.on('data', (chunk) => {
    answer += chunk
  })
  socket.on('close', () => resolve(answer))
  socket.on('error', () => {})
  socket.write(text)
  return promise
}

const requestRecords = () => records.filter(({ msg }) => msg === 'request')

describe('a request', () => {
  test('reaches its service below the prefix, with query and body untouched', async () => {
    runtime = await start(echo)
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
    runtime = await start(echo)
    const id = '0123456789abcdef0123456789abcdef'
    expect((await ask('/rest/v1/', { headers: { 'x-request-id': id } })).headers['x-request-id']).toBe(id)
    const bad = await ask('/rest/v1/', { headers: { 'x-request-id': 'a b"c' } })
    expect(bad.headers['x-request-id']).toMatch(/^[\da-f-]{36}$/)
  })

  test('to a path of nobody is a 404 with a name', async () => {
    runtime = await start(echo)
    for (const path of ['/', '/rest/v10/people', '/nothing']) {
      const reply = await ask(path)
      expect([reply.status, reply.headers['content-type']]).toEqual([404, 'application/problem+json'])
      expect(JSON.parse(reply.text)).toMatchObject({
        code: 'route-not-found',
        request_id: reply.headers['x-request-id'],
      })
    }
  })

  test('without a key is told so in PostgREST words', async () => {
    runtime = await start(echo)
    const reply = await ask('/rest/v1/people', { key: false })
    expect(reply.status).toBe(401)
    expect(reply.headers['www-authenticate']).toBe('Bearer')
    expect(JSON.parse(reply.text)).toMatchObject({ code: 'PGRST302', message: 'No API key found in request' })
  })

  test('with a bad token carries the reason in its challenge', async () => {
    runtime = await start(echo)
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
    runtime = await start(async () => {
      throw new Error('the secret reason')
    })
    const reply = await ask('/rest/v1/people')
    expect([reply.status, JSON.parse(reply.text).message]).toEqual([500, 'Something went wrong on our side.'])
    const logged = records.find(({ msg }) => msg === 'unexpected failure')
    expect(logged).toMatchObject({ id: reply.headers['x-request-id'], err: { message: 'the secret reason' } })
  })

  test('of a browser: the preflight is answered without a key, the rest may be read', async () => {
    runtime = await start(echo)
    const headers = {
      origin: 'https://app.example',
      'access-control-request-method': 'PATCH',
      'access-control-request-headers': 'apikey, prefer',
    }
    const preflight = await ask('/rest/v1/people', { method: 'OPTIONS', headers, key: false })
    expect(preflight.status).toBe(200)
    expect(preflight.headers).toMatchObject({
      'access-control-allow-origin': '*',
      'access-control-allow-headers': 'Authorization, apikey, prefer',
      'access-control-allow-methods': expect.stringContaining('PATCH'),
    })
    const reply = await ask('/rest/v1/people', { headers: { origin: 'https://app.example' } })
    expect(reply.headers['access-control-allow-origin']).toBe('*')
    expect(reply.headers['access-control-expose-headers']).toContain('Content-Range')
  })

  test('leaves one record that holds no value, no token and no key', async () => {
    runtime = await start(echo)
    await ask('/rest/v1/people?email=eq.ada@example.org&sb_token', {
      method: 'POST',
      body: 'my body',
      headers: { 'x-request-id': 'request-of-this-test' },
    })
    await vi.waitFor(() => expect(requestRecords()).toHaveLength(1))
    expect(requestRecords()[0]).toMatchObject({
      id: 'request-of-this-test',
      method: 'POST',
      path: '/rest/v1/people',
      query: ['email', '?'],
      status: 200,
      role: 'anon',
      bytes: expect.any(Number),
    })
    const text = JSON.stringify(records)
    for (const secret of ['ada@example.org', 'my body', await key(), SECRET, 'sb_token'])
      expect(text).not.toContain(secret)
  })

  test('whose caller leaves is aborted in the service, and recorded as that', async () => {
    const aborted = Promise.withResolvers<unknown>()
    const begun = Promise.withResolvers<void>()
    runtime = await start(async (_input, _session, signal) => {
      begun.resolve()
      await new Promise((resolve) => signal.addEventListener('abort', resolve))
      aborted.resolve(signal.reason)
      throw signal.reason
    })
    const socket = connect(join(folder, '1.sock'))
    socket.write(`GET /rest/v1/slow HTTP/1.1\r\nHost: a\r\napikey: ${await key()}\r\n\r\n`)
    await begun.promise
    socket.destroy()
    await expect(aborted.promise).resolves.toMatchObject({ name: 'CallerGone' })
    await vi.waitFor(() => expect(requestRecords()[0]).toMatchObject({ status: 499, aborted: true }))
  })
})

describe('the budget', () => {
  test('a body that says it is too large is refused before it is read', async () => {
    runtime = await start(echo)
    const answer = await raw(
      `POST /rest/v1/people HTTP/1.1\r\nHost: a\r\napikey: ${await key()}\r\nContent-Length: 1001\r\n\r\n`,
    )
    expect(answer).toMatch(/^HTTP\/1\.1 413 /)
    expect(answer).toContain('"code":"body-too-large"')
    expect(answer.toLowerCase()).toContain('connection: close')
  })

  test('a body that only turns out too large is refused too', async () => {
    runtime = await start(echo)
    const chunk = `200\r\n${'x'.repeat(0x200)}\r\n`
    const answer = await raw(
      `POST /rest/v1/people HTTP/1.1\r\nHost: a\r\napikey: ${await key()}\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n${chunk}${chunk}0\r\n\r\n`,
    )
    expect(answer).toMatch(/^HTTP\/1\.1 413 /)
  })

  test('a body of just the limit passes, and an empty one is none', async () => {
    runtime = await start(echo)
    const body = 'x'.repeat(1000)
    expect(JSON.parse((await ask('/rest/v1/', { method: 'POST', body })).text).body).toBe(body)
    const empty = await ask('/rest/v1/', { method: 'POST', headers: { 'content-length': '0' } })
    expect(JSON.parse(empty.text).body).toBeNull()
  })

  test('a URL longer than the project allows is refused', async () => {
    runtime = await start(echo)
    const reply = await ask(`/rest/v1/people?id=in.(${'1,'.repeat(100)})`)
    expect([reply.status, JSON.parse(reply.text).code]).toEqual([414, 'url-too-long'])
  })
})

describe('the document, live', () => {
  test('a rotated secret ends the old key at once; a new password brings a new pool and ends the old one', async () => {
    runtime = await start(echo)
    expect((await ask('/rest/v1/')).status).toBe(200)
    await writeDocument({
      generation: 2,
      jwtSecret: `${SECRET}-rotated`,
      database: { host: '/run/cascata/db', password: 'second' },
    })
    await vi.waitFor(async () => expect((await ask('/rest/v1/')).status).toBe(401))
    await vi.waitFor(() =>
      expect(opened.map(({ settings, closed }) => [settings.password, closed])).toEqual([
        ['first', true],
        ['second', false],
      ]),
    )
  })

  test('other settings leave the pool alone and hold from the next request on', async () => {
    runtime = await start(echo)
    await writeDocument({ generation: 2, limits: { bodyBytesMax: 5 } })
    await vi.waitFor(async () =>
      expect((await ask('/rest/v1/', { method: 'POST', body: 'sixsix' })).status).toBe(413),
    )
    expect(opened).toHaveLength(1)
  })
})

describe('the beginning', () => {
  test('requests that come early are held, and health says so', async () => {
    const starts = Promise.withResolvers<void>()
    runtime = await start(echo, { starts: starts.promise })
    const early = ask('/rest/v1/people')
    const health = await ask('/health/ready', { key: false })
    expect([health.status, JSON.parse(health.text)]).toEqual([503, { status: 'starting', generation: 1 }])
    expect((await ask('/health/live', { key: false })).status).toBe(200)
    starts.resolve()
    expect((await early).status).toBe(200)
    expect((await ask('/health/ready', { key: false })).status).toBe(200)
  })

  test('the socket is for owner and group alone, and takes the place of a stale one', async () => {
    await writeFile(join(folder, '1.sock'), 'stale')
    runtime = await start(echo)
    expect((await stat(join(folder, '1.sock'))).mode & 0o777).toBe(0o660)
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
    expect(opened[0]?.closed).toBe(false)
    gate.resolve()
    expect(await slow).toMatchObject({ status: 200, text: '"done"', headers: { connection: 'close' } })
    expect(await stopped).toBe(true)
    expect(opened[0]?.closed).toBe(true)
  })

  test('an idle kept-alive connection does not hold it up', async () => {
    const running = await start(echo)
    const agent = new Agent({ keepAlive: true })
    await ask('/rest/v1/', { agent })
    expect(await running.stop()).toBe(true)
    agent.destroy()
  })

  test('a request that never ends is cut at the deadline', async () => {
    const begun = Promise.withResolvers<void>()
    const running = await start(
      async (_input, _session, signal) => {
        begun.resolve()
        await new Promise((resolve) => signal.addEventListener('abort', resolve))
        throw signal.reason
      },
      { drainMs: 50 },
    )
    const endless = ask('/rest/v1/endless')
    const failed = expect(endless).rejects.toThrow()
    await begun.promise
    expect(await running.stop()).toBe(false)
    await failed
  })

  test('a successor on the same path takes over, and the old one leaves its socket alone', async () => {
    const old = await start(async () => ok('old'))
    runtime = await start(async () => ok('new'))
    expect((await ask('/rest/v1/')).text).toBe('"new"')
    await old.stop()
    expect((await ask('/rest/v1/')).text).toBe('"new"')
  })
})
