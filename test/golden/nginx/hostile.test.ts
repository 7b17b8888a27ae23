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

/**
 * What the model lets through, odd as it may be: else nothing but refusals would be tried. Each beside words that may
 * be refused, in about equal parts.
 */
const valid: Record<keyof Words, fc.Arbitrary<string>> = {
  ref: fc.stringMatching(/^[a-z](?:[a-z0-9]|-[a-z0-9]){2,15}$/),
  name: fc.oneof(fc.domain(), idn()),
  target: fc.oneof(fc.domain(), idn()),
  message: hostile,
  proxy: fc.oneof(
    fc.ipV4(),
    fc.ipV6(),
    fc.tuple(fc.ipV4(), fc.nat(32)).map(([address, bits]) => `${address}/${bits}`),
    fc.tuple(fc.ipV6(), fc.nat(128)).map(([address, bits]) => `${address}/${bits}`),
  ),
  certificate: fc.oneof(
    fc.stringMatching(/^[a-z0-9](?:[a-z0-9_.-]{0,100}[a-z0-9])?$/),
    fc.domain().map((name) => `wildcard_.${name.toLowerCase()}.0a1b2c3d`),
  ),
}

/** Letters of many scripts, spelled in ways that are one name. */
function idn() {
  const label = fc
    .array(fc.constantFrom(...'aZ9-ßäÖéøłşğжЯλΩ漢字かなกขअआ\u0301\u200d'), { minLength: 1, maxLength: 12 })
    .map((letters) => letters.join(''))
  return fc
    .tuple(
      fc.array(label, { minLength: 1, maxLength: 3 }),
      fc.constantFrom('.', '。', '．'),
      fc.constantFrom('', '.'),
    )
    .map(([labels, dot, end]) => `${[...labels, 'Example'].join(dot)}${end}`)
}

/** Of a hundred words, how many the model is to let through at least. */
const TAKEN_PERCENT: Record<keyof Words, number> = {
  ...{ ref: 30, name: 30, target: 30, message: 90, proxy: 40, certificate: 40 },
}

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
    { timeout: 900_000 },
    (field) => {
      let taken = 0
      const numRuns = Math.ceil(RUNS / Object.keys(harmless).length)
      fc.assert(
        fc.property(fc.oneof(hostile, valid[field]), (word) => {
          const site = siteOf({ ...harmless, [field]: word })
          if (!site) return
          taken += 1
          expect(outline(site)).toEqual(agreed)
        }),
        { numRuns, ...seedOf() },
      )
      expect((taken / numRuns) * 100).toBeGreaterThan(TAKEN_PERCENT[field])
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
