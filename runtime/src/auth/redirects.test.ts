import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { matchesGlob } from './glob.ts'
import { allowedRedirect, isAllowed } from './redirects.ts'

describe('globs', () => {
  test.each([
    ['a text is itself', 'abc', 'abc', true],
    ['and no more', 'abc', 'abcd', false],
    ['a star stops at a dot', '*.b', 'a.b', true],
    ['not across one', '*.b', 'a.a.b', false],
    ['nor a slash', '/*', '/a/b', false],
    ['a star may be nothing', '/*', '/', true],
    ['two go across', '/**', '/a/b.c', true],
    ['two may be nothing', 'a**', 'a', true],
    ['a question mark is one character', 'a?c', 'a?c', true],
    ['not a separator', 'a?c', 'a.c', false],
    ['a set', '[a-c]x', 'bx', true],
    ['a set without it', '[!a-c]x', 'bx', false],
    ['alternatives', 'a{b,c*}d', 'acccd', true],
    ['alternatives in alternatives', '{a{b,c},d}e', 'ace', true],
    ['an escape', '\\*', '*', true],
    ['an escape is no star', '\\*', 'a', false],
    ['a set left open', '[a', '[a', false],
    ['alternatives left open', '{a', '{a', false],
  ])('%s: %s on %s', (_sentence, pattern, text, expected) => {
    expect(matchesGlob(pattern, text)).toBe(expected)
  })

  test('agree with the expression that says the same', () => {
    const word = fc.string({ unit: fc.constantFrom('a', 'b', '.', '/'), maxLength: 8 })
    const piece = fc.constantFrom('a', 'b', '.', '/', '*', '**', '?')
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 6 }), word, (pieces, text) => {
        const pattern = pieces.join('')
        const source = pattern.replaceAll(/\*+|[?./]/g, (mark) =>
          mark === '*' ? '[^./]*' : mark.startsWith('**') ? '[^]*' : mark === '?' ? '[^./]' : `\\${mark}`,
        )
        expect(matchesGlob(pattern, text)).toBe(new RegExp(`^${source}$`).test(text))
      }),
      { numRuns: 2_000 },
    )
  })

  test('no pattern is slow', () => {
    expect(matchesGlob(`${'*a'.repeat(50)}b`, 'a'.repeat(2_000))).toBe(false)
  })
})

const rules = {
  siteUrl: 'https://shop.example/start',
  redirectUrls: [
    ...[
      'https://exact.example/back',
      'https://*.preview.example/**',
      'https://**.deep.example/in',
      'http://localhost:3000',
    ],
    ...[
      'https://pages.example/app/*',
      'https://open.example**',
      'https://Bücher.example:443/**',
      'http*://any.example/a',
    ],
    ...[
      'myapp://signed-in',
      'com.example.app:/back',
      'exp://**',
      'javascript://**',
      'data:**',
      'https://q.example/cb?**',
    ],
  ],
}

