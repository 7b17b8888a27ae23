import { describe, expect, test } from 'vitest'
import { ConfigInvalid, readConfig, urlsOf } from './config.ts'

describe('the configuration', () => {
  test('without an environment is a local instance on the loopback', () => {
    expect(readConfig({})).toMatchObject({
      home: '/var/lib/cascata',
      domain: 'localhost',
      instance: 'cascata',
      httpPort: 8080,
      httpsPort: 8443,
      dbSessionPort: 15_432,
      dbTransactionPort: 16_543,
      bind: ['127.0.0.1'],
      dockerSocket: '/var/run/docker.sock',
      crashAt: undefined,
    })
  })

  test('with a domain listens to the world on the standard ports', () => {
    expect(readConfig({ CASCATA_DOMAIN: 'apps.example.com' })).toMatchObject({
      httpPort: 80,
      httpsPort: 443,
      dbSessionPort: 5432,
      dbTransactionPort: 6543,
      bind: ['0.0.0.0'],
    })
  })

  test('takes its domain from its address, where names are made of addresses', () => {
    const environment = { CASCATA_DOMAIN: 'sslip.io', CASCATA_PUBLIC_ADDRESS: '2001:db8::7, 203.0.113.7' }
    expect(readConfig(environment)).toMatchObject({
      domain: '203-0-113-7.sslip.io',
      publicAddresses: ['2001:db8::7', '203.0.113.7'],
      httpsPort: 443,
    })
  })

  test('takes lists of addresses, networks and name servers', () => {
    const environment = {
      CASCATA_TRUSTED_PROXIES: '10.0.0.0/8, 2001:db8::/32,192.0.2.1',
      CASCATA_DNS_SERVERS: '192.0.2.53,127.0.0.1:8053,[::1]:53',
    }
    expect(readConfig(environment)).toMatchObject({
      trustedProxies: ['10.0.0.0/8', '2001:db8::/32', '192.0.2.1'],
      dnsServers: ['192.0.2.53', '127.0.0.1:8053', '[::1]:53'],
    })
  })

  test('takes the addresses at which it is reached, of either kind and once each', () => {
    expect(readConfig({ CASCATA_BIND: '203.0.113.7, 2001:db8::7,203.0.113.7' }).bind).toEqual([
      '203.0.113.7',
      '2001:db8::7',
    ])
  })

  test('is reached behind proxies by IPv4 and its own loopback', () => {
    const environment = { CASCATA_BIND: '0.0.0.0,0:0:0:0:0:0:0:1', CASCATA_TRUSTED_PROXIES: '172.16.0.0/12' }
    expect(readConfig(environment).bind).toEqual(['0.0.0.0', '0:0:0:0:0:0:0:1'])
  })

  test.each([
    ['half an hour on the loopback', {}, 30],
    ['never with a domain', { CASCATA_DOMAIN: 'apps.example.com' }, 'never'],
    ['what is said', { CASCATA_DOMAIN: 'apps.example.com', CASCATA_SLEEP_AFTER_MINUTES: '5' }, 5],
    ['never, where that is said', { CASCATA_SLEEP_AFTER_MINUTES: 'never' }, 'never'],
  ])('puts unused projects to sleep after %s', (_what, environment, after) => {
    expect(readConfig(environment).sleepAfterMinutes).toBe(after)
  })

  test.each([
    ['nobody, without a word', {}, null],
    [
      'Let’s Encrypt, with an address alone',
      { CASCATA_ACME_EMAIL: 'me@example.com' },
      { directory: expect.stringContaining('letsencrypt.org'), email: 'me@example.com', caFile: null },
    ],
    [
      'another authority, with its directory',
      { CASCATA_ACME_DIRECTORY: 'https://ca.test/dir', CASCATA_ACME_CA: '/etc/ca.pem' },
      { directory: 'https://ca.test/dir', email: null, caFile: '/etc/ca.pem' },
    ],
  ])('asks for certificates: %s', (_sentence, environment, acme) => {
    expect(readConfig(environment).acme).toEqual(acme)
  })

  test('takes what is empty for what is not set', () => {
    expect(readConfig({ CASCATA_DOMAIN: '', CASCATA_HTTP_PORT: '' })).toEqual(readConfig({}))
  })

  test.each([
    ['a relative home', { CASCATA_HOME: 'here' }, /^CASCATA_HOME: an absolute path/],
    [
      'a home too long for sockets below it',
      { CASCATA_HOME: `/${'x'.repeat(60)}` },
      /^CASCATA_HOME: at most/,
    ],
    ['a domain with a space', { CASCATA_DOMAIN: 'a b' }, /^CASCATA_DOMAIN: a domain is/],
    ['a name that Docker would not take', { CASCATA_INSTANCE: 'My Own' }, /^CASCATA_INSTANCE: /],
    ['a port that is none', { CASCATA_HTTP_PORT: '80a' }, /^CASCATA_HTTP_PORT: /],
    ['an address that is none', { CASCATA_BIND: 'localhost' }, /^CASCATA_BIND: /],
    [
      'one of several that is none',
      { CASCATA_BIND: '127.0.0.1,::g' },
      /^CASCATA_BIND: an IPv4 or IPv6 address$/,
    ],
    [
      'all of IPv6 behind a proxy, which a stranger might be taken for',
      { CASCATA_BIND: '0.0.0.0,::', CASCATA_TRUSTED_PROXIES: '172.16.0.0/12' },
      /^CASCATA_BIND: :: does not go together with CASCATA_TRUSTED_PROXIES/,
    ],
    ['a name made of no address', { CASCATA_DOMAIN: 'sslip.io' }, /^CASCATA_DOMAIN: sslip.io needs/],
    ['a network that is none', { CASCATA_TRUSTED_PROXIES: '10.0.0.0/8;x' }, /^CASCATA_TRUSTED_PROXIES/],
    ['a name server that is none', { CASCATA_DNS_SERVERS: 'dns.example' }, /^CASCATA_DNS_SERVERS/],
    [
      'a time to sleep that is none',
      { CASCATA_SLEEP_AFTER_MINUTES: 'soon' },
      /^CASCATA_SLEEP_AFTER_MINUTES: "never"/,
    ],
    ['no time at all', { CASCATA_SLEEP_AFTER_MINUTES: '0' }, /^CASCATA_SLEEP_AFTER_MINUTES: /],
    ['a directory without TLS', { CASCATA_ACME_DIRECTORY: 'http://ca.test' }, /^CASCATA_ACME_DIRECTORY: /],
    ['an address for mail that is none', { CASCATA_ACME_EMAIL: 'nobody' }, /^CASCATA_ACME_EMAIL: /],
    ['a crash point that is none', { CASCATA_CRASH_AT: 'sometime' }, /^CASCATA_CRASH_AT: "before:/],
  ])('refuses %s and says which it was', (_what, environment, words) => {
    expect(() => readConfig(environment)).toThrow(ConfigInvalid)
    expect(() => readConfig(environment)).toThrow(words)
  })

  test('says all at once that is wrong', () => {
    const twice = { CASCATA_HOME: 'here', CASCATA_DOMAIN: 'a b' }
    expect(() => readConfig(twice)).toThrow(/CASCATA_HOME: .*\nCASCATA_DOMAIN: /)
  })
})

test.each([
  [
    'a local instance is reached by plain HTTP',
    {},
    ['http://localhost:8080', 'http://shop.localhost:8080', 'http://127.0.0.1:8080'],
  ],
  [
    'a domain is reached by HTTPS',
    { CASCATA_DOMAIN: 'example.com' },
    ['https://example.com', 'https://shop.example.com', 'http://127.0.0.1'],
  ],
  [
    'ports and addresses of its own are in the links',
    {
      CASCATA_DOMAIN: 'example.com',
      CASCATA_HTTP_PORT: '8000',
      CASCATA_HTTPS_PORT: '8001',
      CASCATA_BIND: '10.0.0.1',
    },
    ['https://example.com:8001', 'https://shop.example.com:8001', 'http://10.0.0.1:8000'],
  ],
  [
    'addresses of IPv6 stand in brackets',
    { CASCATA_BIND: '2001:db8::7' },
    ['http://localhost:8080', 'http://shop.localhost:8080', 'http://[2001:db8::7]:8080'],
  ],
  [
    'an address of IPv4 is the first choice',
    { CASCATA_BIND: '::,0.0.0.0' },
    ['http://localhost:8080', 'http://shop.localhost:8080', 'http://127.0.0.1:8080'],
  ],
])('%s', (_sentence, environment, expected) => {
  const { controlUrl, projectUrl, edgeUrl } = urlsOf(readConfig(environment))
  expect([controlUrl, projectUrl('shop'), edgeUrl]).toEqual(expected)
})
