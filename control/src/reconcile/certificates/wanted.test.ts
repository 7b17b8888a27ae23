import { describe, expect, test } from 'vitest'
import { type Names, wantedCertificates } from './wanted.ts'

const names = (more: Partial<Names>): Names => ({
  ...{ domain: 'localhost', attached: [], refs: ['shop', 'blog'], hasDnsProvider: false, ...more },
})
const inWords = (given: Partial<Names>) =>
  wantedCertificates(names(given)).map(
    ({ names: all, ref, challenge }) => `${all.join('+')} of ${ref ?? 'the instance'} by ${challenge}`,
  )
const attached = [{ name: 'shop.test', ref: 'shop' }]

describe('there should be', () => {
  test.each<[string, Partial<Names>, string[]]>([
    ['nothing on this machine alone', {}, []],
    ['nothing for an address', { domain: '192.0.2.1' }, []],
    [
      'one for an attached domain, whatever the instance is called',
      { attached },
      ['shop.test of shop by http-01'],
    ],
    ['none for a domain whose project is gone', { attached: [{ name: 'old.test', ref: 'old' }] }, []],
    [
      'one wildcard with a DNS provider',
      { domain: 'cascata.example', hasDnsProvider: true },
      ['*.cascata.example+cascata.example of the instance by dns-01'],
    ],
    [
      'one for each host without',
      { domain: 'cascata.example' },
      [
        'cascata.example of the instance by http-01',
        'shop.cascata.example of shop by http-01',
        'blog.cascata.example of blog by http-01',
      ],
    ],
  ])('%s', (_sentence, given, expected) => {
    expect(inWords(given)).toEqual(expected)
  })
})
