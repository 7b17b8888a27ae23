import { describe, expect, test } from 'vitest'
import { mirrorsOf, parseList, parseSources, renderSources } from './mirror.mjs'

const stanza = `Types: deb deb-src
# where this site keeps it
URIs: http://mirror.example/debian/
Suites: bookworm
 bookworm-updates
Components: main contrib
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg
`

describe('parseSources', () => {
  test.each([
    ['reads a stanza with folded lines and comments', stanza, ['bookworm', 'bookworm-updates']],
    ['leaves out what is disabled', `${stanza}Enabled: no\n`, []],
    ['leaves out stanzas of source packages alone', stanza.replace('deb deb-src', 'deb-src'), []],
    ['reads every stanza', `${stanza}\n${stanza.replace('bookworm\n', 'sid\n')}`, 4],
  ])('%s', (_sentence, text, expected) => {
    const suites = parseSources(text).map(({ suite }) => suite)
    if (typeof expected === 'number') expect(suites).toHaveLength(expected)
    else expect(suites).toEqual(expected)
  })
})

describe('parseList', () => {
  test.each([
    ['a plain entry', 'deb http://a.example/debian trixie main', ['http://a.example/debian']],
    [
      'options in brackets',
      'deb [arch=amd64 signed-by=/k.gpg] https://b.example/debian/ trixie main # x',
      ['https://b.example/debian'],
    ],
    ['no comment', '# deb http://a.example/debian trixie main', []],
    ['no source packages', 'deb-src http://a.example/debian trixie main', []],
  ])('reads %s', (_sentence, text, expected) => {
    expect(parseList(text).map(({ uri }) => uri)).toEqual(expected)
  })
})

describe('mirrorsOf', () => {
  test('takes what the site has, its security archive beside it, and no third party without main', () => {
    const entries = [
      ...parseSources(stanza),
      ...parseList('deb https://packages.example/apt stable docker'),
      ...parseList('deb http://sec.example/debian-security bookworm-security main'),
    ]
    expect(mirrorsOf(entries)).toEqual({
      archive: ['http://mirror.example/debian'],
      security: ['http://sec.example/debian-security', 'http://mirror.example/debian-security'],
    })
  })
})

test('what is rendered is read back the same', () => {
  const text = renderSources([
    { uri: 'http://a.example/debian', suites: ['trixie', 'trixie-updates'] },
    { uri: 'http://a.example/debian-security', suites: ['trixie-security'] },
  ])
  expect(parseSources(text).map(({ uri, suite }) => `${uri} ${suite}`)).toEqual([
    'http://a.example/debian trixie',
    'http://a.example/debian trixie-updates',
    'http://a.example/debian-security trixie-security',
  ])
})
