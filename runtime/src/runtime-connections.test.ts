/** One connection over its life: plain requests, others, and what clients do in between. */
import { connect, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { createHarness, echo, type Harness, keyOf, ok } from './runtime-harness.ts'

let harness: Harness
beforeEach(async () => {
  harness = await createHarness()
})
afterEach(() => harness.end())

/** A client that keeps its connection and tells answers apart by their bodies. */
async function client(): Promise<{
  socket: Socket
  send(...parts: string[]): Promise<void>
  text(): string
}> {
  const socket = connect(harness.socketPath)
  let text = ''
  socket.setEncoding('latin1').on('data', (part: string) => {
    text += part
  })
  socket.on('error', () => {})
  return {
    socket,
    async send(...parts) {
      for (const part of parts) {
        socket.write(part, 'latin1')
        await sleep(10)
      }
    },
    text: () => text,
  }
}

const get = async (path: string, extra = '') =>
  `GET /rest/v1/${path} HTTP/1.1\r\nHost: a\r\napikey: ${await keyOf()}\r\n${extra}\r\n`

const post = async (path: string, body: string) =>
  `POST /rest/v1/${path} HTTP/1.1\r\nHost: a\r\napikey: ${await keyOf()}\r\nContent-Length: ${body.length}\r\n\r\n${body}`

const paths = (text: string) => [...text.matchAll(/"path":"([^"]*)"/g)].map(([, path]) => path)

describe('a connection', () => {
  test('carries plain requests one after another, and keeps alive', async () => {
    await harness.start(echo)
    const { send, text, socket } = await client()
    for (const path of ['one', 'two', 'three']) await send(await get(path))
    await vi.waitFor(() => expect(paths(text())).toEqual(['/one', '/two', '/three']))
    expect(text().match(/Connection: keep-alive/g)).toHaveLength(3)
    socket.destroy()
  })

  test('goes to node:http with the first request that is not plain, and loses nothing', async () => {
    await harness.start(echo)
    const { send, text, socket } = await client()
    const head = `POST /rest/v1/chunked HTTP/1.1\r\nHost: a\r\napikey: ${await keyOf()}\r\nTransfer-Encoding: chunked\r\n\r\n`
    await send(
      await get('one'),
      head,
      '3\r\nab',
      'c\r\n',
      '0\r\n\r\n',
      await get('after'),
      await post('last', 'x'),
    )
    await vi.waitFor(() => expect(paths(text())).toEqual(['/one', '/chunked', '/after', '/last']))
    expect(text()).toContain('"body":"abc"')
    socket.destroy()
  })

  test('takes heads and bodies that come in pieces', async () => {
    await harness.start(echo)
    for (const at of [1, 10, 60, -1]) {
      const { send, text, socket } = await client()
      const request = await post('pieces', 'the whole body')
      await send(request.slice(0, at), request.slice(at))
      await vi.waitFor(() => expect(text()).toContain('"body":"the whole body"'))
      socket.destroy()
    }
  })

  test('answers what was sent ahead in its order', async () => {
    await harness.start(async (input) => {
      await sleep(input.path === '/slow' ? 50 : 0)
      return echo(input, { role: 'anon' } as never, new AbortController().signal)
    })
    const { send, text, socket } = await client()
    await send(await get('slow'), await get('quick'), (await get('third')) + (await get('fourth')))
    await vi.waitFor(() => expect(paths(text())).toEqual(['/slow', '/quick', '/third', '/fourth']))
    socket.destroy()
  })

  test('answers no more to who does not read', async () => {
    let asked = 0
    await harness.start(async () => {
      asked += 1
      return ok('x'.repeat(1_000_000))
    })
    const socket = connect(harness.socketPath)
    socket.on('error', () => {})
    socket.pause()
    const request = await get('large')
    for (let n = 0; n < 50; n += 1) {
      socket.write(request)
      await sleep(2)
    }
    expect(asked).toBeLessThan(5)
    socket.resume()
    await vi.waitFor(() => expect(asked).toBe(50), 10_000)
    socket.destroy()
  })

  test('refuses what is no HTTP as node:http does', async () => {
    await harness.start(echo)
    expect(await harness.raw('nonsense\r\n\r\n')).toMatch(/^HTTP\/1\.1 400 /)
  })

  test('ends when the caller says it has nothing more to say', async () => {
    await harness.start(echo)
    const { send, text, socket } = await client()
    await send(await get('one'))
    await vi.waitFor(() => expect(paths(text())).toEqual(['/one']))
    const closed = new Promise((resolve) => socket.once('close', resolve))
    socket.end()
    await closed
  })
})

describe('an answer', () => {
  test.each<[string, [string, string][]]>([
    ['a line break in a value', [['X-Made', 'a\r\nSet-Cookie: b']]],
    ['a name that is none', [['X Made', 'a']]],
    ['letters beyond Latin-1', [['X-Made', '日']]],
  ])('that no HTTP message can say is a bug, not a message: %s', async (_what, headers) => {
    await harness.start(async () => ({ status: 200, headers, body: 'x' }))
    const { send, text, socket } = await client()
    await send(await get('one'))
    await vi.waitFor(() => expect(text()).toMatch(/^HTTP\/1\.1 500 /))
    expect(text()).not.toContain('X-Made')
    socket.destroy()
  })

  test('to HEAD has the length and no body; one without content has neither', async () => {
    await harness.start(async ({ path }) => ({
      status: path === '/none' ? 204 : 200,
      headers: [],
      body: 'ü',
    }))
    const { send, text, socket } = await client()
    await send((await get('head')).replace('GET', 'HEAD'), await get('none'), await get('body'))
    await vi.waitFor(() => expect(text().match(/HTTP\/1\.1/g)).toHaveLength(3))
    const [head, none, body] = text().split(/(?=HTTP\/1\.1)/)
    expect(head).toMatch(/content-length: 2\r\n[\s\S]*\r\n\r\n$/)
    expect(none).not.toContain('content-length')
    expect(body).toMatch(/\r\n\r\n\xc3\xbc$/)
    socket.destroy()
  })
})