describe('an address', () => {
  test.each([
    ['the site', 'https://shop.example/start'],
    ['a page of the site', 'https://shop.example/start/deeper?x=1#y'],
    ['any page of its host', 'https://shop.example/'],
    ['its host in capitals', 'https://SHOP.example/'],
    ['its usual port written out', 'https://shop.example:443/a'],
    ['a listed address', 'https://exact.example/back'],
    ['with a fragment', 'https://exact.example/back#here'],
    ['a listed host', 'https://a.preview.example/x/y.html?z=1'],
    ['a host far below', 'https://a.b.deep.example/in'],
    ['without its last slash', 'http://localhost:3000'],
    ['with its last slash', 'http://localhost:3000/'],
    ['one level below', 'https://pages.example/app/one'],
    ['anywhere below', 'https://open.example/a/b'],
    ['the page itself', 'https://open.example'],
    ['a name with umlauts', 'https://bücher.example/a'],
    ['the same name, encoded', 'https://xn--bcher-kva.example/a'],
    ['either scheme', 'http://any.example/a'],
    ['a query that is listed', 'https://q.example/cb?next=/a.b'],
    ['an app', 'myapp://signed-in'],
    ['an app with a slash', 'myapp://signed-in/'],
    ['an app in capitals', 'MyApp://signed-in'],
    ['an app without an authority', 'com.example.app:/back'],
    ['an app with anything', 'exp://192.168.0.2:8081/--/in'],
  ])('is allowed: %s', (_sentence, asked) => {
    expect(allowedRedirect(asked, rules)).toBe(asked)
  })

  test.each([
    ['nothing', ''],
    ['no address', 'start'],
    ['a path', '/start'],
    ['another host', 'https://evil.example/'],
    ['the site without TLS', 'http://shop.example/start'],
    ['the site on another port', 'https://shop.example:8443/'],
    ['a host that begins like the site', 'https://shop.example.evil.example/'],
    ['a host that ends like the site', 'https://evilshop.example/'],
    ['the site as a user', 'https://shop.example@evil.example/'],
    ['the site as a password', 'https://a:shop.example@evil.example/'],
    ['any user', 'https://ann@shop.example/'],
    ['an empty user', 'https://@shop.example/'],
    ['a backslash', 'https://evil.example\\.preview.example/'],
    ['a backslash for slashes', 'https:\\\\evil.example/'],
    ['a scheme without slashes', 'https:shop.example'],
    ['three slashes', 'https:///shop.example/'],
    ['no scheme', '//shop.example/'],
    ['a listed address with a query', 'https://exact.example/back?x=1'],
    ['a listed address with more', 'https://exact.example/back/x'],
    ['two labels for one star', 'https://a.b.preview.example/x'],
    ['two levels for one star', 'https://pages.example/app/one/two'],
    ['out of the folder', 'https://pages.example/app/../admin'],
    ['out of the folder, encoded', 'https://pages.example/app/%2e%2e/admin'],
    ['the listed name in the query', 'https://evil.example/?.deep.example/in'],
    ['the listed name in the path', 'https://evil.example/.deep.example/in'],
    ['the listed name in the fragment', 'https://evil.example/#.deep.example/in'],
    ['a name that goes on where the list is open', 'https://open.example.evil.example/'],
    ['another port', 'http://localhost:3001.evil.example/'],
    ['javascript that is listed', 'javascript://signed-in/%0aalert(1)'],
    ['data that is listed', 'data:text/html,x'],
    ['a line break', 'https://shop.example/\r\nset-cookie: a=b'],
    ['a tab in the scheme', 'java\tscript:alert(1)'],
    ['a space before', ' https://shop.example/'],
    ['an app that is not listed', 'other://signed-in'],
    ['another place of the app', 'myapp://elsewhere'],
    ['an invisible character', 'https://shop.example\u200b/'],
    ['what is too long', `https://shop.example/${'a'.repeat(2_000)}`],
  ])('is refused, and the site taken: %s', (_sentence, asked) => {
    expect(allowedRedirect(asked, rules)).toBe(rules.siteUrl)
  })

  test('of a site on the loopback may have another port', () => {
    const local = { siteUrl: 'http://localhost:3000', redirectUrls: [] }
    expect(isAllowed('http://localhost:5173/a', local)).toBe(true)
    expect(isAllowed('http://127.0.0.1:3000/a', local)).toBe(false)
  })

  test('is anywhere on the web when the list says so, but runs nothing', () => {
    const open = { siteUrl: 'https://shop.example', redirectUrls: ['**'] }
    expect(isAllowed('https://a.b/c', open)).toBe(true)
    expect(isAllowed('myapp://a', open)).toBe(false)
    expect(isAllowed('javascript:alert(1)', open)).toBe(false)
  })
})

describe('open redirects', () => {
  const hosts =
    /^(?:shop\.example|exact\.example|[^.]+\.preview\.example|.*\.deep\.example|localhost:3000|pages\.example|open\.example|xn--bcher-kva\.example|any\.example|q\.example)$/
  const pieces = fc.oneof(
    fc.constantFrom(
      'https:',
      'http:',
      'javascript:',
      'data:',
      'myapp:',
      '//',
      '/',
      '\\',
      '@',
      ':',
      '?',
      '#',
      '.',
      '%2f',
      '%00',
      '\t',
      '\n',
      ' ',
    ),
    fc.constantFrom(
      'evil.example',
      'shop.example',
      'a.preview.example',
      '.deep.example/in',
      'open.example',
      'localhost:3000',
      'in',
      '。',
      '／',
      '＠',
      '\u200b',
    ),
    fc.string({ unit: 'binary', maxLength: 4 }),
  )
  const asked = fc.oneof(
    fc.array(pieces, { maxLength: 10 }).map((all) => all.join('')),
    fc.array(pieces, { maxLength: 8 }).map((all) => `https://${all.join('')}`),
    fc
      .tuple(
        fc.constantFrom('https://shop.example', 'https://open.example', 'https://a.preview.example'),
        fc.array(pieces, { maxLength: 6 }),
      )
      .map(([start, all]) => start + all.join('')),
  )

  test('whatever is asked for, a browser ends at a host of the list', () => {
    fc.assert(
      fc.property(asked, (text) => {
        const to = new URL(allowedRedirect(text, rules), 'https://project.example/auth/v1/verify')
        if (to.protocol === 'http:' || to.protocol === 'https:') expect(to.host).toMatch(hosts)
        else expect(['myapp:', 'com.example.app:', 'exp:']).toContain(to.protocol)
        expect(to.username + to.password).toBe('')
      }),
      { numRuns: 5_000 },
    )
  })
})
