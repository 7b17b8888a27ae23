import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { MailKind } from './mail-kind.ts'
import { renderMail } from './mailer.ts'
import { renderBody, renderSubject, type Variables } from './render.ts'
import { defaultTemplate } from './templates.ts'

const variables: Variables = {
  SiteURL: 'https://shop.example',
  ConfirmationURL:
    'https://ref.example/auth/v1/verify?token=abc&type=signup&redirect_to=https%3A%2F%2Fshop.example',
  Token: '123456',
  TokenHash: 'pkce_abc',
  RedirectTo: 'https://shop.example/in?a=1&b=2',
  Email: 'ann@example.com',
  NewEmail: 'ann@new.example',
  SendingTo: 'ann@example.com',
  Data: { name: 'Ann <b>', role: 'admin', count: 3, none: null, deep: { er: 'x' }, list: [] },
}

const html = (template: string, more: Partial<Variables> = {}) =>
  renderBody(template, { ...variables, ...more }).html

describe('what a template says', () => {
  test.each([
    ['a field', '{{ .Token }}', '123456'],
    ['a field without spaces', '{{.Token}}', '123456'],
    ['a field of the data, escaped', '{{ .Data.name }}', 'Ann &lt;b&gt;'],
    ['a field further down', '{{ .Data.deep.er }}', 'x'],
    ['a field that is not there', '[{{ .Data.nobody.here }}{{ .Data.none }}]', '[]'],
    ['nothing of what objects inherit', '[{{ .Data.constructor }}{{ .Data.__proto__ }}]', '[]'],
    ['a number', '{{ .Data.count }}', '3'],
    ['an object, as JSON', '{{ .Data.deep }}', '{&quot;er&quot;:&quot;x&quot;}'],
    ['a comment', 'a{{/* {{ .Nobody }} */}}b', 'ab'],
    ['trim markers', 'a \n {{- .Token -}} \n b', 'a123456b'],
    ['trim markers of a comment', 'a {{- /* x */ -}} b', 'ab'],
    ['if', '{{ if .Token }}yes{{ end }}', 'yes'],
    ['if of what is empty', '{{ if .Data.list }}yes{{ else }}no{{ end }}', 'no'],
    ['else if', '{{ if .Data.none }}a{{ else if .Token }}b{{ else }}c{{ end }}', 'b'],
    ['if inside of if', '{{ if .Token }}{{ if .Data.none }}a{{ else }}b{{ end }}{{ end }}', 'b'],
    ['eq', '{{ if eq .Data.role "admin" }}yes{{ else }}no{{ end }}', 'yes'],
    ['eq of one of several', '{{ if eq .Data.role "user" `admin` }}yes{{ end }}', 'yes'],
    ['eq of a number', '{{ if eq .Data.count 3 }}yes{{ end }}', 'yes'],
    ['ne', '{{ if ne .Data.role "admin" }}yes{{ else }}no{{ end }}', 'no'],
    [
      'and, or, not in brackets',
      '{{ if and .Token (not (eq .Email "x")) (or .Data.none true) }}yes{{ end }}',
      'yes',
    ],
    ['a brace in a string', '{{ if eq .Token "}}" }}a{{ else }}b{{ end }}', 'b'],
    ['a single brace', '{ {a} }', '{ {a} }'],
  ])('%s', (_sentence, template, expected) => {
    expect(html(template)).toBe(expected)
  })

  test.each([
    ['an unknown variable', 'a\nb {{ .Nobody }}', 'line 2, column 6: .Nobody is no variable'],
    [
      'an unknown variable in a branch not taken',
      '{{ if .Data.none }}{{ .Nobody }}{{ end }}',
      '.Nobody is no variable',
    ],
    ['a field of a text', '{{ .Token.x }}', '.Token is a text and has no field x'],
    ['an action that is not closed', 'abc {{ .Token', 'line 1, column 5: this `{{` is not closed'],
    ['an action that is not closed before the next', '{{ .Token {{ .Email }}', '`{{` is not understood'],
    ['an empty action', '{{ }}', 'this action is empty'],
    ['an if without end', '\n{{ if .Token }}a', 'line 2, column 1: this `if` has no `{{ end }}`'],
    ['an end without if', '{{ end }}', '`end` stands outside of an `if`'],
    ['two elses', '{{ if .Token }}{{ else }}{{ else }}{{ end }}', 'this `if` has an `else` already'],
    ['a pipe', '{{ .Token | html }}', '`|` is not understood'],
    ['a range', '{{ range .Data.list }}x{{ end }}', '`range` is not known here'],
    ['a function', '{{ printf "x" }}', '`printf` is not known here'],
    ['an if of nothing', '{{ if }}a{{ end }}', 'something is missing'],
    ['eq of one', '{{ if eq .Token }}a{{ end }}', '`eq` takes 2 or more operands'],
    ['too much', '{{ .Token .Email }}', '`.Email` is not expected here'],
    ['a bracket left open', '{{ if (eq .Token "a" }}{{ end }}', 'this bracket is not closed'],
    ['too deep', '{{ if .Token }}'.repeat(21), 'nested deeper than 20'],
    ['a value in a script', '<script>var a = "{{ .Token }}"</script>', 'no HTML (script, style)'],
    ['a value in a style element', '<style>{{ .Token }}</style>', 'no HTML (script, style)'],
    ['a value in a style attribute', '<p style="color:{{ .Data.name }}">', 'the attribute style'],
    ['a value in a handler', '<p onclick="{{ .Data.name }}">', 'the attribute onclick'],
    ['a value as a name of a tag', '<{{ .Token }}>', 'must be the value of an attribute'],
    ['a value as an attribute', '<p {{ .Token }}>', 'must be the value of an attribute'],
    ['branches that part', '<p {{ if .Token }}>{{ end }}', 'end in different places of the HTML'],
    ['a tag left open', '<a href="{{ .SiteURL }}', 'ends inside of a tag'],
  ])('%s is an error that says where', (_sentence, template, words) => {
    expect(() => html(template)).toThrow(words)
    expect(() => html(template)).toThrow(/^line \d+, column \d+: /)
  })

  test('the problem names the mail and the part', () => {
    expect(() => renderMail('invite', { html: '{{ .X }}' }, variables)).toThrow(
      'The HTML of the mail template invite cannot be used: line 1, column 4: .X is no variable',
    )
    expect(() => renderMail('invite', { subject: '{{ if' }, variables)).toThrow(
      'The subject of the mail template invite cannot be used: line 1, column 1: this `{{` is not closed',
    )
  })
})

