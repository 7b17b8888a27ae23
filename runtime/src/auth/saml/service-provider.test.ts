import { generateKeyPairSync, verify, X509Certificate } from 'node:crypto'
import { inflateRawSync } from 'node:zlib'
import { SamlSettings } from '@cascata/shared/auth/saml'
import { describe, expect, test } from 'vitest'
import { authnRequestUrl } from './authn-request.ts'
import { NAME_ID, NS } from './names.ts'
import { describe as described, serviceProviderOf } from './service-provider.ts'
import { attributeOf, getChild, parseMessage, textOf } from './xml.ts'

const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2_048 })
const pem = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()
const at = new Date('2030-05-06T07:08:09.000Z')
const provider = (settings: object = {}) =>
  serviceProviderOf(SamlSettings.parse(settings), 'https://shop.example/auth/v1')
const request = (more: object = {}) => ({
  ...{ id: 'id-1', at, relayState: 'r', signInUrl: 'https://idp.example/sso', nameIdFormat: null, ...more },
})

describe('our metadata', () => {
  test('names us by where it is, and says where answers go', async () => {
    const root = await parseMessage(described(provider()))
    expect(attributeOf(root, 'entityID')).toBe('https://shop.example/auth/v1/sso/saml/metadata')
    const service = getChild(root, NS.metadata, 'SPSSODescriptor')
    expect(attributeOf(service, 'AuthnRequestsSigned')).toBe('false')
    const consumer = getChild(service, NS.metadata, 'AssertionConsumerService')
    expect(attributeOf(consumer, 'Location')).toBe('https://shop.example/auth/v1/sso/saml/acs')
  })

  test('may name us otherwise, whatever stands in the name', async () => {
    const own = provider({ externalUrl: 'https://sso.example/a?b=1&c="2"/' })
    expect(attributeOf(await parseMessage(described(own)), 'entityID')).toBe(own.entityId)
    expect(own.acsUrl).toMatch(/^https:\/\/sso\.example\/a.*\/sso\/saml\/acs$/)
  })

  test('has the public half of the key, and an end where it is a copy', () => {
    const text = described(provider({ privateKey: pem }), at)
    const der = /X509Certificate>([^<]+)/.exec(text)?.[1] ?? ''
    expect(new X509Certificate(Buffer.from(der, 'base64')).publicKey.equals(publicKey)).toBe(true)
    expect(text).toContain('validUntil="2030-05-06T07:08:09.000Z"')
    expect(text).toContain('AuthnRequestsSigned="true"')
  })
})

describe('a request', () => {
  const read = async (url: string) =>
    parseMessage(
      inflateRawSync(Buffer.from(new URL(url).searchParams.get('SAMLRequest') ?? '', 'base64')).toString(),
    )

  test('says who asks, for what, and where the answer goes', async () => {
    const root = await read(await authnRequestUrl(request(), provider()))
    expect(
      ['ID', 'IssueInstant', 'Destination', 'AssertionConsumerServiceURL'].map((name) =>
        attributeOf(root, name),
      ),
    ).toEqual([
      ...['id-1', at.toISOString(), 'https://idp.example/sso', 'https://shop.example/auth/v1/sso/saml/acs'],
    ])
    expect(textOf(getChild(root, NS.assertion, 'Issuer'))).toBe(
      'https://shop.example/auth/v1/sso/saml/metadata',
    )
    expect(attributeOf(getChild(root, NS.protocol, 'NameIDPolicy'), 'Format')).toBe(NAME_ID.persistent)
  })

  test('is signed as it is sent, behind whatever the address has already', async () => {
    const url = await authnRequestUrl(
      request({ signInUrl: 'https://idp.example/sso?tenant=a%20b' }),
      provider({ privateKey: pem }),
    )
    expect(url).toMatch(/^https:\/\/idp\.example\/sso\?tenant=a%20b&SAMLRequest=/)
    const [before = '', signature = ''] = url.split('&Signature=')
    const signed = before.slice(before.indexOf('SAMLRequest='))
    expect(
      verify('sha256', Buffer.from(signed), publicKey, Buffer.from(decodeURIComponent(signature), 'base64')),
    ).toBe(true)
  })

  test('asks for names as the provider has them', async () => {
    const root = await read(
      await authnRequestUrl(request({ nameIdFormat: NAME_ID.emailAddress }), provider()),
    )
    expect(attributeOf(getChild(root, NS.protocol, 'NameIDPolicy'), 'Format')).toBe(NAME_ID.emailAddress)
  })
})
