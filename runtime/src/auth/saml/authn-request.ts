/** A request to sign somebody in, as the URL they are sent to (SAML bindings, 3.4). */
import { sign } from 'node:crypto'
import { promisify } from 'node:util'
import { deflateRaw } from 'node:zlib'
import { BINDING, NAME_ID, NS, RSA_SHA256 } from './names.ts'
import type { ServiceProvider } from './service-provider.ts'
import { escapeXml } from './xml.ts'

export type AuthnRequest = {
  id: string
  at: Date
  /** Comes back with the answer. */
  relayState: string
  signInUrl: string
  nameIdFormat: string | null
}

export async function authnRequestUrl(request: AuthnRequest, provider: ServiceProvider): Promise<string> {
  const packed = await promisify(deflateRaw)(Buffer.from(requestXml(request, provider)))
  const query = new URLSearchParams({
    SAMLRequest: packed.toString('base64'),
    RelayState: request.relayState,
    ...(provider.key ? { SigAlg: RSA_SHA256 } : {}),
  })
  // What is signed is the query as it is sent, to the letter.
  const signature = provider.key ? sign('sha256', Buffer.from(query.toString()), provider.key) : undefined
  if (signature) query.append('Signature', signature.toString('base64'))
  const separator = request.signInUrl.includes('?') ? '&' : '?'
  return `${request.signInUrl}${separator}${query}`
}

function requestXml({ id, at, signInUrl, nameIdFormat }: AuthnRequest, provider: ServiceProvider): string {
  return [
    `<samlp:AuthnRequest xmlns:samlp="${NS.protocol}" xmlns:saml="${NS.assertion}" ID="${id}" Version="2.0"`,
    ` IssueInstant="${at.toISOString()}" Destination="${escapeXml(signInUrl)}" ProtocolBinding="${BINDING.post}"`,
    ` AssertionConsumerServiceURL="${escapeXml(provider.acsUrl)}">`,
    `<saml:Issuer>${escapeXml(provider.entityId)}</saml:Issuer>`,
    `<samlp:NameIDPolicy AllowCreate="true" Format="${escapeXml(nameIdFormat ?? NAME_ID.persistent)}"/>`,
    '</samlp:AuthnRequest>',
  ].join('')
}
