import { Domain } from '@cascata/shared/domain'
import { describe, expect, test } from 'vitest'
import { instancePlace } from './instance-place.ts'

const given = { domain: Domain.parse('apps.example'), publicAddresses: [], trustedProxies: [] }
const both = { addressesOf: async () => ['203.0.113.7', '2001:db8::7'] }

describe('the addresses that lead here', () => {
  test.each([
    ['are those of the domain', { bind: ['0.0.0.0', '::'] }, ['203.0.113.7', '2001:db8::7']],
    ['are none of IPv6 where nothing listens on it', { bind: ['0.0.0.0'] }, ['203.0.113.7']],
    [
      'are all of them where a proxy stands in front',
      { bind: ['10.0.0.1'], trustedProxies: ['10.0.0.2'] },
      ['203.0.113.7', '2001:db8::7'],
    ],
    ['are what was said', { bind: ['0.0.0.0'], publicAddresses: ['2001:db8::9'] }, ['2001:db8::9']],
    [
      'are the loopback without a domain',
      { domain: Domain.parse('localhost'), bind: ['127.0.0.1', '::1'] },
      ['127.0.0.1', '::1'],
    ],
  ])('%s', async (_sentence, more, addresses) => {
    expect((await instancePlace({ ...given, ...more }, both).now()).addresses).toEqual(addresses)
  })

  test('stay what they were while DNS does not answer', async () => {
    let isAway = false
    const names = {
      addressesOf: async () => {
        if (isAway) throw new Error('away')
        return ['203.0.113.7']
      },
    }
    const place = instancePlace({ ...given, bind: ['0.0.0.0'] }, names)
    await place.now()
    isAway = true
    expect((await place.now()).addresses).toEqual(['203.0.113.7'])
    expect(place.known()).toEqual(['203.0.113.7'])
  })
})
