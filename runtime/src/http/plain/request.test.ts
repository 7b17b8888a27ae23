/** What is taken for plain, node:http reads the same way: so says node:http itself. */
import { once } from 'node:events'
import { createServer, type IncomingMessage } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Heads } from './heads.ts'
import { readPlain } from './request.ts'

const plain = (text: string) => readPlain(Buffer.from(text, 'latin1'), new Heads())

describe('a request is plain', () => {
  test('when it is whole, with each header once', () => {
    expect(plain('GET /a?b=%20c HTTP/1.1\r\nHost: x\r\nX-Some:  a value \r\nEmpty:\r\n\r\n')).toEqual({
      method: 'GET',
      url: '/a?b=%20c',
      headers: { host: 'x', 'x-some': 'a value', empty: '' },
      headersText: undefined,
      body: null,
    })
    expect(plain('POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 2\r\n\r\n{}')?.body).toEqual(
      Buffer.from('{}'),
    )
    expect(plain('GET / HTTP/1.1\r\nhost: x\r\nconnection: Keep-Alive\r\n\r\n')).not.toBeNull()
  })

  test.each([
    ['half a head', 'GET / HTTP/1.1\r\nHost: x\r\n'],
    ['no host', 'GET / HTTP/1.1\r\n\r\n'],
    ['a host twice', 'GET / HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n'],
    ['a name of every object', 'GET / HTTP/1.1\r\nHost: x\r\nconstructor: y\r\n\r\n'],
    ['an older version', 'GET / HTTP/1.0\r\nHost: x\r\n\r\n'],
    ['a whole URL', 'GET http://x/ HTTP/1.1\r\nHost: x\r\n\r\n'],
    ['another method', 'PROPFIND / HTTP/1.1\r\nHost: x\r\n\r\n'],
    ['a second request', 'GET / HTTP/1.1\r\nHost: x\r\n\r\nGET / HTTP/1.1\r\nHost: x\r\n\r\n'],
    ['part of a body', 'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nab'],
    ['more than a body', 'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\nab'],
    ['a length that is none', 'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: +2\r\n\r\nab'],
    ['chunks', 'POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n'],
    ['an upgrade', 'GET / HTTP/1.1\r\nHost: x\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n'],
    ['a wish to end', 'GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n'],
    ['an expectation', 'POST / HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n{}'],
    ['a folded line', 'GET / HTTP/1.1\r\nHost: x\r\nA: b\r\n c\r\n\r\n'],
    ['space before a colon', 'GET / HTTP/1.1\r\nHost: x\r\nA : b\r\n\r\n'],
    ['a bare line feed', 'GET / HTTP/1.1\r\nHost: x\nA: b\r\n\r\n'],
    ['a bare carriage return', 'GET / HTTP/1.1\r\nHost: x\rA: b\r\n\r\n'],
    ['a zero byte', 'GET / HTTP/1.1\r\nHost: x\0\r\n\r\n'],
    ['letters beyond ASCII in the URL', 'GET /\xe9 HTTP/1.1\r\nHost: x\r\n\r\n'],
  ])('not with %s', (_what, text) => {
    expect(plain(text)).toBeNull()
  })
})

