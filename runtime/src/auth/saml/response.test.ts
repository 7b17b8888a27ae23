import { createHmac } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { C14N, ENVELOPED, EXCLUSIVE_C14N, NAME_ID, RSA_SHA512, SHA512 } from './names.ts'
import { cut, GOOD, KEY, NOW, OTHER, outcome, read, seconds, signed } from './reading-harness.ts'
import { claimedIssuer, decodeResponse } from './response.ts'
import { type Crafted, craftResponse, type Signing, signResponse } from './responses-harness.ts'

describe('a response that is as it should be is read', () => {
  test.each<[string, Signing]>([
    ['with a signed assertion', {}],
    ['signed as a whole', { element: 'Response' }],
    ['with the older canonical form', { canonicalizationAlgorithm: C14N, transforms: [ENVELOPED, C14N] }],
    ['with no canonical form named', { transforms: [ENVELOPED] }],
    ['with SHA-512', { signatureAlgorithm: RSA_SHA512, digestAlgorithm: SHA512 }],
  ])('%s', async (_how, signing) => {
    const assertion = await read(signed({ sessionNotOnOrAfter: seconds(3_600) }, signing))
    expect(assertion).toMatchObject({
      id: '_assertion',
      nameId: { value: 'ada', format: NAME_ID.persistent },
      sessionEndsAt: seconds(3_600),
    })
    expect(assertion.attributes).toContainEqual({
      ...{ name: 'groups', friendlyName: null, values: ['one', 'two'] },
    })
  })

  test('as Okta signs: twice, with a prefix, and with namespaces of the response in the assertion', async () => {
    const signing = { prefix: 'ds', inclusive: ['xs'] }
    const xml = craftResponse(GOOD).replace(
      ' xmlns:saml=',
      ' xmlns:xs="http://www.w3.org/2001/XMLSchema" xmlns:saml=',
    )
    const twice = signResponse(signResponse(xml, KEY, signing), KEY, { ...signing, element: 'Response' })
    expect(twice).toContain('PrefixList="xs"')
    expect(await outcome(read(twice))).toBe('is ada')
    expect(await outcome(read(twice.replace('>ada<', '>eve<')))).not.toMatch(/^is /)
  })

  test('signed twice, as a whole and in its assertion', async () => {
    expect(await outcome(read(signResponse(signed(), KEY, { element: 'Response' })))).toBe('is ada')
  })

  test('by the second of two keys that the provider has', async () => {
    const certificates = [KEY.certificate, OTHER.certificate]
    expect(await outcome(read(signed({}, {}, OTHER), { certificates }))).toBe('is ada')
  })

  test('that nobody asked for, where that is what is expected', async () => {
    expect(await outcome(read(signed({ inResponseTo: null }), { requestId: null }))).toBe('is ada')
  })

  test('with an XML declaration, and lines that end as on Windows', async () => {
    const xml = signed({ attributes: { note: 'one\ntwo' } }).replaceAll('\n', '\r\n')
    expect(await outcome(read(`<?xml version="1.0" encoding="UTF-8"?>${xml}`))).toBe('is ada')
  })
})

