/** For tests: responses as an identity provider makes them, each part of which can be made wrong, and then signed. */
import { generateKeyPairSync, X509Certificate } from 'node:crypto'
import { SignedXml } from 'xml-crypto'
import { certificateOf } from './certificate.ts'
import { BEARER, ENVELOPED, EXCLUSIVE_C14N, NAME_ID, NS, RSA_SHA256, SHA256, SUCCESS } from './names.ts'
import { escapeXml } from './xml.ts'

/** PEM. */
export type IdpKey = { key: string; certificate: string }

export function makeIdpKey(modulusLength = 2_048): IdpKey {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength })
  const certificate = new X509Certificate(certificateOf(privateKey)).toString()
  return { key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(), certificate }
}

/** What is null is left out. */
export type Crafted = {
  responseId?: string
  assertionId?: string
  issuer: string
  responseIssuer?: string | null
  audience: string | null
  recipient: string | null
  destination?: string | null
  inResponseTo: string | null
  responseInResponseTo?: string | null
  at: Date
  notBefore?: Date
  notOnOrAfter?: Date | null
  confirmedUntil?: Date | null
  sessionNotOnOrAfter?: Date | null
  status?: string
  nameId: string | null
  nameIdFormat?: string
  attributes?: Readonly<Record<string, string | readonly string[]>>
  /** As they stand. */
  moreConditions?: string
  moreConfirmation?: string
}

const attribute = (name: string, value: string | Date | null | undefined): string =>
  value === null || value === undefined
    ? ''
    : ` ${name}="${escapeXml(value instanceof Date ? value.toISOString() : value)}"`

const later = (at: Date, seconds: number): Date => new Date(at.getTime() + seconds * 1000)

export function craftResponse(crafted: Crafted): string {
  const { issuer, responseIssuer = issuer, recipient, destination = recipient, at } = crafted
  const { inResponseTo, responseInResponseTo = inResponseTo, status = SUCCESS } = crafted
  const own = responseIssuer === null ? '' : `<saml:Issuer>${escapeXml(responseIssuer)}</saml:Issuer>`
  return [
    `<samlp:Response xmlns:samlp="${NS.protocol}" xmlns:saml="${NS.assertion}" ID="${crafted.responseId ?? '_response'}"`,
    ` Version="2.0"${attribute('IssueInstant', at)}${attribute('Destination', destination)}`,
    `${attribute('InResponseTo', responseInResponseTo)}>${own}`,
    `<samlp:Status><samlp:StatusCode${attribute('Value', status)}/></samlp:Status>${craftAssertion(crafted)}</samlp:Response>`,
  ].join('')
}

export function craftAssertion(crafted: Crafted): string {
  const { at, notBefore = later(at, -60), notOnOrAfter = later(at, 300), audience } = crafted
  const restriction = audience === null ? '' : `<saml:Audience>${escapeXml(audience)}</saml:Audience>`
  return [
    `<saml:Assertion xmlns:saml="${NS.assertion}" ID="${crafted.assertionId ?? '_assertion'}" Version="2.0"`,
    `${attribute('IssueInstant', at)}><saml:Issuer>${escapeXml(crafted.issuer)}</saml:Issuer>${craftSubject(crafted)}`,
    `<saml:Conditions${attribute('NotBefore', notBefore)}${attribute('NotOnOrAfter', notOnOrAfter)}>`,
    restriction && `<saml:AudienceRestriction>${restriction}</saml:AudienceRestriction>`,
    `${crafted.moreConditions ?? ''}</saml:Conditions>`,
    `<saml:AuthnStatement${attribute('AuthnInstant', at)}${attribute('SessionNotOnOrAfter', crafted.sessionNotOnOrAfter)}>`,
    '<saml:AuthnContext><saml:AuthnContextClassRef>urn:oasis:names:tc:SAML:2.0:ac:classes:Password</saml:AuthnContextClassRef>',
    `</saml:AuthnContext></saml:AuthnStatement>${craftAttributes(crafted.attributes ?? {})}</saml:Assertion>`,
  ].join('')
}