describe('the next', () => {
  const head = '\r\nHost: x\r\nAccept: a\r\n\r\n'
  const readAll = (...texts: string[]) => {
    const heads = new Heads()
    return texts.map((text) => readPlain(Buffer.from(text, 'latin1'), heads))
  }

  test('has the same headers without reading them when they are the same bytes', () => {
    const [first, second] = readAll(`GET /a HTTP/1.1${head}`, `DELETE /longer HTTP/1.1${head}`)
    expect(second).toMatchObject({ method: 'DELETE', url: '/longer', body: null })
    expect(second?.headers).toBe(first?.headers)
    expect(second?.headersText).toBe('{"host":"x","accept":"a"}')
  })

  test.each([
    ['another value', '\r\nHost: x\r\nAccept: b\r\n\r\n', { host: 'x', accept: 'b' }],
    ['one more', '\r\nHost: x\r\nAccept: a\r\nB: c\r\n\r\n', { host: 'x', accept: 'a', b: 'c' }],
    ['one less', '\r\nHost: x\r\n\r\n', { host: 'x' }],
  ])('has its own with %s', (_what, other, headers) => {
    const [, second, third] = readAll(
      `GET / HTTP/1.1${head}`,
      `GET / HTTP/1.1${other}`,
      `GET / HTTP/1.1${head}`,
    )
    expect([second?.headers, second?.headersText]).toEqual([headers, undefined])
    expect(third?.headers).toEqual({ host: 'x', accept: 'a' })
  })

  test('has its own id, and else the same', () => {
    const withId = (id: string) =>
      `GET / HTTP/1.1\r\nHost: x\r\nX-Request-Id: ${id}\r\nAccept: "x-request-id":"\r\n\r\n`
    const [, second, third] = readAll(withId('a1'), withId('b22'), withId('c333'))
    for (const [found, id] of [
      [second, 'b22'],
      [third, 'c333'],
    ] as const) {
      const headers = { host: 'x', 'x-request-id': id, accept: '"x-request-id":"' }
      expect(found).toMatchObject({ headers, headersText: JSON.stringify(headers) })
    }
  })

  test.each([
    ['twice', 'X-Request-Id: a\r\nX-Request-Id: b'],
    ['in two spellings', 'X-Request-Id: a\r\nx-request-id: b'],
    ['broken over two lines', 'X-Request-Id: a\r\n b'],
  ])('is not plain with an id %s, whatever came before', (_how, lines) => {
    const one = 'GET / HTTP/1.1\r\nHost: x\r\nX-Request-Id: a\r\n\r\n'
    expect(readAll(one, one, `GET / HTTP/1.1\r\nHost: x\r\n${lines}\r\n\r\n`).at(-1)).toBeNull()
  })

  test('is read anew when too many others came between, and kept when it comes again', () => {
    const other = (n: number) => `GET / HTTP/1.1\r\nHost: x\r\nAccept: ${n}\r\n\r\n`
    const crowd = Array.from({ length: 600 }, (_, n) => other(n))
    const [, seen] = readAll(other(-1), ...crowd.slice(0, 200), other(-1)).slice(-2)
    expect(seen?.headersText).toBeDefined()
    expect(readAll(other(-1), ...crowd, other(-1)).at(-1)?.headersText).toBeUndefined()
  })

  test('has its own body', () => {
    const post = '\r\nHost: x\r\nContent-Length: 2\r\n\r\n'
    const texts = ['{}', '[]', '', '[1]'].map((body) => `POST / HTTP/1.1${post}${body}`)
    expect(readAll(...texts).map((found) => found?.body?.toString())).toEqual([
      '{}',
      '[]',
      undefined,
      undefined,
    ])
  })
})

describe('beside node:http', () => {
  type Read = { method: string; url: string; headers: IncomingMessage['headers']; body: string }
  let seen: Read[] = []
  const server = createServer((request, response) => {
    let body = ''
    request.setEncoding('latin1').on('data', (part: string) => {
      body += part
    })
    request.on('end', () => {
      const { method = '', url = '', headers } = request
      seen.push({ method, url, headers, body })
      response.end()
    })
  })
  beforeAll(async () => {
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
  })
  afterAll(() => {
    server.close()
  })

  const asNodeReadsIt = async (bytes: Buffer): Promise<Read[]> => {
    seen = []
    const socket = connect((server.address() as AddressInfo).port, '127.0.0.1')
    socket.on('error', () => {})
    socket.resume()
    socket.write(bytes)
    socket.end()
    await once(socket, 'close')
    return seen
  }

  const token = fc.stringMatching(/^[\w!#$%&'*+.^`|~-]{1,12}$/)
  const value = fc.oneof(
    fc.stringMatching(/^[\t -~\x80-\xff]{0,20}$/),
    fc.constantFrom('keep-alive', '5', '0', 'chunked'),
  )
  const name = fc.oneof(
    token,
    fc.constantFrom('Host', 'Content-Length', 'Accept', 'Prefer', 'Cookie', 'Connection', 'Range'),
  )
  const line = fc.tuple(name, fc.constantFrom(':', ': ', ':\t ', ' : '), value).map((parts) => parts.join(''))
  const request = fc
    .record({
      method: fc.constantFrom('GET', 'HEAD', 'POST', 'PATCH', 'PUT', 'DELETE', 'OPTIONS', 'get', 'PURGE'),
      url: fc.oneof(fc.stringMatching(/^\/[!-~]{0,30}$/), fc.stringMatching(/^[ -~]{0,20}$/)),
      lines: fc.array(line, { maxLength: 6 }),
      body: fc.stringMatching(/^[ -~\r\n]{0,12}$/),
      withLength: fc.boolean(),
    })
    .map(({ method, url, lines, body, withLength }) => {
      const length = withLength ? [`Content-Length: ${body.length}`] : []
      const head = [`${method} ${url} HTTP/1.1`, 'Host: x', ...length, ...lines].join('\r\n')
      return Buffer.from(`${head}\r\n\r\n${withLength ? body : ''}`, 'latin1')
    })

  test('every plain request is one request, and the same', { timeout: 60_000 }, async () => {
    let taken = 0
    await fc.assert(
      fc.asyncProperty(request, async (bytes) => {
        const found = readPlain(bytes, new Heads())
        if (found === null) return
        taken += 1
        const { body, headersText: _unknown, ...head } = found
        expect(await asNodeReadsIt(bytes)).toEqual([{ ...head, body: body?.toString('latin1') ?? '' }])
      }),
      { numRuns: 1_500 },
    )
    expect(taken).toBeGreaterThan(150)
  })
})
