import { expect, test } from 'vitest'
import { bindOf, hostAt } from './bind.mjs'

const four = { family: 'IPv4', internal: false, address: '203.0.113.7' }
const loopback = { lo: [{ family: 'IPv6', internal: true, address: '::1' }] }
const link = { eth0: [four, { family: 'IPv6', internal: false, address: 'fe80::1' }] }
const world = { eth0: [four, { family: 'IPv6', internal: false, address: '2001:db8::7' }] }

test.each([
  ['the loopback', { local: true }, { eth0: [four] }, ['127.0.0.1']],
  ['the loopback of both kinds', { local: true }, { ...loopback, ...world }, ['127.0.0.1', '::1']],
  ['all of IPv4', { local: false }, { ...loopback, ...link }, ['0.0.0.0']],
  ['all of both kinds', { local: false }, { ...loopback, ...world }, ['0.0.0.0', '::']],
  ['all of IPv4 behind a proxy', { local: false, hasProxies: true }, { ...loopback, ...world }, ['0.0.0.0']],
  ['what was named', { named: '10.0.0.1, ::1', local: false }, world, ['10.0.0.1', '::1']],
])(
  'without or with a word of its owner, an instance is reached at %s',
  (_what, wish, interfaces, expected) => {
    expect(bindOf(wish, interfaces)).toEqual(expected)
  },
)

test.each([
  [['0.0.0.0', '::'], '127.0.0.1'],
  [['::'], '::1'],
  [['::1', '10.0.0.1'], '10.0.0.1'],
  [['2001:db8::7'], '2001:db8::7'],
])('what is bound to %j is asked at %s', (bind, host) => {
  expect(hostAt(bind)).toBe(host)
})
