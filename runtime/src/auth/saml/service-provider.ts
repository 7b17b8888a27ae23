/** The project as SAML sees it: a service provider, with a name, a place where answers are posted to, and maybe a key. */
import type { KeyObject } from 'node:crypto'
import { readSamlKey, type SamlSettings } from '@cascata/shared/auth/saml'
import { certificateOf } from './certificate.ts'
import { BINDING, NAME_ID, NS } from './names.ts'
import { escapeXml } from './xml.ts'

export type ServiceProvider = {
  /** By which identity providers know it: where its metadata is, too. */
  entityId: string
  /** Assertion consumer service. */
  acsUrl: string
  /** Signs requests; without one they go unsigned. */
  key: KeyObject | null
}

export function serviceProviderOf(settings: SamlSettings, authUrl: string): ServiceProvider {
  const key = settings.privateKey === null ? null : (readSamlKey(settings.privateKey) ?? null)
  const base = `${(settings.externalUrl ?? authUrl).replace(/\/+$/, '')}/sso/saml`
  return { entityId: `${base}/metadata`, acsUrl: `${base}/acs`, key }
}

/** @param validUntil for a copy that is handed to somebody. */
export function describe({ entityId, acsUrl, key }: ServiceProvider, validUntil?: Date): string {
  const end = validUntil ? ` validUntil="${validUntil.toISOString()}"` : ''
  const formats = [NAME_ID.persistent, NAME_ID.emailAddress].map(
    (format) => `<md:NameIDFormat>${format}</md:NameIDFormat>`,
  )
  return [
    `<?xml version="1.0" encoding="UTF-8"?>\n<md:EntityDescriptor xmlns:md="${NS.metadata}" entityID="${escapeXml(entityId)}"${end}>`,
    `<md:SPSSODescriptor protocolSupportEnumeration="${NS.protocol}" AuthnRequestsSigned="${key !== null}" WantAssertionsSigned="true">`,
    ...(key ? [keyDescriptor(key)] : []),
    ...formats,
    `<md:AssertionConsumerService Binding="${BINDING.post}" Location="${escapeXml(acsUrl)}" index="1" isDefault="true"/>`,
    '</md:SPSSODescriptor></md:EntityDescriptor>',
  ].join('')
}

const keyDescriptor = (key: KeyObject): string =>
  `<md:KeyDescriptor use="signing"><ds:KeyInfo xmlns:ds="${NS.signature}"><ds:X509Data><ds:X509Certificate>` +
  `${certificateOf(key).toString('base64')}</ds:X509Certificate></ds:X509Data></ds:KeyInfo></md:KeyDescriptor>`
