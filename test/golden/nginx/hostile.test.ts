/**
 * Whatever people make projects, names and messages of, the configuration has the directives it would have had with
 * harmless words, and nothing that nginx would take for a variable of theirs. 10,000 sites, at full size 100,000.
 */
import { renderEdge } from '@cascata/control/edge/render'
import { EdgeSite } from '@cascata/control/edge/site'
import { HostName } from '@cascata/shared/host-name'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { testConfig } from '../../harness/config.ts'
import { outlineOf, parseNginx } from './parse.ts'
import { sites } from './sites.ts'

const RUNS = testConfig.size === 'full' ? 100_000 : 10_000

/** Words that have meant something to a parser of configurations, of headers, of shells or of JSON. */
const TROUBLE = [
  "'",
  '"',
  '\\',
  "\\'",
  ';',
  '{',
  '}',
  '$',
  '${',
  '$host',
  '$request_uri',
  '#',
  '\n',
  '\r\n',
  '\u0000',
  '\u2028',
  '%0d%0aSet-Cookie: a=b',
  '; return 200 owned;',
  "'; } server { listen 8080; server_name evil.example; } #",
  'include /etc/passwd;',
  '</p><script>',
  '*.example',
  '~^.*$',
  '_',
  'default_server',
  '../../../etc',
  'localhost',
  '127.0.0.1',
  '\ufeff',
  'xn--',
  'ß',
  '。',
]
const hostile = fc
  .array(fc.oneof(fc.constantFrom(...TROUBLE), fc.string({ unit: 'binary', maxLength: 8 }), fc.domain()), {
    maxLength: 6,
  })
  .map((pieces) => pieces.join(''))

const certificate = { name: 'localhost', trusted: true }
const base = { ...sites['no-projects'] }

type Words = {
  ref: string
  name: string
  target: string
  message: string
  proxy: string
  certificate: string
}

/** Undefined where the model itself refuses. */
function siteOf({ ref, name, target, message, proxy, certificate: file }: Words): EdgeSite | undefined {
  const [host, to] = [HostName.safeParse(name), HostName.safeParse(target)]
  // The instance's own certificate is said once, for all.
  if (!host.success || !to.success || file === certificate.name) return undefined
  const parsed = EdgeSite.safeParse({
    ...base,
    trustedProxies: [proxy],
    projects: [
      {
        ...{ ref, bodyBytesMax: 1_000, hstsMaxAgeS: 60, answer: { slots: [1] } },
        maintenance: { message, retryAfterS: 5 },
        names: [
          { name: `${ref}.localhost`, certificate, redirectTo: null, httpsOnly: true },
          { name: host.data, certificate: { name: file, trusted: true }, redirectTo: null, httpsOnly: true },
          { name: `www.${host.data}`, certificate, redirectTo: to.data, httpsOnly: false },
        ],
      },
    ],
  })
  return parsed.success ? parsed.data : undefined
}

const harmless: Words = {
  ...{ ref: 'shop', name: 'shop.example', target: 'www.example', message: 'Back soon' },
  ...{ proxy: '192.0.2.0/24', certificate: 'shop' },
}
const outline = (site: EdgeSite) => outlineOf(parseNginx(renderEdge(site).text))

describe('hostile words', () => {
  const model = siteOf(harmless)
  if (!model) throw new Error('the harmless site must be one')
  const agreed = outline(model)

  test.each(Object.keys(harmless) as (keyof Words)[])(
    'in place of the %s add no directive, block or word',
    (field) => {
      let taken = 0
      fc.assert(
        fc.property(hostile, (word) => {
          const site = siteOf({ ...harmless, [field]: word })
          if (!site) return
          taken += 1
          expect(outline(site)).toEqual(agreed)
        }),
        { numRuns: Math.ceil(RUNS / Object.keys(harmless).length), ...seedOf() },
      )
      expect(taken).toBeGreaterThan(field === 'message' ? RUNS / 10 : 0)
    },
  )

  test('in a message never reach nginx as variables', () => {
    const message = ['$host', '$', '{request_uri} $http_authorization'].join('')
    const site = siteOf({ ...harmless, message })
    if (!site) throw new Error('a message may be anything')
    const said = parseNginx(renderEdge(site).text)
    const returns = allOf(said).filter(({ words }) => words[0] === 'return' && words[1] === '503')
    const variables = returns.flatMap(({ words }) => words[2]?.match(/\$\w+/g) ?? [])
    expect([...new Set(variables)]).toEqual(['$request_id'])
  })
})

test('the parser sees what was smuggled in', () => {
  expect(() => parseNginx("return 200 'a'; } server { listen 1; ")).toThrow('braces')
  expect(outlineOf(parseNginx("return 200 'a'; listen 1;"))).toEqual(['return/2', 'listen/1'])
  expect(outlineOf(parseNginx("return 200 'a\\'; listen 1;';"))).toEqual(['return/2'])
  expect(() => parseNginx("return 200 'a")).toThrow('never closed')
  expect(() => parseNginx('server { listen 1; } }')).toThrow('braces')
})

const allOf = (directives: ReturnType<typeof parseNginx>): ReturnType<typeof parseNginx> =>
  directives.flatMap((each) => [each, ...allOf(each.block ?? [])])

const seedOf = () => (testConfig.seed === undefined ? {} : { seed: testConfig.seed })
