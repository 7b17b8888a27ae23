import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { cut, GOOD, outcome, read, signed } from './reading-harness.ts'
import { craftResponse } from './responses-harness.ts'

/** The classes of Somorovsky et al., On Breaking SAML (2012), and what came to light since. */
describe('a signature that is moved around signs nobody else in:', () => {
  const byAssertion = signed()
  const byResponse = signed({}, { element: 'Response' })
  const signature = cut(byAssertion, 'Signature')
  const assertion = cut(byAssertion, 'saml:Assertion')
  const evil = cut(craftResponse({ ...GOOD, nameId: 'eve', assertionId: '_evil' }), 'saml:Assertion')
  const bare = assertion.replace(signature, '')
  const around = (...parts: string[]) => byAssertion.replace(assertion, () => parts.join(''))
  const inside = (outer: string, inner: string) => outer.replace('</saml:Issuer>', `</saml:Issuer>${inner}`)
  const holding = (inner: string) =>
    signature.replace('</Signature>', `<Object>${inner}</Object></Signature>`)
  const ofWhole = cut(byResponse, 'Signature')
  const whole = byResponse.replace(ofWhole, '')
  const evilResponse = craftResponse({ ...GOOD, nameId: 'eve', responseId: '_evil', assertionId: '_evil2' })

  test.each<[string, string]>([
    [
      '1: the response that was signed lies in its signature, in another response',
      inside(evilResponse, ofWhole.replace('</Signature>', `<Object>${whole}</Object></Signature>`)),
    ],
    [
      '2: the response that was signed lies beside its signature, in another response',
      inside(evilResponse, `${ofWhole}${whole}`),
    ],
    ['3: another assertion lies before the one that was signed', around(evil, assertion)],
    ['3: another assertion lies behind the one that was signed', around(assertion, evil)],
    ['4: the one that was signed lies in another', around(inside(evil, assertion))],
    [
      '5: the signature is in another, and the one that was signed behind it',
      around(inside(evil, signature), bare),
    ],
    ['6: the one that was signed lies in the signature of another', around(inside(evil, holding(bare)))],
    [
      '7: another lies in the extensions, with the same ID',
      byAssertion.replace(
        '<samlp:Status>',
        () => `<samlp:Extensions>${evil.replace('_evil', '_assertion')}</samlp:Extensions><samlp:Status>`,
      ),
    ],
    [
      '8: another, with the same ID, has the signature with the one that was signed in it',
      around(inside(evil.replace('_evil', '_assertion'), holding(bare))),
    ],
    [
      'the signature lies in the subject of another',
      around(
        evil.replace('<saml:Subject>', () => `<saml:Subject>${signature}`),
        bare,
      ),
    ],
    ['another has the same ID', around(evil.replace('_evil', '_assertion'), assertion)],
    [
      'another has the ID of the first under another name',
      around(evil.replace('ID="_evil"', 'ID="_evil" Id="_assertion"'), assertion),
    ],
    [
      'the one that was signed lies in the advice of another',
      around(inside(evil, `<saml:Advice>${assertion}</saml:Advice>`)),
    ],
    [
      'another is of another namespace',
      around(evil.replaceAll('saml:', 'x:').replace('xmlns:x=', 'xmlns:x="urn:x" xmlns:saml='), assertion),
    ],
    ['the signature names the whole document', byAssertion.replace('URI="#_assertion"', 'URI=""')],
    [
      'the signature has a second reference',
      byAssertion.replace(
        /(<Reference.*<\/Reference>)/s,
        (reference) => reference + reference.replace('#_assertion', '#_response'),
      ),
    ],
    [
      'the signature has a second SignedInfo',
      byAssertion.replace(
        /<SignedInfo>.*<\/SignedInfo>/s,
        (info) => info.replace(/<DigestValue>[^<]*/, '<DigestValue>AAAA') + info,
      ),
    ],
    ['there are two signatures of it', around(inside(assertion, signature))],
  ])('%s', async (_class, xml) => {
    expect(await outcome(read(xml))).not.toMatch(/^is /)
  })

  test('the digest that counts is the one that was signed, not one beside a comment', async () => {
    const xml = byAssertion
      .replace('>ada<', '>eve<')
      .replace(/<DigestValue>([^<]*)/, '<DigestValue>AAAA<!--x-->$1')
    expect(await outcome(read(xml))).toBe('it has a document type, a comment or CDATA')
  })
})

