/** What an identity provider says of itself: its name, where people sign in, and which keys it signs with. */
import { X509Certificate } from 'node:crypto'
import { CERTIFICATES_MAX, METADATA_BYTES_MAX, RSA_BITS_MIN } from './limits.ts'
import { BINDING, NS } from './names.ts'
import { assertSaml } from './refused.ts'
import {
  attributeOf,
  childrenOf,
  elementsFrom,
  isNamed,
  parseDescription,
  timeOf,
  type XmlElement,
} from './xml.ts'

export type IdpMetadata = {
  entityId: string
  /** Of the redirect binding. */
  signInUrl: string
  /** PEM. When they run out says the metadata, not they (SAML V2.0 Metadata Interoperability Profile). */
  certificates: readonly string[]
  wantsSignedRequests: boolean
  validUntil: Date | null
  /** Milliseconds. */
  cacheMs: number | null
}

const ENTITY_ID_CHARACTERS_MAX = 1_024

/** @throws SamlRefused */
export async function parseMetadata(xml: string): Promise<IdpMetadata> {
  assertSaml(Buffer.byteLength(xml) <= METADATA_BYTES_MAX, 'it is too large')
  const root = await parseDescription(xml)
  const entities = [...elementsFrom(root)].filter((each) => isNamed(each, NS.metadata, 'EntityDescriptor'))
  const described = entities.filter((each) => childrenOf(each, NS.metadata, 'IDPSSODescriptor').length > 0)
  const [entity, ...others] = described
  assertSaml(entity, 'it describes no identity provider')
  assertSaml(others.length === 0, 'it describes more than one identity provider')
  const [descriptor, ...more] = childrenOf(entity, NS.metadata, 'IDPSSODescriptor')
  assertSaml(descriptor && more.length === 0, 'it describes its identity provider more than once')
  const entityId = attributeOf(entity, 'entityID')?.trim() ?? ''
  assertSaml(entityId !== '' && entityId.length <= ENTITY_ID_CHARACTERS_MAX, 'it has no entityID')
  return {
    entityId,
    signInUrl: signInUrlOf(descriptor),
    certificates: certificatesOf(descriptor),
    wantsSignedRequests: /^(?:true|1)$/.test(attributeOf(descriptor, 'WantAuthnRequestsSigned') ?? ''),
    validUntil: earliest([root, entity, descriptor].flatMap((each) => timeOf(each, 'validUntil') ?? [])),
    cacheMs: durationOf(attributeOf(entity, 'cacheDuration') ?? attributeOf(root, 'cacheDuration')),
  }
}

const earliest = (times: readonly Date[]): Date | null =>
  times.toSorted((one, other) => one.getTime() - other.getTime())[0] ?? null

function signInUrlOf(descriptor: XmlElement): string {
  const location = childrenOf(descriptor, NS.metadata, 'SingleSignOnService')
    .filter((service) => attributeOf(service, 'Binding') === BINDING.redirect)
    .map((service) => attributeOf(service, 'Location')?.trim())[0]
  assertSaml(location, 'it has no SingleSignOnService with the binding HTTP-Redirect')
  const url = URL.parse(location)
  // People are sent there: nothing that would run, nor a name and a password.
  const isWeb = url && /^https?:$/.test(url.protocol) && url.username === '' && url.password === ''
  assertSaml(isWeb, 'its SingleSignOnService is no URL of http(s)')
  url.hash = ''
  return url.href
}

/** What cannot be used is left out: there may be others of other kinds beside it. */
function certificatesOf(descriptor: XmlElement): string[] {
  const keys = childrenOf(descriptor, NS.metadata, 'KeyDescriptor').filter(
    (key) => (attributeOf(key, 'use') ?? 'signing') === 'signing',
  )
  const texts = keys
    .flatMap((key) => [...elementsFrom(key)])
    .filter((each) => isNamed(each, NS.signature, 'X509Certificate'))
    .map((each) => (each.textContent ?? '').replaceAll(/\s/g, ''))
  const usable = [...new Set(texts)].flatMap((text) => readCertificate(text) ?? [])
  assertSaml(usable.length > 0, `it has no certificate with RSA of ${RSA_BITS_MIN} bits or more to sign with`)
  assertSaml(usable.length <= CERTIFICATES_MAX, 'it has too many certificates')
  return usable
}

/** @returns PEM. */
function readCertificate(base64: string): string | undefined {
  try {
    const certificate = new X509Certificate(Buffer.from(base64, 'base64'))
    const { asymmetricKeyType, asymmetricKeyDetails } = certificate.publicKey
    const isStrong = asymmetricKeyType === 'rsa' && (asymmetricKeyDetails?.modulusLength ?? 0) >= RSA_BITS_MIN
    return isStrong ? certificate.toString() : undefined
  } catch {
    return undefined
  }
}

const DURATION = /^P(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)(?:\.\d+)?S)?)?$/

/** Years and months are no length of time; nobody caches metadata for so long. */
function durationOf(text: string | undefined): number | null {
  const found = text === undefined ? null : DURATION.exec(text)
  if (!found) return null
  const [days, hours, minutes, seconds] = found.slice(1).map((part) => Number(part ?? 0))
  return ((((days ?? 0) * 24 + (hours ?? 0)) * 60 + (minutes ?? 0)) * 60 + (seconds ?? 0)) * 1000
}