describe('who signed', () => {
  const altered = (xml: string) => xml.replace('>ada<', '>eve<')

  test.each<[string, () => string, string]>([
    ['nobody', () => craftResponse(GOOD), 'neither it nor its assertion is signed'],
    ['somebody else', () => signed({}, {}, OTHER), 'its signature is none of the identity provider’s'],
    [
      'somebody before it was changed',
      () => altered(signed()),
      'its signature is none of the identity provider’s',
    ],
    [
      'somebody before it was changed, as a whole',
      () => altered(signed({}, { element: 'Response' })),
      'its signature is none of the identity provider’s',
    ],
    [
      'somebody else as a whole, beside a right one in the assertion',
      () => signResponse(signed(), OTHER, { element: 'Response' }),
      'its signature is none of the identity provider’s',
    ],
    [
      'somebody else in the assertion, beside a right one as a whole',
      () => signResponse(signed({}, {}, OTHER), KEY, { element: 'Response' }),
      'its signature is none of the identity provider’s',
    ],
    [
      'with SHA-1',
      () => signed({}, { signatureAlgorithm: 'http://www.w3.org/2000/09/xmldsig#rsa-sha1' }),
      'its SignatureMethod is not allowed',
    ],
    [
      'a digest of SHA-1',
      () => signed({}, { digestAlgorithm: 'http://www.w3.org/2000/09/xmldsig#sha1' }),
      'its DigestMethod is not allowed',
    ],
    [
      'with the comments',
      () => signed({}, { transforms: [ENVELOPED, `${EXCLUSIVE_C14N}WithComments`] }),
      'its Transform is not allowed',
    ],
    [
      'a form of it without comments, first, and then without the signature',
      () => signed({}, { transforms: [EXCLUSIVE_C14N, ENVELOPED] }),
      'its Transform is not allowed',
    ],
  ])('%s', async (_who, make, reason) => {
    expect(await outcome(read(make()))).toBe(reason)
  })

  test('a certificate that comes with the message is nobody’s word for itself', async () => {
    const xml = signed({}, {}, OTHER)
    expect(xml).toContain('X509Certificate')
    expect(await outcome(read(xml))).toBe('its signature is none of the identity provider’s')
    const bare = signed().replace(/<(?:\w+:)?KeyInfo>.*<\/(?:\w+:)?KeyInfo>/s, '')
    expect(await outcome(read(bare))).toBe('is ada')
  })

  test('a public certificate is no shared secret', async () => {
    const hmac = 'http://www.w3.org/2000/09/xmldsig#hmac-sha1'
    const xml = signed().replace(/http:[^"]*rsa-sha256/, hmac)
    const info = cut(xml, 'SignedInfo')
    const value = createHmac('sha1', KEY.certificate).update(info).digest('base64')
    const forged = xml.replace(/<SignatureValue>[^<]*/, `<SignatureValue>${value}`)
    expect(await outcome(read(forged))).toBe('its SignatureMethod is not allowed')
  })
})

describe('an assertion counts only', () => {
  test.each<[string, Partial<Crafted>, string]>([
    ['from the provider', { issuer: 'https://evil.example' }, 'its Issuer is another'],
    [
      'from the provider, as its response',
      { responseIssuer: 'https://evil.example' },
      'its Issuer is another',
    ],
    ['for us', { audience: 'https://q.example/auth/v1/sso/saml/metadata' }, 'its Audience is another'],
    ['for somebody in particular', { audience: null }, 'it has no audience'],
    [
      'for us by each of its restrictions',
      {
        moreConditions:
          '<saml:AudienceRestriction><saml:Audience>https://q.example</saml:Audience></saml:AudienceRestriction>',
      },
      'its Audience is another',
    ],
    [
      'at our place',
      { recipient: 'https://q.example/auth/v1/sso/saml/acs', destination: GOOD.recipient },
      'its Recipient is another',
    ],
    ['at a place', { recipient: null, destination: GOOD.recipient ?? null }, 'its Recipient is another'],
    [
      'where its response was sent',
      { destination: 'https://q.example/auth/v1/sso/saml/acs' },
      'its Destination is another place',
    ],
    ['as the answer to our request', { inResponseTo: 'id-2' }, 'its InResponseTo is another'],
    ['as an answer', { inResponseTo: null }, 'its InResponseTo is another'],
    [
      'as the answer that its response is',
      { inResponseTo: 'id-2', responseInResponseTo: 'id-1' },
      'its InResponseTo is another',
    ],
    ['from when on it is valid', { notBefore: seconds(61) }, 'it is not valid yet'],
    ['until it is not valid any more', { notOnOrAfter: seconds(-61) }, 'it is not valid any more'],
    [
      'until who brings it is not believed any more',
      { confirmedUntil: seconds(-61) },
      'it is not valid any more',
    ],
    [
      'when who brings it is believed until some time',
      { confirmedUntil: null },
      'its confirmation has no end',
    ],
    ['when it was not made in the future', { at: seconds(62), notBefore: NOW }, 'it is from the future'],
    [
      'when it is fresh',
      { at: seconds(-700), notOnOrAfter: seconds(99), confirmedUntil: seconds(99) },
      'it is too old',
    ],
    [
      'while the person is signed in there',
      { sessionNotOnOrAfter: seconds(-1) },
      'the session at the identity provider has ended',
    ],
    [
      'when the provider let them in',
      { status: 'urn:oasis:names:tc:SAML:2.0:status:Responder' },
      'the identity provider did not let them in',
    ],
    [
      'under conditions we know',
      { moreConditions: '<saml:Condition/>' },
      'it has a condition that is not known',
    ],
    [
      'with one confirmation',
      {
        moreConfirmation:
          '<saml:SubjectConfirmation Method="urn:oasis:names:tc:SAML:2.0:cm:bearer"><saml:SubjectConfirmationData/></saml:SubjectConfirmation>',
      },
      'it has no bearer confirmation, or several',
    ],
  ])('%s', async (_rule, crafted, reason) => {
    expect(await outcome(read(signed(crafted)))).toBe(reason)
    expect(await outcome(read(signed(crafted, { element: 'Response' })))).toBe(reason)
  })

  test('a minute of difference between the clocks is none', async () => {
    const crafted = { notBefore: seconds(59), notOnOrAfter: seconds(-59), confirmedUntil: seconds(-59) }
    expect(await outcome(read(signed(crafted)))).toBe('is ada')
  })

  test('a response that is signed says where it was sent', async () => {
    const xml = signed({ destination: null }, { element: 'Response' })
    expect(await outcome(read(xml))).toBe('it has no Destination')
  })

  test('what nobody asked for answers nothing', async () => {
    expect(await outcome(read(signed(), { requestId: null }))).toBe('it answers a request that is not ours')
  })

  test('an assertion that is encrypted is not read', async () => {
    const xml = craftResponse(GOOD).replace(
      /<saml:Assertion .*<\/saml:Assertion>/s,
      '<saml:EncryptedAssertion/>',
    )
    expect(await outcome(read(xml))).toBe('it is encrypted, which is not supported')
  })
})

describe('what is posted', () => {
  const refusal = (posted: string) => {
    try {
      return decodeResponse(posted)
    } catch (error) {
      return (error as Error).message
    }
  }

  test.each<[string, string, string]>([
    ['is base64, in lines too', 'PGE+\r\nPC9h\nPg==', '<a></a>'],
    ['is nothing else', '<a/>', 'it is no base64'],
    ['is something', '', 'it is no base64'],
    ['is UTF-8', Buffer.from([0x3c, 0xff]).toString('base64'), 'it is no UTF-8'],
    ['is of a size', Buffer.alloc(300_000, 'a').toString('base64'), 'it is too large'],
  ])('%s', (_what, posted, expected) => {
    expect(refusal(posted)).toBe(expected)
  })

  test('says whom to look up', async () => {
    expect(await claimedIssuer(craftResponse(GOOD))).toBe(GOOD.issuer)
    expect(await claimedIssuer(craftResponse({ ...GOOD, responseIssuer: null }))).toBe(GOOD.issuer)
  })
})
