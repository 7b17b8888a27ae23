/** The activator between two real sockets: a caller, as the edge is one, and a project's runtime. */
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer, type IncomingHttpHeaders, request, type Server, type ServerResponse } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ProjectNotFound, ProjectPaused } from '@cascata/shared/problems/projects'
import { ProjectWakeFailed } from '@cascata/shared/problems/sleep'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { Listening } from '../socket-listener.ts'
import { startActivator } from './activator.ts'
import { ACTIVATOR_LIMITS, type ActivatorLimits } from './limits.ts'

type Heard = { method: string; url: string; headers: IncomingHttpHeaders; body: string }
type Answer = { status: number; headers: IncomingHttpHeaders; body: string }

let folder: string
let activator: Listening | undefined
let runtime: Server | undefined
let heard: Heard[]

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cascata-activator-'))
  heard = []
})
afterEach(async () => {
  runtime?.closeAllConnections()
  runtime?.close()
  await activator?.close(0)
  await rm(folder, { recursive: true })
  ;[activator, runtime] = [undefined, undefined]
})

const activatorSocket = () => join(folder, 'activator.sock')
const runtimeSocket = () => join(folder, '1.sock')

/** Whether what answers is what is to answer. */
let served: () => boolean
beforeEach(() => {
  served = () => true
})

const start = async (reach: (ref: string) => Promise<string>, limits: Partial<ActivatorLimits> = {}) => {
  const log = { warn: () => {} }
  activator = await startActivator(activatorSocket(), {
    reach,
    isServed: async () => served(),
    log,
    limits: { ...ACTIVATOR_LIMITS, ...limits },
  })
}

const echo = ({ method, url, body }: Heard, response: ServerResponse) => {
  response.writeHead(201, { 'content-type': 'text/plain', 'x-of': 'runtime', 'set-cookie': ['a=1', 'b=2'] })
  response.end(`${method} ${url} ${body}`)
}

async function startRuntime(answer: (heard: Heard, response: ServerResponse) => void = echo): Promise<void> {
  runtime = createServer((incoming, response) => {
    const chunks: Buffer[] = []
    incoming.on('data', (chunk: Buffer) => chunks.push(chunk))
    incoming.on('end', () => {
      const { method = '', url = '', headers } = incoming
      const one = { method, url, headers, body: Buffer.concat(chunks).toString() }
      heard.push(one)
      answer(one, response)
    })
  })
  await new Promise<void>((resolve) => runtime?.listen(runtimeSocket(), resolve))
}

type Ask = { method?: string; path?: string; headers?: Record<string, string>; body?: string }

function ask({ method = 'GET', path = '/rest/v1/todos?select=*', headers = {}, body }: Ask = {}) {
  const { promise, resolve, reject } = Promise.withResolvers<Answer>()
  const sent = request(
    {
      socketPath: activatorSocket(),
      ...{ method, path, agent: false },
      headers: {
        'x-cascata-ref': 'shop',
        host: 'shop.localhost:8080',
        ...(body === undefined ? {} : { 'content-length': String(Buffer.byteLength(body)) }),
        ...headers,
      },
    },
    (answer) => {
      const chunks: Buffer[] = []
      answer.on('data', (chunk: Buffer) => chunks.push(chunk))
      answer.on('error', reject)
      answer.on('end', () =>
        resolve({
          status: answer.statusCode ?? 0,
          headers: answer.headers,
          body: Buffer.concat(chunks).toString(),
        }),
      )
    },
  )
  sent.on('error', reject)
  sent.end(body)
  return promise
}

const codeOf = ({ body }: Answer) => (JSON.parse(body) as { code: string }).code

describe('a request for a project that is being upgraded', () => {
  test('is told nothing to a runtime that is only tried, and passed on to the one that is kept', async () => {
    await startRuntime()
    let looks = 0
    served = () => ++looks > 1
    await start(async () => runtimeSocket())
    expect(await ask({ method: 'POST', body: 'once' })).toMatchObject({ status: 201 })
    expect([looks, heard.map(({ body }) => body)]).toEqual([2, ['once']])
  })

  test('comes again later when it stays so, and nothing has heard of it', async () => {
    await startRuntime()
    served = () => false
    await start(async () => runtimeSocket())
    const answer = await ask({ method: 'POST', body: 'once' })
    expect([answer.status, codeOf(answer), answer.headers['retry-after']]).toEqual([
      503,
      'project-starting',
      '1',
    ])
    expect(heard).toEqual([])
  })
})