function craftSubject(crafted: Crafted): string {
  const { nameId, nameIdFormat = NAME_ID.persistent, at, confirmedUntil = later(at, 300) } = crafted
  const named =
    nameId === null ? '' : `<saml:NameID Format="${nameIdFormat}">${escapeXml(nameId)}</saml:NameID>`
  const given = [
    attribute('InResponseTo', crafted.inResponseTo),
    attribute('NotOnOrAfter', confirmedUntil),
    attribute('Recipient', crafted.recipient),
  ].join('')
  const confirmation = `<saml:SubjectConfirmation Method="${BEARER}"><saml:SubjectConfirmationData${given}/></saml:SubjectConfirmation>`
  return `<saml:Subject>${named}${confirmation}${crafted.moreConfirmation ?? ''}</saml:Subject>`
}

function craftAttributes(attributes: NonNullable<Crafted['attributes']>): string {
  const each = Object.entries(attributes).map(([name, value]) => {
    const values = [value].flat().map((one) => `<saml:AttributeValue>${escapeXml(one)}</saml:AttributeValue>`)
    return `<saml:Attribute Name="${escapeXml(name)}">${values.join('')}</saml:Attribute>`
  })
  return each.length === 0 ? '' : `<saml:AttributeStatement>${each.join('')}</saml:AttributeStatement>`
}

export type Signing = {
  element?: 'Assertion' | 'Response'
  signatureAlgorithm?: string
  digestAlgorithm?: string
  canonicalizationAlgorithm?: string
  transforms?: readonly string[]
  /** `InclusiveNamespaces` of the transform. */
  inclusive?: readonly string[]
  /** `ds` */
  prefix?: string
}

/** Its signature comes after the Issuer, where SAML's schema has it. */
export function signResponse(xml: string, { key, certificate }: IdpKey, signing: Signing = {}): string {
  const { element = 'Assertion', signatureAlgorithm = RSA_SHA256, digestAlgorithm = SHA256 } = signing
  const { canonicalizationAlgorithm = EXCLUSIVE_C14N, transforms = [ENVELOPED, EXCLUSIVE_C14N] } = signing
  const { inclusive = [], prefix = '' } = signing
  const algorithms = { signatureAlgorithm, canonicalizationAlgorithm } as never
  const signer = new SignedXml({ privateKey: key, publicCert: certificate, ...(algorithms as object) })
  const xpath = `//*[local-name(.)='${element}']`
  signer.addReference({
    xpath,
    transforms: [...transforms],
    digestAlgorithm,
    inclusiveNamespacesPrefixList: [...inclusive],
  } as never)
  const reference = `${xpath}/*[local-name(.)='Issuer']`
  signer.computeSignature(xml, { prefix, location: { reference, action: 'after' } })
  return signer.getSignedXml()
}

/** An identity provider's own, for the key and the place given. */
export function craftMetadata(of: {
  entityId: string
  signInUrl: string
  certificates: readonly string[]
  more?: string
  descriptor?: string
}): string {
  const keys = of.certificates.map((certificate) => {
    const der = new X509Certificate(certificate).raw.toString('base64')
    return `<md:KeyDescriptor use="signing"><ds:KeyInfo xmlns:ds="${NS.signature}"><ds:X509Data><ds:X509Certificate>${der}</ds:X509Certificate></ds:X509Data></ds:KeyInfo></md:KeyDescriptor>`
  })
  return [
    `<md:EntityDescriptor xmlns:md="${NS.metadata}" entityID="${escapeXml(of.entityId)}"${of.more ?? ''}>`,
    `<md:IDPSSODescriptor protocolSupportEnumeration="${NS.protocol}"${of.descriptor ?? ''}>${keys.join('')}`,
    `<md:SingleSignOnService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect" Location="${escapeXml(of.signInUrl)}"/>`,
    '</md:IDPSSODescriptor></md:EntityDescriptor>',
  ].join('')
}
