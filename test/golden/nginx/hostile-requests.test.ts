/**
 * Whatever bytes a client sends for a host, a header or a path: a project's answer, or control's, comes only to who asked
 * for it by its name, what is told to it is the edge's own, and nginx lives on. 2,000 requests, at full size 50,000.
 */
import { connect } from 'node:net'
import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type BareEdge, startBareEdge } from '../../harness/bare-edge.ts'
import { testConfig } from '../../harness/config.ts'
import { Echo, echoServer } from '../../harness/echo-server.ts'
import { running, site } from './sites.ts'

const RUNS = testConfig.size === 'full' ? 50_000 : 2_000
const IDLE_MS = 3_000
const REFS = ['alpha', 'beta'] as const

let edge: BareEdge

beforeAll(async () => {
  const own = {
    name: 'alpha.example',
    certificate: { name: 'self_alpha.example', trusted: false },
    httpsOnly: false,
  }
  edge = await startBareEdge((ports) =>
    site('localhost', [{ ...running('alpha'), names: [own] }, running('beta')], { ...ports }),
  )
  for (const ref of REFS) await edge.behind(ref, echoServer(ref))
  await edge.behind('_control', echoServer('control'))
})
afterAll(async () => {
  await edge?.stop()
})

/** Pieces that have meant something to those who take requests apart. */
const TROUBLE = [
  ...[
    'alpha',
    'beta',
    '.localhost',
    '.example',
    'alpha.localhost',
    'beta.localhost',
    'localhost',
    '127.0.0.1',
  ],
  ...[
    '.',
    '..',
    '/',
    '//',
    '\\',
    ':',
    ':0',
    ':99999',
    '@',
    '#',
    '?',
    '%',
    '%00',
    '%2e',
    '%2f',
    '%0d%0a',
    '%c0%ae',
  ],
  ...[
    '*',
    '_',
    '~',
    '$host',
    '{host}',
    ' ',
    '\t',
    '\r',
    '\0',
    '\x7f',
    '\xff',
    '[::1]',
    '[',
    ']',
    ',',
    ';',
    '"',
    "'",
  ],
  ...['_control', '_meta', 'unix:/run/cascata/beta/http/1.sock', 'project_beta', 'http://beta.localhost/'],
]
const hostile = fc
  .array(fc.oneof(fc.constantFrom(...TROUBLE), fc.string({ unit: 'binary-ascii', maxLength: 6 })), {
    maxLength: 6,
  })
  // A line's end begins another header, or another request: that is the client's own right.
  .map((pieces) => pieces.join('').replaceAll('\n', ''))

/** Spellings of names that there are, and some that only look so. */
const spelled = fc
  .tuple(
    fc.constantFrom('alpha', 'beta', 'Alpha', 'BETA', 'alpha%00', 'xalpha', 'beta.alpha', ''),
    fc.constantFrom(
      '.localhost',
      '.LocalHost',
      '.localhost.',
      '.localhost..',
      '.example',
      '.localhost.example',
    ),
    fc.constantFrom('', ':80', ':', ':x', '@beta.localhost'),
  )
  .map((pieces) => pieces.join(''))

const real = fc.constantFrom(
  'alpha.localhost',
  'beta.localhost',
  'Alpha.LocalHost:80',
  'alpha.example',
  'beta.localhost.',
)

const NAMES = [
  'X-Forwarded-Host',
  'X-Cascata-Ref',
  'X-Forwarded-For',
  'X-Forwarded-Proto',
  'Forwarded',
  'X-Real-IP',
]
const MORE = [
  'X-Request-Id',
  'Upgrade',
  'Connection',
  'Cookie',
  'Range',
  'Accept',
  'TE',
  'If-Match',
  'Via',
  'Host:',
]
/** Values that any client may send, to mislead whoever believes them. */
const told = fc.constantFrom(
  ...[
    '',
    'beta',
    'beta.localhost',
    'https',
    '127.0.0.1',
    '203.0.113.9, 10.0.0.1',
    'unix:',
    'x'.repeat(4_000),
  ],
  ...[
    'for=203.0.113.9;host=beta.localhost;proto=https',
    'keep-alive, upgrade',
    'close, x-cascata-ref',
    'trailers',
  ],
)
const headersOf = (value: fc.Arbitrary<string>, names: readonly string[]) =>
  fc.array(fc.tuple(fc.constantFrom(...names), value), { maxLength: 4 })
const odd = fc.tuple(fc.webPath(), fc.webQueryParameters()).map(([path, query]) => `/${path}?${query}`)
const absolute = fc
  .tuple(fc.constantFrom('http', 'https', 'HTTP'), fc.oneof(real, spelled, hostile), odd)
  .map(([scheme, host, path]) => `${scheme}://${host}${path}`)