describe('a request for a project that sleeps', () => {
  test('is passed on once it is awake, as it came, and its answer goes back as it is', async () => {
    await start(async () => {
      await startRuntime()
      return runtimeSocket()
    })
    const answer = await ask({
      method: 'POST',
      path: '/rest/v1/a%20b?x=1',
      body: '{"n":1}',
      headers: { apikey: 'k' },
    })
    expect(answer).toMatchObject({
      status: 201,
      headers: { 'x-of': 'runtime', 'set-cookie': ['a=1', 'b=2'] },
      body: 'POST /rest/v1/a%20b?x=1 {"n":1}',
    })
    expect(heard).toHaveLength(1)
    expect(heard[0]?.headers).toMatchObject({
      host: 'shop.localhost:8080',
      apikey: 'k',
      'content-length': '7',
    })
    expect(heard[0]?.headers).not.toHaveProperty('x-cascata-ref')
  })

  test('of any method, with a body or without, is framed as it came', async () => {
    await startRuntime()
    await start(async () => runtimeSocket())
    await ask({ method: 'DELETE' })
    await ask({ method: 'POST', headers: { 'transfer-encoding': 'chunked' } })
    await ask({ method: 'PATCH', body: 'x' })
    const head = await ask({ method: 'HEAD' })
    expect(heard.map(({ method }) => method)).toEqual(['DELETE', 'POST', 'PATCH', 'HEAD'])
    expect(heard.map(({ body }) => body)).toEqual(['', '', 'x', ''])
    expect([head.status, head.body]).toEqual([201, ''])
  })

  test('waits with its body unread', async () => {
    const awake = Promise.withResolvers<string>()
    const asked = Promise.withResolvers<void>()
    await startRuntime()
    await start((ref) => {
      expect(ref).toBe('shop')
      asked.resolve()
      return awake.promise
    })
    const size = 8 * 1024 * 1024
    const { promise: answered, resolve } = Promise.withResolvers<number>()
    const headers = { 'x-cascata-ref': 'shop', 'content-length': String(size) }
    const sent = request(
      { socketPath: activatorSocket(), method: 'POST', agent: false, headers },
      (answer) => {
        answer.resume()
        resolve(answer.statusCode ?? 0)
      },
    )
    let isSent = false
    sent.end(Buffer.alloc(size, 'a'), () => {
      isSent = true
    })
    await asked.promise
    // Whatever had to be read of it by now has been, when another one has come and gone.
    await ask({ headers: { 'x-cascata-ref': 'No Ref' } })
    expect(isSent).toBe(false)
    awake.resolve(runtimeSocket())
    expect(await answered).toBe(201)
    expect(heard[0]?.body.length).toBe(size)
  })

  test('is connected to another runtime when the first was gone before it heard anything', async () => {
    await startRuntime()
    const paths = [join(folder, 'gone.sock'), runtimeSocket()]
    await start(async () => paths.shift() ?? '')
    expect((await ask({ method: 'POST', body: 'x' })).status).toBe(201)
    expect(heard).toHaveLength(1)
  })

  test('is never sent twice: a runtime that ends on it leaves open what came of it', async () => {
    await startRuntime((_heard, response) => response.destroy())
    await start(async () => runtimeSocket())
    const answer = await ask({ method: 'POST', body: 'x' })
    expect([answer.status, codeOf(answer), answer.headers['retry-after']]).toEqual([
      502,
      'answer-lost',
      undefined,
    ])
    expect(heard).toHaveLength(1)
  })

  test('whose answer breaks off does not look whole', async () => {
    await startRuntime((_heard, response) => {
      response.writeHead(200, { 'content-length': '100' })
      response.write('some of it', () => response.destroy())
    })
    await start(async () => runtimeSocket())
    await expect(ask()).rejects.toThrow()
  })
})

