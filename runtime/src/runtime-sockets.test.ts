/** One WebSocket over its life: who gets one, what ends it, and that an open one counts as use. */
import { once } from 'node:events'
import { statSync, utimesSync } from 'node:fs'
import { connect } from 'node:net'
import { dirname, join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { signApiKey } from '@cascata/shared/jwt'
import { problem } from '@cascata/shared/problem'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { WebSocket } from 'ws'
import {
  SOCKET_FRAME_BYTES_MAX,
  SOCKET_SILENCE_MS,
  SOCKETS_AT_ONCE_MAX,
  SOCKETS_OF_ADDRESS_MAX,
} from './gate/limits.ts'
import type { Peer, Service } from './http/service.ts'
import { createHarness, echo, type Harness, keyOf, SECRET } from './runtime-harness.ts'

let harness: Harness
let sockets: WebSocket[]
beforeEach(async () => {
  harness = await createHarness()
  sockets = []
})
afterEach(async () => {
  vi.useRealTimers()
  for (const socket of sockets) socket.terminate()
  await harness.end()
})

/** Of a handshake by hand. */
const HANDSHAKE =
  'Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n'

const Closed = problem('closed-here', { status: 409, title: 'Closed', detail: () => 'Nobody talks here.' })

/** Says everything twice; `/closed` is refused, `boom` breaks it. */
const talk: NonNullable<Service['talk']> = ({ path, query }, { role }) => {
  if (path === '/closed') throw Closed()
  return (peer) => (frame) => {
    if (frame === 'boom') throw new Error('broken here')
    if (frame === 'who') peer.say(`${role} at ${path}${query.includes('apikey') ? ' by its address' : ''}`)
    else peer.say(`${frame} ${typeof frame} ${frame.length}`)
  }
}

function knock(path: string, headers: Record<string, string> = {}): WebSocket {
  const socket = new WebSocket(`ws+unix:${harness.socketPath}:${path}`, { headers })
  // Of one that is refused, or ended before it is open.
  socket.on('error', () => {})
  sockets.push(socket)
  return socket
}

async function open(path = '/rest/v1/a'): Promise<WebSocket> {
  const socket = knock(path, { apikey: await keyOf() })
  await once(socket, 'open')
  return socket
}

async function answerTo(socket: WebSocket, frame: string | Buffer): Promise<string> {
  socket.send(frame)
  const [data] = await once(socket, 'message')
  return String(data)
}

const endOf = async (socket: WebSocket): Promise<[code: number, reason: string]> => {
  const [code, reason] = await once(socket, 'close')
  return [code, String(reason)]
}

/** Status and body of a handshake that is refused. */
async function refusalOf(socket: WebSocket): Promise<[status: number, body: string]> {
  const [, response] = await once(socket, 'unexpected-response')
  let text = ''
  for await (const chunk of response) text += chunk
  return [response.statusCode, text]
}

describe('a handshake', () => {
  test('with a key opens a connection on which both sides talk, in text and in bytes', async () => {
    await harness.start(echo, { talk })
    const socket = await open()
    expect(await answerTo(socket, 'grüß')).toBe('grüß string 4')
    expect(await answerTo(socket, Buffer.from('abc'))).toBe('abc object 3')
    expect(await answerTo(socket, 'who')).toBe('anon at /a')
    expect(harness.requestRecords()).toEqual([expect.objectContaining({ path: '/rest/v1/a', status: 101 })])
  })

  test('takes its key from the address, of which the log does not tell', async () => {
    await harness.writeDocument({ limits: { urlBytesMax: 1_000 } })
    await harness.start(echo, { talk })
    const key = await keyOf()
    const socket = knock(`/rest/v1/a?apikey=${key}&x=1`)
    await once(socket, 'open')
    expect(await answerTo(socket, 'who')).toBe('anon at /a by its address')
    expect(JSON.stringify(harness.records)).not.toContain(key.slice(-20))
  })

  test.each<[sentence: string, path: string, key: 'good' | 'bad' | undefined, status: number, code: string]>([
    ['nobody', '/rest/v1/a', undefined, 401, 'PGRST302'],
    ['a forged key', '/rest/v1/a', 'bad', 401, 'PGRST301'],
    ['whom the service refuses', '/rest/v1/closed', 'good', 409, 'closed-here'],
    ['an address too long', `/rest/v1/a?${'x'.repeat(300)}`, 'good', 414, 'url-too-long'],
  ])('of %s is refused in plain words', async (_sentence, path, key, status, code) => {
    await harness.start(echo, { talk })
    const bad = await signApiKey(`${SECRET}!`, { role: 'anon', ref: 'acme', issuedAtS: 1 })
    const headers = key === undefined ? {} : { apikey: key === 'good' ? await keyOf() : bad }
    const [answered, body] = await refusalOf(knock(path, headers as Record<string, string>))
    expect([answered, JSON.parse(body).code]).toEqual([status, code])
    await vi.waitFor(() => expect(harness.requestRecords()).toEqual([expect.objectContaining({ status })]))
  })

  test('is a request like any other where nobody talks, and so is an offer of another protocol', async () => {
    await harness.start(echo)
    expect((await refusalOf(knock('/rest/v1/a', { apikey: await keyOf() })))[0]).toBe(200)
    const headers = { connection: 'Upgrade, HTTP2-Settings', upgrade: 'h2c', 'http2-settings': 'AAMAAABk' }
    expect((await harness.ask('/rest/v1/b', { headers })).status).toBe(200)
  })

  test('that is none of RFC 6455 is refused, and holds nothing', async () => {
    const runtime = await harness.start(echo, { talk })
    const head = `GET /rest/v1/a HTTP/1.1\r\nHost: a\r\napikey: ${await keyOf()}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n`
    expect(await harness.raw(head)).toMatch(/^HTTP\/1\.1 400 /)
    expect(harness.requestRecords()).toEqual([expect.objectContaining({ status: 400 })])
    expect(await runtime.stop()).toBe(true)
  })

  test('waits while the runtime starts', async () => {
    const { promise, resolve } = Promise.withResolvers<void>()
    await harness.start(echo, { talk, starts: promise })
    const opened = open()
    setTimeout(resolve, 50)
    expect(await answerTo(await opened, 'who')).toBe('anon at /a')
  })

  test.each<[sentence: string, max: number, fromOf: (at: number) => string, detail: string]>([
    ['in all', SOCKETS_AT_ONCE_MAX, (at) => `10.0.0.${at % 200}`, 'of the project'],
    ['from one address', SOCKETS_OF_ADDRESS_MAX, () => '10.0.0.1', 'from this address'],
  ])(
    'is refused when there are too many %s, and not once one of them has gone',
    async (_s, max, fromOf, detail) => {
      await harness.start(echo, { talk })
      const apikey = await keyOf()
      const knockAs = (at: number) => knock('/rest/v1/a', { apikey, 'x-real-ip': fromOf(at) })
      const all: WebSocket[] = []
      // As many at once as the listener's queue holds.
      while (all.length < max) {
        const next = Array.from({ length: Math.min(100, max - all.length) }, (_, at) =>
          knockAs(all.length + at),
        )
        await Promise.all(next.map((socket) => once(socket, 'open')))
        all.push(...next)
      }
      const [status, body] = await refusalOf(knockAs(0))
      // In the service's own words.
      expect([status, JSON.parse(body)]).toEqual([
        429,
        {
          code: 'too-many-sockets',
          message: expect.stringContaining(`${max} connections ${detail}`),
          details: null,
          hint: expect.anything(),
        },
      ])
      expect((await refusalOf(knock('/rest/v1/a')))[0]).toBe(401)
      all[0]?.close()
      await vi.waitFor(async () => {
        const socket = knockAs(0)
        await once(socket, 'open')
      }, 10_000)
    },
  )

  test('that is refused leaves nothing behind, whatever its caller does with the connection', async () => {
    const runtime = await harness.start(echo, { talk, drainMs: 30_000 })
    const socket = connect({ path: harness.socketPath, allowHalfOpen: true })
    socket.on('error', () => {})
    socket.write(`GET /rest/v1/a HTTP/1.1\r\nHost: a\r\n${HANDSHAKE}\r\n`)
    await once(socket, 'data')
    socket.write('something that nobody reads')
    expect(await runtime.stop()).toBe(true)
    socket.destroy()
  })

  test('whose key is taken back while it waits opens nothing that stays', async () => {
    const { promise, resolve } = Promise.withResolvers<void>()
    await harness.start(echo, { talk, starts: promise })
    const socket = knock('/rest/v1/a', { apikey: await keyOf() })
    const ended = endOf(socket)
    await pause(100)
    await harness.writeDocument({ generation: 2, jwtSecret: 'the-next-secret-of-this-test-and-no-other' })
    await vi.waitFor(() => expect(JSON.stringify(harness.records)).toContain('document applied'))
    resolve()
    expect(await ended).toEqual([1008, 'the key of this connection does not hold any more'])
  })
})

describe('an open connection', () => {
  test('counts as use for as long as it is open', async () => {
    await harness.start(echo, { talk })
    const socket = await open()
    const file = join(dirname(harness.socketPath), 'active')
    const longAgo = new Date(0)
    utimesSync(file, longAgo, longAgo)
    await vi.waitFor(() => expect(statSync(file).mtimeMs).toBeGreaterThan(Date.now() - 60_000), 12_000)
    socket.close()
    await once(socket, 'close')
    // The last look may still be one of its time; the one after that is not.
    await pause(6_000)
    utimesSync(file, longAgo, longAgo)
    await pause(6_000)
    expect(statSync(file).mtimeMs).toBe(0)
  }, 40_000)

  test('is ended when nothing was heard for a while, and not before', async () => {
    await harness.start(echo, { talk })
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    const socket = await open()
    vi.advanceTimersByTime(SOCKET_SILENCE_MS - 1)
    expect(await answerTo(socket, 'still here')).toContain('still here')
    vi.advanceTimersByTime(SOCKET_SILENCE_MS - 1)
    expect(await answerTo(socket, 'and here')).toContain('and here')
    vi.advanceTimersByTime(SOCKET_SILENCE_MS)
    expect(await endOf(socket)).toEqual([1000, 'nothing was heard for a while'])
  })

  test('is cut when its caller does not read what it asks for', async () => {
    const peers: Peer[] = []
    const silent: typeof talk = () => (peer) => {
      peers.push(peer)
      return () => {}
    }
    await harness.start(echo, { talk: silent })
    const socket = await open()
    socket.pause()
    const ended = endOf(socket)
    for (let left = 400; left > 0; left--) peers[0]?.say('x'.repeat(10_000))
    socket.resume()
    expect((await ended)[0]).toBe(1006)
    // Saying more to one that is gone does nothing.
    peers[0]?.say('more')
  })

  test('is ended by a message that is too long, or by none that can be read', async () => {
    await harness.start(echo, { talk })
    const socket = await open()
    const ended = endOf(socket)
    socket.send('x'.repeat(SOCKET_FRAME_BYTES_MAX + 1))
    expect((await ended)[0]).toBe(1009)
  })

  test('is ended by a fault of ours, which only the log tells of; others stay', async () => {
    await harness.start(echo, { talk })
    const [socket, other] = [await open(), await open()]
    const ended = endOf(socket)
    socket.send('boom')
    expect(await ended).toEqual([1011, 'Something went wrong here.'])
    expect(JSON.stringify(harness.records)).toContain('broken here')
    expect(await answerTo(other, 'who')).toBe('anon at /a')
  })

  test('ends when its key is taken back, and stays with any other change', async () => {
    await harness.start(echo, { talk })
    const socket = await open()
    await harness.writeDocument({ generation: 2, limits: { bodyBytesMax: 2000, urlBytesMax: 200 } })
    await vi.waitFor(() => expect(JSON.stringify(harness.records)).toContain('document applied'))
    // By the time another one was opened and answered, this one was judged.
    expect(await answerTo(await open(), 'who')).toBe('anon at /a')
    await pause(50)
    expect(socket.readyState).toBe(WebSocket.OPEN)
    const ended = endOf(socket)
    await harness.writeDocument({ generation: 3, jwtSecret: 'the-next-secret-of-this-test-and-no-other' })
    expect(await ended).toEqual([1008, 'the key of this connection does not hold any more'])
  })

  test('is told when the runtime ends, which waits for its farewell', async () => {
    const runtime = await harness.start(echo, { talk })
    const ended = Promise.all([await open(), await open()].map(endOf))
    expect(await runtime.stop()).toBe(true)
    const restart = [1012, 'the project restarts']
    expect(await ended).toEqual([restart, restart])
  })

  test('that says no farewell is cut, and the runtime ends all the same', async () => {
    const runtime = await harness.start(echo, { talk, drainMs: 30_000 })
    const socket = await open()
    socket.pause()
    expect(await runtime.stop()).toBe(true)
  })
})