/** One of the three is hostile, or all are: of the rest there is much that nginx takes. */
const usual = { host: real, target: odd, headers: headersOf(told, [...NAMES, ...MORE]) }
const worst = {
  host: fc.oneof(spelled, hostile),
  target: fc.oneof(
    absolute,
    hostile.map((path) => `/${path}`),
    hostile,
  ),
  headers: headersOf(hostile, [...NAMES, ...MORE, 'Host']),
}
const asked = fc.oneof(
  fc.record(usual),
  fc.record({ ...usual, host: worst.host }),
  fc.record({ ...usual, target: worst.target }),
  fc.record({ ...usual, headers: worst.headers }),
  fc.record(worst),
)
type Asked = { host: string; target: string; headers: [string, string][] }

/** Whose answer this may be, read apart from nginx: by the host of the target where it has one (RFC 9112, 3.2.2). */
function ownerOf({ host, target }: Asked): string | undefined {
  const absolute = /^[a-z][a-z0-9+.-]*:\/\/([^/?#\s]*)/i.exec(target)
  const name = (absolute?.[1] ?? host).trim().replace(/:\d*$/, '').replace(/\.$/, '').toLowerCase()
  if (name === 'alpha.example') return 'alpha'
  if (['localhost', '127.0.0.1', '[::1]'].includes(name)) return 'control'
  return REFS.find((ref) => name === `${ref}.localhost`)
}

/** All that is answered until the other side closes, or has nothing more to say on a connection that it keeps. */
function send({ host, target, headers }: Asked): Promise<string> {
  const lines = [
    `GET ${target} HTTP/1.1`,
    `Host: ${host}`,
    ...headers.map(([name, value]) => `${name}: ${value}`),
  ]
  return new Promise((resolve) => {
    let answer = ''
    const socket = connect({ host: '127.0.0.1', port: edge.httpPort })
    socket.setEncoding('latin1').setTimeout(IDLE_MS, () => socket.destroy())
    socket.on('data', (text: string) => {
      answer += text
      // Nobody closes what was upgraded.
      if (isUpgradedAndTold(answer)) socket.destroy()
    })
    // A client that is refused early may find the connection reset.
    socket.on('error', () => {}).on('close', () => resolve(answer))
    // Not ended: a client that leaves is not answered.
    socket.write(Buffer.from(`${[...lines, 'Connection: close'].join('\r\n')}\r\n\r\n`, 'latin1'))
  })
}

/** A piece of it is no JSON. */
function isUpgradedAndTold(answer: string): boolean {
  const told = /^HTTP\/1\.1 101 .*?\r\n\r\n(\{.*\})$/s.exec(answer)?.[1]
  try {
    return told !== undefined && JSON.parse(told) !== undefined
  } catch {
    return false
  }
}

test('hostile hosts, headers and paths never reach another project, nor end nginx', {
  timeout: 900_000,
}, async () => {
  const master = await edge.masterPid()
  const counts = new Map<string, number>()
  const failed: string[] = []
  await fc.assert(
    fc.asyncProperty(fc.array(asked, { minLength: 20, maxLength: 20 }), async (batch) => {
      await Promise.all(
        batch.map(async (each) => {
          const answer = await send(each as Asked)
          const status = /^HTTP\/1\.1 (\d{3}) /.exec(answer)?.[1] ?? 'none'
          counts.set(status, (counts.get(status) ?? 0) + 1)
          if (status.startsWith('5')) failed.push(JSON.stringify({ status, ...each }))
          const body = /\{"name":.*\}/s.exec(answer)?.[0]
          if (body === undefined) return
          const { name, url, headers } = Echo.parse(JSON.parse(body))
          expect(name).toBe(ownerOf(each as Asked))
          if (/^\/[^#]*$/.test(each.target)) expect(url).toBe(each.target.trimEnd())
          expect(headers['x-cascata-ref']).toBe(name === 'control' ? undefined : name)
          expect(headers['x-forwarded-for']).toMatch(/^[0-9.]+$/)
          expect(headers['x-forwarded-proto']).toBe('http')
          expect(headers['x-request-id']).toMatch(/^[0-9a-f]{32}$/)
          expect(headers.forwarded).toBeUndefined()
        }),
      )
    }),
    { numRuns: RUNS / 20, ...(testConfig.seed === undefined ? {} : { seed: testConfig.seed }) },
  )
  process.stderr.write(`statuses: ${JSON.stringify(Object.fromEntries(counts))}\n`)
  // Of each kind enough to have shown something.
  for (const status of ['200', '400', '404']) expect(counts.get(status)).toBeGreaterThan(RUNS / 50)
  expect(failed).toEqual([])
  expect(await edge.masterPid()).toBe(master)
  expect(await edge.log()).not.toMatch(/\[(?:alert|emerg|crit)\]|exited on signal/)
})
