import { describe, expect, test } from 'vitest'
import { serverAddressOf } from './server-address.ts'

const OWN = 'http://acme.localhost:8080/rest/v1'

const inWords = (found: ReturnType<typeof serverAddressOf>) =>
  `${found.scheme} ${found.host} ${found.basePath}`

describe('the address a document names', () => {
  test.each([
    ['is our own', OWN, 'http acme.localhost:8080 /rest/v1'],
    ['always says its port: http', 'http://acme.example/rest/v1', 'http acme.example:80 /rest/v1'],
    ['always says its port: https', 'https://acme.example/rest/v1', 'https acme.example:443 /rest/v1'],
    ['may be an IPv6 one', 'http://[::1]:3000/rest/v1', 'http [::1]:3000 /rest/v1'],
    ['is PostgREST word for any host, as it says it', 'http://!4:3000/rest/v1', 'http 0.0.0.0:3000 /rest/v1'],
  ])('%s', (_sentence, url, expected) => {
    const settings = { openapiServerProxyUri: null, trustForwarded: false }
    expect(inWords(serverAddressOf({ settings, headers: {}, url }))).toBe(expected)
  })

  test.each([
    ['with a path', 'https://postgrest.example/openapi.json', 'https postgrest.example:443 /openapi.json'],
    ['without one', 'http://postgrest.example:81', 'http postgrest.example:81 /'],
    ['with a slash at its end', 'https://a.example/rest/', 'https a.example:443 /rest/'],
  ])('is what is configured, %s', (_sentence, openapiServerProxyUri, expected) => {
    const settings = { openapiServerProxyUri, trustForwarded: true }
    const headers = { 'x-forwarded-host': 'other.example' }
    expect(inWords(serverAddressOf({ settings, headers, url: OWN }))).toBe(expected)
  })

  const own = 'http acme.localhost:8080 /rest/v1'
  test.each([
    ['the host', { 'x-forwarded-host': 'api.example:99' }, 'http api.example:99 /rest/v1'],
    [
      'the scheme, and the port that goes with it',
      { 'x-forwarded-host': 'api.example', 'x-forwarded-proto': 'https' },
      'https api.example:443 /rest/v1',
    ],
    [
      'the first of several proxies',
      { 'x-forwarded-host': 'a.example, b.example', 'x-forwarded-proto': 'https, http' },
      'https a.example:443 /rest/v1',
    ],
    ['nothing without a host', { 'x-forwarded-proto': 'https' }, own],
    ['nothing that is no host', { 'x-forwarded-host': 'a.example/evil"' }, own],
    ['nothing with a user in it', { 'x-forwarded-host': 'me@a.example' }, own],
    ['nothing with a port that cannot be', { 'x-forwarded-host': 'a.example:99999' }, own],
  ])('where a proxy is believed: %s', (_sentence, headers: Record<string, string>, expected) => {
    const settings = { openapiServerProxyUri: null, trustForwarded: true }
    expect(inWords(serverAddressOf({ settings, headers, url: OWN }))).toBe(expected)
  })

  test('a proxy is not believed where we know our name', () => {
    const settings = { openapiServerProxyUri: null, trustForwarded: false }
    expect(
      inWords(serverAddressOf({ settings, headers: { 'x-forwarded-host': 'a.example' }, url: OWN })),
    ).toBe(own)
  })
})
