/** What the configuration lets pass, from callers to a project and back, and how much of it at once. */
import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import { connect, type Socket } from 'node:net'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type BareEdge, startBareEdge } from '../../harness/bare-edge.ts'
import { Echo, echoServer } from '../../harness/echo-server.ts'
import { askEdge, type EdgeAsk } from '../../harness/edge-ask.ts'
import { running, site } from './sites.ts'

let edge: BareEdge

beforeAll(async () => {
  edge = await startBareEdge((ports) => site('localhost', [running('shop'), running('blog')], ports))
  await edge.behind('shop', echoServer('shop'))
  await edge.behind('blog', oddServer())
})
afterAll(async () => {
  await edge?.stop()
})

/** Does with a request what its path says. */
function oddServer(): Server {
  return createServer((request, answer) => {
    request.resume().on('end', () => {
      if (request.url === '/lost') return void request.socket.destroy()
      answer.setHeader('x-accel-redirect', '/problems/unknown-host')
      answer.setHeader('x-accel-limit-rate', '1')
      answer.end('x'.repeat(5_000))
    })
  })
}

const ask = (ref: string, more: Partial<EdgeAsk> = {}) =>
  askEdge({ port: edge.httpPort, host: `${ref}.localhost:${edge.httpPort}`, ...more })

/** What the project heard. */
async function heard(more: Partial<EdgeAsk>) {
  return Echo.parse(JSON.parse((await ask('shop', more)).body.toString())).headers
}

describe('what a client says of who called, and by what name', () => {
  const names = ['for', 'host', 'proto', 'port', 'prefix', 'path', 'server', 'scheme', 'ssl', 'user', 'by']
  const others = [
    'forwarded',
    'x-real-ip',
    'x-original-url',
    'x-rewrite-url',
    'true-client-ip',
    'x-client-ip',
  ]

  test.each([...names.map((name) => `x-forwarded-${name}`), ...others])(
    'is not passed on: %s',
    async (name) => {
      expect(String((await heard({ headers: { [name]: 'mine' } }))[name] ?? '')).not.toContain('mine')
    },
  )

  test.each([
    [
      'another name in the header than in the target',
      'http://shop.localhost:81/',
      'evil.example',
      'shop.localhost:81',
    ],
    ['capitals', '/', 'SHOP.localhost:81', 'shop.localhost:81'],
    ['no port', '/', 'shop.localhost', 'shop.localhost'],
  ])('is the name that the site was chosen by: %s', async (_sentence, path, host, expected) => {
    const headers = await heard({ path, host })
    expect([headers.host, headers['x-forwarded-host']]).toEqual([expected, expected])
  })
})

test('an answer does not choose what else is shown in its place', async () => {
  const { status, body, headers } = await ask('blog')
  expect([status, body.length, headers['x-accel-redirect']]).toEqual([200, 5_000, undefined])
})

describe('a request that its project had, and did not answer', () => {
  const told = async (method: string) => {
    const { status, headers, body } = await ask('blog', { method, path: '/lost' })
    const { code } = method === 'HEAD' ? { code: '' } : JSON.parse(body.toString())
    return [status, code, headers['retry-after']]
  }

  test.each(['POST', 'PATCH', 'PUT', 'DELETE'])('may have been carried out: %s', async (method) => {
    expect(await told(method)).toEqual([502, 'answer-lost', undefined])
  })

  test('may simply be asked again where it was only to be read', async () => {
    expect(await told('GET')).toEqual([503, 'project-starting', '1'])
    expect(await told('HEAD')).toEqual([503, '', '1'])
  })

  test('was not had where nobody listens', async () => {
    const closed = createServer()
    await edge.behind('gone', closed)
    closed.close()
    await edge.serve(site('localhost', [running('shop'), running('blog'), running('gone')], edge))
    const { status, headers } = await ask('gone', { method: 'POST', body: 'x' })
    expect([status, headers['retry-after']]).toEqual([503, '1'])
  })
})

describe('one project’s sockets', () => {
  const open: Socket[] = []
  afterAll(() => {
    for (const socket of open) socket.destroy()
  })

  async function openSocket(): Promise<string> {
    const socket = connect(edge.httpPort, '127.0.0.1').on('error', () => {})
    open.push(socket)
    socket.write(
      'GET /realtime/v1/websocket HTTP/1.1\r\nHost: shop.localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n',
    )
    const [head] = await once(socket, 'data')
    return String(head).slice(0, 12)
  }

  test('leave room for others: what is too many is told to come back', async () => {
    for (let left = 1_536; left > 0; left -= 64)
      expect(new Set(await Promise.all(Array.from({ length: 64 }, openSocket)))).toEqual(
        new Set(['HTTP/1.1 101']),
      )
    const { status, headers, body } = await ask('shop')
    expect([status, headers['retry-after'], JSON.parse(body.toString())]).toEqual([
      503,
      '1',
      expect.objectContaining({ code: 'project-busy', status: 503 }),
    ])
    expect((await ask('blog')).status).toBe(200)
    expect((await ask('shop', { path: '/problems/unknown-host' })).status).toBe(302)
    open.pop()?.destroy()
    await expect.poll(async () => (await ask('shop')).status).toBe(200)
  })
})
