import { createHash } from 'node:crypto'
import { createServer, type IncomingMessage, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, expect, test } from 'vitest'
import { findLeak } from './leaks.ts'

const PASSWORD = 'hunter2 and more'
const DIGEST = createHash('sha1').update(PASSWORD).digest('hex').toUpperCase()
const REST = DIGEST.slice(5)
const OTHER = '0'.repeat(35)

const servers: Server[] = []
afterEach(() => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections()
    server.close()
  }
})

async function service(body: string, status = 200) {
  const asked: IncomingMessage[] = []
  const server = createServer((request, response) => {
    asked.push(request)
    response.writeHead(status).end(body)
  })
  servers.push(server)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return { asked, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/range` }
}

const find = (url: string) => findLeak(PASSWORD, { url, signal: new AbortController().signal })

test.each([
  ['one that is listed is known', `${OTHER}:3\r\n${REST}:17\r\n`, true],
  ['letters may be small', `${REST.toLowerCase()}:1`, true],
  ['one that is not listed is not', `${OTHER}:3\r\n`, false],
  ['what is only padding is none', `${REST}:0\r\n`, false],
  ['an empty range knows none', '', false],
])('%s', async (_sentence, body, expected) => {
  const { url } = await service(body)
  expect(await find(url)).toBe(expected)
})

test('nothing is sent but five letters of the hash, and padding is asked for', async () => {
  const { url, asked } = await service('')
  await find(`${url}/`)
  expect(asked.map((request) => request.url)).toEqual([`/range/${DIGEST.slice(0, 5)}`])
  expect(asked[0]?.headers['add-padding']).toBe('true')
  expect(JSON.stringify(asked[0]?.headers)).not.toContain('hunter2')
})

test.each([
  ['that fails', async () => (await service('down', 503)).url],
  ['that nobody listens for', async () => 'http://127.0.0.1:9/range'],
  ['that is not https', async () => 'http://leaks.example/range'],
  ['that answers without end', async () => (await service('x'.repeat(600_000))).url],
])('of a service %s nothing is known', async (_what, place) => {
  expect(await find(await place())).toBe('unknown')
})

test('a caller who left is not told that nothing is known', async () => {
  const gone = new AbortController()
  gone.abort(new Error('gone'))
  await expect(findLeak(PASSWORD, { url: 'http://127.0.0.1:9/range', signal: gone.signal })).rejects.toThrow(
    'gone',
  )
})
