import { generateKeyPairSync, X509Certificate } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { certificateOf } from './certificate.ts'
import { parseMetadata } from './metadata.ts'
import { craftMetadata, makeIdpKey } from './responses-harness.ts'

const { certificate } = makeIdpKey()
const usual = {
  entityId: 'https://idp.example/entity',
  signInUrl: 'https://idp.example/sso',
  certificates: [certificate],
}
const good = craftMetadata(usual)

const refusal = async (xml: string): Promise<string> =>
  parseMetadata(xml).then(
    () => 'taken',
    (error: Error) => error.message,
  )

describe('metadata of an identity provider', () => {
  test('says who it is, where people sign in, and which keys it signs with', async () => {
    const more = ' validUntil="2031-01-01T00:00:00Z" cacheDuration="P1DT2H"'
    const xml = craftMetadata({ ...usual, more, descriptor: ' WantAuthnRequestsSigned="true"' })
    expect(await parseMetadata(`<?xml version="1.0"?><!-- by hand -->${xml}`)).toEqual({
      ...{ entityId: usual.entityId, signInUrl: usual.signInUrl, certificates: [certificate] },
      ...{ wantsSignedRequests: true, validUntil: new Date('2031-01-01T00:00:00Z'), cacheMs: 26 * 3_600_000 },
    })
    expect(await parseMetadata(good)).toMatchObject({
      ...{ wantsSignedRequests: false, validUntil: null, cacheMs: null },
    })
  })

  test('may come from a file of Windows', async () => {
    expect(await parseMetadata(`\ufeff\r\n${good}\r\n`)).toMatchObject({ entityId: usual.entityId })
  })

  test('may lie in a list of one', async () => {
    const list = `<md:EntitiesDescriptor xmlns:md="urn:oasis:names:tc:SAML:2.0:metadata">${good}</md:EntitiesDescriptor>`
    expect(await parseMetadata(list)).toMatchObject({ entityId: usual.entityId })
  })

  test('keys of other kinds, or too weak, are left out where there are better ones', async () => {
    const weak = makeIdpKey(1_024).certificate
    expect(await parseMetadata(craftMetadata({ ...usual, certificates: [weak, certificate] }))).toMatchObject(
      {
        certificates: [certificate],
      },
    )
    expect(await refusal(craftMetadata({ ...usual, certificates: [weak] }))).toMatch(/^it has no certificate/)
  })

  test.each<[string, string, RegExp]>([
    ['that is none', '<a/>', /describes no identity provider/],
    ['of several', `<a>${good}${good}</a>`, /more than one/],
    ['with entities', `<!DOCTYPE x [<!ENTITY e "x">]>${good}`, /document type/],
    ['without a name', craftMetadata({ ...usual, entityId: '' }), /no entityID/],
    ['without keys', craftMetadata({ ...usual, certificates: [] }), /no certificate/],
    [
      'that sends people elsewhere than to a page',
      craftMetadata({ ...usual, signInUrl: 'javascript:alert(1)' }),
      /no URL/,
    ],
    [
      'with a password in the address',
      craftMetadata({ ...usual, signInUrl: 'https://a:b@idp.example' }),
      /no URL/,
    ],
    ['without the redirect binding', good.replace('HTTP-Redirect', 'HTTP-POST'), /HTTP-Redirect/],
    ['that is too large', `${good}${' '.repeat(600_000)}`, /too large/],
  ])('%s is refused', async (_what, xml, reason) => {
    expect(await refusal(xml)).toMatch(reason)
  })
})

test('our own certificate follows from the key, and is signed by it', () => {
  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2_048 })
  const made = new X509Certificate(certificateOf(privateKey))
  expect(made.verify(publicKey)).toBe(true)
  expect(made.checkPrivateKey(privateKey)).toBe(true)
  expect(certificateOf(privateKey).equals(made.raw)).toBe(true)
})