describe('text that parsers read in different ways is refused:', () => {
  const forms: [string, (xml: string) => string][] = [
    ['a comment in the name', (xml) => xml.replace('>ada<', '>ad<!-- -->a<')],
    ['CDATA', (xml) => xml.replace('>ada<', '><![CDATA[ada]]><')],
    ['a document type', (xml) => `<!DOCTYPE x>${xml}`],
    [
      'an entity from a file',
      (xml) => `<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]>${xml.replace('>ada<', '>&e;<')}`,
    ],
    [
      'entities that grow',
      (xml) =>
        `<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">]>${xml.replace('>ada<', '>&b;<')}`,
    ],
    ['a processing instruction', (xml) => xml.replace('>ada<', '>ad<?x?>a<')],
    ['an entity that nobody declared', (xml) => xml.replace('>ada<', '>&ada;<')],
    ['a second root', (xml) => `${xml}${xml}`],
    ['an end that is missing', (xml) => xml.slice(0, -20)],
    ['a name in two attributes', (xml) => xml.replace('Version="2.0"', 'Version="2.0" Version="2.0"')],
    ['a NUL', (xml) => xml.replace('>ada<', '>a\0da<')],
    ['depth', (xml) => xml.replace('>ada<', `>${'<a>'.repeat(50)}ada${'</a>'.repeat(50)}<`)],
    ['number', (xml) => xml.replace('</samlp:Response>', `${'<a/>'.repeat(11_000)}</samlp:Response>`)],
  ]
  test.each(forms)('%s', async (_what, form) => {
    expect(await outcome(read(form(signed())))).toMatch(/^it (?:has|is)/)
  })

  test('a comment that the signature does not cover cuts no name short', async () => {
    const xml = signed({ nameId: 'ada@example.com.evil.example' })
    const cutShort = xml.replace('.evil.example', '<!-- -->.evil.example')
    expect(await outcome(read(cutShort))).toBe('it has a document type, a comment or CDATA')
  })
})

test('whatever is moved, doubled, cut or written over, it is Ada or nobody, and never a bug', async () => {
  const whole = [signed(), signed({}, { element: 'Response' })]
  const nat = fc.nat({ max: 6_000 })
  const change = fc.oneof(
    fc.record({
      kind: fc.constantFrom('cut', 'double', 'eve'),
      from: nat,
      length: fc.nat({ max: 1_500 }),
      to: nat,
    }),
    fc.record({ kind: fc.constant('write'), from: nat, length: fc.constant(1), to: nat }),
  )
  const changed = (
    xml: string,
    { kind, from, length, to }: { kind: string; from: number; length: number; to: number },
  ) => {
    const piece = xml.slice(from, from + length)
    if (kind === 'cut') return xml.slice(0, from) + xml.slice(from + length)
    if (kind === 'write')
      return `${xml.slice(0, from)}${String.fromCodePoint(to % 128)}${xml.slice(from + 1)}`
    const inserted = kind === 'eve' ? piece.replaceAll('ada', 'eve') : piece
    return xml.slice(0, to) + inserted + xml.slice(to)
  }
  // Whole elements, so that what comes out is XML often enough.
  const elements = [...(whole[0] ?? '').matchAll(/<\/?[\w:]+[^>]*>/g)].map(({ index }) => index)
  const snapped = (at: number) => elements[at % elements.length] ?? 0
  await fc.assert(
    fc.asyncProperty(
      fc.boolean(),
      fc.boolean(),
      fc.array(change, { minLength: 1, maxLength: 3 }),
      async (second, snaps, changes) => {
        let xml = whole[second ? 1 : 0] ?? ''
        for (const each of changes) {
          const from = snaps ? snapped(each.from) : each.from
          const end = snaps ? snapped(each.from + (each.length % 12)) : from + each.length
          xml = changed(xml, {
            kind: each.kind,
            from,
            length: Math.max(0, end - from),
            to: snaps ? snapped(each.to) : each.to,
          })
        }
        expect(await outcome(read(xml))).toMatch(/^(?:is ada$|(?!is ))/)
      },
    ),
    { numRuns: 600 },
  )
})