describe('a request that cannot be passed on', () => {
  test.each<[sentence: string, problem: Error, status: number, code: string, retryAfter: string | undefined]>(
    [
      ['because the project does not come up', ProjectWakeFailed('shop'), 503, 'project-wake-failed', '5'],
      ['because it is paused', ProjectPaused('shop'), 503, 'project-paused', '60'],
      ['because there is none', ProjectNotFound(), 404, 'unknown-host', undefined],
      ['for a reason nobody thought of', new Error('secret'), 503, 'project-starting', '1'],
    ],
  )('%s is told so in the words of the edge', async (_sentence, problem, status, code, retryAfter) => {
    await start(() => Promise.reject(problem))
    const answer = await ask({ method: 'POST', body: 'x', headers: { 'x-request-id': 'r1' } })
    expect([answer.status, codeOf(answer), answer.headers['retry-after']]).toEqual([status, code, retryAfter])
    expect(answer.headers).toMatchObject({
      'content-type': 'application/problem+json',
      'x-request-id': 'r1',
      'access-control-allow-origin': '*',
    })
    expect(answer.body).toContain('"request_id":"r1"')
    expect(answer.body).not.toContain('secret')
  })

  test('because it takes too long is not kept for ever', async () => {
    await start(() => new Promise(() => {}), { patienceMs: 20 })
    expect(codeOf(await ask())).toBe('project-wake-failed')
  })

  test('because too many wait for the project is told when to come back', async () => {
    const asked = Promise.withResolvers<void>()
    await start(
      () => {
        asked.resolve()
        return new Promise(() => {})
      },
      { perProjectMax: 1, patienceMs: 300 },
    )
    const first = ask()
    await asked.promise
    const second = await ask()
    expect([second.status, codeOf(second), second.headers['retry-after']]).toEqual([
      503,
      'project-waking-busy',
      '1',
    ])
    expect((await first).status).toBe(503)
    // Who is answered makes room.
    expect(codeOf(await ask())).toBe('project-wake-failed')
  })
})

test('a caller that leaves makes room for the next', async () => {
  const asked = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
  let times = 0
  await start(
    () => {
      asked[times++]?.resolve()
      return new Promise(() => {})
    },
    { inAllMax: 1, patienceMs: 60_000 },
  )
  const headers = { 'x-cascata-ref': 'shop' }
  const leaving = request({ socketPath: activatorSocket(), headers, agent: false })
  leaving.on('error', () => {})
  leaving.end()
  await asked[0]?.promise
  leaving.destroy()
  // Refused while the place is taken, it asks until it has it.
  const staying = (async () => {
    while (times < 2) {
      const again = ask().catch(() => undefined)
      await Promise.race([again, asked[1]?.promise])
    }
  })()
  await asked[1]?.promise
  await staying
  expect(times).toBe(2)
})

test('a WebSocket is joined to the project that was woken for it', async () => {
  await startRuntime()
  runtime?.on('upgrade', (incoming, socket) => {
    expect(incoming.url).toBe('/realtime/v1/websocket')
    socket.write(
      'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\nhello ',
    )
    socket.on('data', (chunk: Buffer) => socket.write(chunk.toString().toUpperCase()))
    socket.on('error', () => {})
  })
  await start(async () => runtimeSocket())
  const { promise, resolve, reject } = Promise.withResolvers<string>()
  const sent = request({
    socketPath: activatorSocket(),
    path: '/realtime/v1/websocket',
    headers: { 'x-cascata-ref': 'shop', connection: 'Upgrade', upgrade: 'websocket' },
  })
  sent.on('error', reject)
  sent.on('upgrade', (_answer, socket, head) => {
    let text = head.toString()
    socket.on('data', (chunk: Buffer) => {
      text += chunk.toString()
      if (text.endsWith('YOU')) {
        socket.destroy()
        resolve(text)
      }
    })
    socket.write('you')
  })
  sent.end()
  expect(await promise).toBe('hello YOU')
})

test('a WebSocket of a project that does not come up is refused as any request is', async () => {
  await start(() => Promise.reject(ProjectWakeFailed('shop')))
  const answer = await ask({ headers: { connection: 'Upgrade', upgrade: 'websocket' } })
  expect([answer.status, codeOf(answer)]).toEqual([503, 'project-wake-failed'])
})
