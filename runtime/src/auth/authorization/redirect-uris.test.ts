import { describe, expect, test } from 'vitest'
import { isClaimed, isRegistered, refuseRedirectUri, withMembers } from './redirect-uris.ts'

describe('a redirect URI may be registered', () => {
  test.each([
    'https://app.example/cb',
    'https://app.example:8443/cb?tenant=1',
    'https://app.example',
    'http://localhost:3000/cb',
    'http://127.0.0.1/cb',
    'http://[::1]:8080/cb',
    'com.example.app:/signed-in',
    'com.example.app://signed-in',
    'cursor://anysphere.cursor-mcp/oauth/callback',
  ])('%s', (uri) => {
    expect(refuseRedirectUri(uri)).toBeUndefined()
  })
})

describe('a redirect URI is refused', () => {
  test.each([
    ['that goes over the net unencrypted', 'http://app.example/cb'],
    ['that runs where it is opened', 'javascript:alert(1)'],
    ['of another scheme that does something', 'data:text/html,x'],
    ['of an app without a domain', 'myapp://cb'],
    ['of another app of a known scheme', 'cursor://evil/cb'],
    ['whose app only begins like a known one', 'cursor://anysphere.cursor-mcp.evil/cb'],
    ['with a fragment', 'https://app.example/cb#here'],
    ['with an empty fragment', 'https://app.example/cb#'],
    ['with a user', 'https://app.example@evil.example/cb'],
    ['without a host', 'https:/cb'],
    ['with a comma, which would be two in the table', 'https://app.example/cb,https://evil.example/cb'],
    ['with a space', 'https://app.example/c b'],
    ['with a backslash', 'https://app.example\\@evil.example/cb'],
    ['with a control character', 'https://app.example/\u0000'],
    ['with a sign that turns the writing around', 'https://app.example/\u202ecb'],
    ['with a lone surrogate', 'https://app.example/\ud800'],
    ['that is a pattern', 'https://*'],
    ['that is no URI', '/cb'],
    ['that is too long', `https://app.example/${'a'.repeat(2_048)}`],
  ])('%s', (_sentence, uri) => {
    expect(refuseRedirectUri(uri)).toBeTypeOf('string')
  })
})

describe('what is asked for', () => {
  const registered = [
    'https://app.example/cb',
    'http://127.0.0.1/cb',
    'http://[::1]:80/cb?a=1',
    'http://localhost/cb',
  ]
  test.each([
    ['is what was registered', 'https://app.example/cb', true],
    ['may have another port on the loopback', 'http://127.0.0.1:51004/cb', true],
    ['may have another port on the loopback of IPv6', 'http://[::1]:51004/cb?a=1', true],
    ['may have no other port elsewhere', 'https://app.example:8443/cb', false],
    ['may have no other port on localhost, which is a name', 'http://localhost:51004/cb', false],
    ['may not be below it', 'https://app.example/cb/more', false],
    ['may not have a query besides', 'https://app.example/cb?x=1', false],
    ['may not be written in another way', 'https://APP.example/cb', false],
    ['may not end with a slash besides', 'https://app.example/cb/', false],
    ['may not be another path of the loopback', 'http://127.0.0.1:51004/other', false],
    ['may not be another address of the loopback', 'http://127.0.0.2:51004/cb', false],
    ['may not go around by a user', 'http://127.0.0.1:1@evil.example/cb', false],
    ['may not have a port that is none', 'http://127.0.0.1:99999/cb', false],
    ['may not become unencrypted', 'http://app.example/cb', false],
  ])('%s', (_sentence, uri, allowed) => {
    expect(isRegistered(uri, registered)).toBe(allowed)
  })
})

test('only an address of https is answered by nobody but its owner', () => {
  expect(isClaimed('https://app.example/cb')).toBe(true)
  expect(['http://127.0.0.1/cb', 'com.example.app:/cb'].some(isClaimed)).toBe(false)
})

test.each([
  ['behind the path', 'https://app.example/cb', 'https://app.example/cb?code=1&state=a+b'],
  [
    'behind a query of its own',
    'https://app.example/cb?t=%20',
    'https://app.example/cb?t=%20&code=1&state=a+b',
  ],
  ['of an app', 'com.example.app:/cb', 'com.example.app:/cb?code=1&state=a+b'],
])('members stand %s, and the rest as it was', (_sentence, uri, expected) => {
  expect(withMembers(uri, { code: '1', state: 'a b', iss: null })).toBe(expected)
})
