import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { Domain } from './domain.ts'
import { HostName, readableName } from './host-name.ts'

describe('a host name', () => {
  test.each([
    ['in capitals', 'Shop.Example', 'shop.example'],
    ['with a dot at the end', 'shop.example.', 'shop.example'],
    ['with spaces around', ' shop.example ', 'shop.example'],
    ['with an umlaut', 'Bücher.example', 'xn--bcher-kva.example'],
    ['decomposed', 'bu\u0308cher.example', 'xn--bcher-kva.example'],
    ['in ASCII form already', 'xn--bcher-kva.example', 'xn--bcher-kva.example'],
    ['with dots of another script', 'shop\u3002example\u3002', 'shop.example'],
    ['of three labels', 'www.shop.example', 'www.shop.example'],
  ])('%s is one spelling', (_how, typed, canonical) => {
    expect(HostName.parse(typed)).toBe(canonical)
  })

  test.each([
    ['nothing', ''],
    ['a dot', '.'],
    ['one label', 'shop'],
    ['a URL', 'https://shop.example'],
    ['a port', 'shop.example:8080'],
    ['a path', 'shop.example/x'],
    ['a wildcard', '*.shop.example'],
    ['an address', '192.0.2.1'],
    ['an address written as a number', '0x7f000001.1'],
    ['an address of version 6', '[2001:db8::1]'],
    ['an empty label', 'shop..example'],
    ['a hyphen at an end', '-shop.example'],
    ['a label that is too long', `${'x'.repeat(64)}.example`],
    ['too many characters', `${'x.'.repeat(120)}example`],
    ['an underscore', '_acme-challenge.shop.example'],
    ['a line end', 'shop.example\nserver_name other'],
    ['a variable of nginx', '$host.example'],
    ['an encoded letter', 'sh%6Fp.example'],
    ['broken punycode', 'xn--\u0430.example'],
  ])('is never %s', (_what, typed) => {
    expect(HostName.safeParse(typed).success).toBe(false)
  })

  test('is read back as people write it', () => {
    expect(readableName('xn--bcher-kva.example')).toBe('bücher.example')
  })

  test('is a domain, and stays the same when it is read again', () => {
    fc.assert(
      fc.property(fc.oneof(fc.domain(), fc.string({ unit: 'binary' }), fc.webAuthority()), (typed) => {
        const read = HostName.safeParse(typed)
        if (!read.success) return
        expect(Domain.safeParse(read.data).success).toBe(true)
        expect(HostName.parse(read.data)).toBe(read.data)
        expect(HostName.parse(`${read.data.toUpperCase()}.`)).toBe(read.data)
      }),
      { numRuns: 2_000 },
    )
  })
})