describe('where a value stands decides how it is written', () => {
  const name = (value: string) => ({ Data: { name: value } })
  test.each([
    [
      'a link keeps its URL',
      '<a href="{{ .ConfirmationURL }}">',
      variables.ConfirmationURL.replaceAll('&', '&amp;'),
    ],
    [
      'a parameter is encoded',
      '<a href="/in?next={{ .RedirectTo }}">',
      'next=https%3A%2F%2Fshop.example%2Fin%3Fa%3D1%26b%3D2',
    ],
    [
      'also after a variable',
      '<a href="{{ .SiteURL }}/in?next={{ .RedirectTo }}">',
      'example/in?next=https%3A%2F%2F',
    ],
    [
      'an app has its own scheme',
      '<a href="{{ .RedirectTo }}">',
      'href="app://in"',
      { RedirectTo: 'app://in' },
    ],
    ['javascript does not run', '<a href="{{ .Data.name }}">', 'href="#"', name('javascript:alert(1)')],
    ['nor disguised', '<a href="{{ .Data.name }}">', 'href="#"', name(' \tJava\nScript:alert(1)')],
    ['nor with an authority', '<a href="{{ .Data.name }}">', 'href="#"', name('javascript://%0aalert(1)')],
    ['nor without quotes', '<a href={{ .Data.name }}>', 'href=&#35;>', name('data:text/html,x')],
    [
      'nor in a branch',
      '<a href="{{ if .Token }}{{ .Data.name }}{{ end }}">',
      'href="#"',
      name('vbscript:x'),
    ],
    ['a quote ends no attribute', "<p title='{{ .Data.name }}'>", "title='&#39; x=1'>", name("' x=1")],
    ['a space ends no bare attribute', '<p title={{ .Data.name }}>', 'title=a&#32;b&#61;c>', name('a b=c')],
    ['a comment goes on', '<!-- {{ .Data.name }} -->', '<!-- &#45;&#45;&#62;x -->', name('-->x')],
    ['after a script is text', '<script>1</script>{{ .Data.name }}', '&lt;i&gt;', name('<i>')],
  ])('%s', (_sentence, template, expected, more: Partial<Variables> = {}) => {
    expect(html(template, more)).toContain(expected)
  })

  /** As hostile as text can be: pieces of markup, of templates, of URLs, and anything else. */
  const hostile = fc
    .array(
      fc.oneof(
        fc.constantFrom(
          '<',
          '>',
          '"',
          "'",
          '`',
          '=',
          '&',
          ' ',
          '\n',
          '\r',
          '\0',
          '-->',
          '<!--',
          '</a>',
          '<script>',
          '{{ .Token }}',
          'javascript:',
          '&lt;',
          '%22',
          '\ud800',
          '//',
        ),
        fc.string({ unit: 'binary', maxLength: 6 }),
      ),
      { maxLength: 12 },
    )
    .map((pieces) => pieces.join(''))

  const marks = (text: string) => ['<', '>', '"', "'", '`'].map((mark) => text.split(mark).length - 1)
  const everywhere = [
    '<p title="{{ .Data.name }}" lang=\'{{ .Data.name }}\' id={{ .Data.name }}>{{ .Data.name }}</p>',
    '<!-- {{ .Data.name }} --><title>{{ .Data.name }}</title><a href="{{ .Data.name }}">',
    "<a href='/x?y={{ .Data.name }}'>b</a><a href={{ .Data.name }}>",
  ].join('')

  test('no value can add markup, wherever it stands', () => {
    const calm = html(everywhere, name('x'))
    fc.assert(
      fc.property(hostile, (value) => {
        const written = html(everywhere, name(value))
        expect(marks(written)).toEqual(marks(calm))
        expect(written.split(/\s/).length).toBeGreaterThanOrEqual(calm.split(/\s/).length)
        // What stands without quotes has nothing that could end it.
        const bare = / id=([^>]*)>/.exec(written)?.[1] ?? ''
        expect(bare).toMatch(/^(?:[\p{L}\p{N}]|&#\d+;)*$/u)
      }),
      { numRuns: 500 },
    )
  })

  test('no value can add markup to any mail of the house, nor lines to its subject', () => {
    const kinds: MailKind[] = [
      ...(['confirmation', 'invite', 'magic_link', 'recovery', 'email_change'] as const),
      ...(['reauthentication', 'password_changed', 'account_locked'] as const),
    ]
    fc.assert(
      fc.property(fc.constantFrom(...kinds), hostile, (kind, value) => {
        const all = (text: string): Variables => ({
          ...{ SiteURL: text, ConfirmationURL: text, Token: text, TokenHash: text, RedirectTo: text },
          ...{ Email: text, NewEmail: text, SendingTo: text, Data: { name: text } },
        })
        const mail = renderMail(kind, {}, all(`x${value}`))
        expect(marks(mail.html)).toEqual(marks(renderMail(kind, {}, all('x')).html))
        expect(mail.subject).not.toMatch(/[\p{Cc}\u2028\u2029]/u)
      }),
      { numRuns: 500 },
    )
  })

  test('a link never runs anything', () => {
    fc.assert(
      fc.property(hostile, fc.constantFrom('javascript:', 'data:', 'vbscript://', ''), (value, scheme) => {
        const written = html('<a href="{{ .Data.name }}">', name(scheme + value))
        const href = (/href="([^"]*)"/.exec(written)?.[1] ?? '').replaceAll('&amp;', '&')
        expect(href).not.toMatch(/^\s*(?:javascript|data|vbscript)\s*:/i)
      }),
      { numRuns: 500 },
    )
  })
})

describe('a subject', () => {
  test('is not HTML', () => {
    expect(renderSubject('For {{ .Data.name }} & co', variables)).toBe('For Ann <b> & co')
  })

  test('stays one line, so that no value is a header', () => {
    const Data = { name: 'a\r\nBcc: eve@example.com\r\n\r\nbody' }
    expect(renderSubject('Hi {{ .Data.name }}\n', { ...variables, Data })).toBe(
      'Hi a Bcc: eve@example.com body',
    )
  })
})

describe('the text beside the HTML', () => {
  test('says the same, with its links written out', () => {
    const { text } = renderMail('magic_link', {}, variables)
    expect(text).toBe(
      [
        ...[
          'Sign in',
          '',
          'Use this link to sign in at https://shop.example. It works once, and only for a short time.',
          '',
        ],
        ...[`Sign in: ${variables.ConfirmationURL}`, '', 'Or enter this code: 123456', ''],
        'If you did not ask for this, you can ignore this mail: nobody can sign in without the link or the code.\n',
      ].join('\n'),
    )
  })

  test('follows a template of the project, not the house', () => {
    const own =
      '<h1>Hi</h1><style>p{}</style><!-- no --><a href="{{ .SiteURL }}/c?t={{ .TokenHash }}"><b>Go</b></a><br>Bye &amp; &#x41;'
    expect(renderMail('magic_link', { html: own }, variables).text).toBe(
      'Hi\n\nGo: https://shop.example/c?t=pkce_abc\nBye & A\n',
    )
  })

  test('shows what looks like markup in a value as it is', () => {
    expect(renderBody('<p>{{ .Data.name }}</p>', variables).text).toBe('Ann <b>\n')
  })
})

test('every mail of the house can be written, and says where it leads or what its code is', () => {
  for (const kind of ['confirmation', 'invite', 'magic_link', 'recovery', 'email_change'] as const) {
    expect(renderMail(kind, {}, variables).text).toContain(variables.ConfirmationURL)
  }
  expect(renderMail('reauthentication', {}, variables).subject).toBe('123456 is your code')
  expect(renderMail('account_locked', {}, { ...variables, ConfirmationURL: '' }).text).not.toContain('Unlock')
  expect(defaultTemplate('password_changed').html).not.toContain('ConfirmationURL')
})
